// Command ledger measures how right the ledger's predictions are. It builds small
// repositories of different shapes on a real daemon, edits them and builds again,
// and then really builds what the report of that build predicts: the same without
// any cache, and the same without one of the causes.
//
// A prediction is a wall time, and so is what it is compared with: both are
// layercause's own. "Without any cache" is a build that ignores all results, and
// neither imports nor exports a cache, on a builder in the state in which the
// predicting build found it. "Without a cause" is the build with that edit taken
// back, and the other edits made anew, so that they miss again. The error is the
// difference as a share of the measured time.
//
// It needs bin/layercause and bin/buildkitd, and root. The registry is its own, at
// the end of a line whose bandwidth it sets. It fails if the errors are larger than
// they may be; that says something on a machine alone that does nothing else.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

type options struct {
	only, bin, keep, json string
	tries                 int
	verbose               bool
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "run only these cases, by name: chain,wide-sleep")
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs")
	flag.StringVar(&o.keep, "keep", "", "keep the cases' trees, histories and reports in this folder")
	flag.StringVar(&o.json, "json", "", "write all figures to this file")
	flag.IntVar(&o.tries, "tries", 3, "how often a case is built while other programs use the machine; the quietest one counts")
	flag.BoolVar(&o.verbose, "v", false, "say how long each case takes")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	good, err := measure(ctx, os.Stdout, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
	}
	if err != nil || !good {
		stop()
		os.Exit(1)
	}
}

func measure(ctx context.Context, out io.Writer, o options) (ok bool, err error) {
	chosen, err := choose(cases(), o.only)
	if err != nil {
		return false, err
	}
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return false, err
	}
	if err := describe(ctx, out, bin); err != nil {
		return false, err
	}
	r := buildkittest.NewRun(ctx)
	defer r.End(&err)
	h, err := newHost(r)
	if err != nil {
		return false, err
	}
	start := time.Now()
	var points []point
	failed := 0
	writeHead(out)
	for _, t := range chosen {
		got, err := t.inQuiet(ctx, h, bin, o)
		for _, p := range got {
			p.writeRow(out)
		}
		points = append(points, got...)
		if err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "%s: %v\n  again: go run ./.ci/ledger -only %s\n", t.name, err, t.name)
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	fmt.Fprintln(out)
	writeSummary(out, points)
	fmt.Fprintf(out, "\n%d cases in %s; in %d of them other programs kept more than %.2f processors busy\n",
		len(chosen), time.Since(start).Round(time.Second), disturbed(points), quiet)
	if o.json != "" {
		data, err := json.MarshalIndent(points, "", "  ")
		if err != nil {
			return false, err
		}
		if err := os.WriteFile(o.json, append(data, '\n'), 0o644); err != nil {
			return false, err
		}
	}
	if failed > 0 {
		return false, fmt.Errorf("%d cases did not do what they say", failed)
	}
	return good(points), nil
}

func choose(all []*trial, only string) ([]*trial, error) {
	if only == "" {
		return all, nil
	}
	var out []*trial
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(t *trial) bool { return t.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no case %q", name)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// quiet is how many processors other programs may keep busy.
const quiet = 0.2

// inQuiet runs a case again if others used the machine, and takes the figures of the
// time when they did least. What the errors are plays no part in that.
func (t *trial) inQuiet(ctx context.Context, h *host, bin string, o options) (best []point, err error) {
	for range o.tries {
		start := time.Now()
		got, err := t.inFolder(ctx, h, bin, o.keep)
		if err != nil {
			return nil, err
		}
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%s: %s, others kept %.2f processors busy\n", t.name, time.Since(start).Round(100*time.Millisecond), got[0].Others)
		}
		if best == nil || got[0].Others < best[0].Others {
			best = got
		}
		if best[0].Others <= quiet {
			break
		}
	}
	return best, nil
}

// disturbed counts the cases that had no quiet time.
func disturbed(points []point) int {
	names := map[string]bool{}
	for _, p := range points {
		if p.Others > quiet {
			names[p.Case] = true
		}
	}
	return len(names)
}

// inFolder runs a case in a folder of its own.
func (t *trial) inFolder(ctx context.Context, h *host, bin, keep string) ([]point, error) {
	if keep != "" {
		dir, err := filepath.Abs(filepath.Join(keep, t.name))
		if err != nil {
			return nil, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		return t.run(ctx, h, bin, dir)
	}
	dir, err := os.MkdirTemp("", "ledger-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return t.run(ctx, h, bin, dir)
}

// describe prints what the figures depend on.
func describe(ctx context.Context, w io.Writer, bin string) error {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	version, err := exec.CommandContext(ctx, filepath.Join(bin, "buildkitd"), "--version").Output()
	if err != nil {
		return fmt.Errorf("asking bin/buildkitd for its version: %w (run make build buildkitd)", err)
	}
	fmt.Fprintf(w, "%d cores (%s/%s), load %s, %s, %s\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH,
		strings.Join(strings.Fields(string(load))[:3], " "), runtime.Version(), strings.TrimSpace(string(version)))
	return nil
}
