// Command accuracy measures how often layercause's causes are right. It takes
// shapes of Dockerfiles, applies one or two known mutations to each, builds before
// and after on a real daemon, and compares the report with what the mutations say
// that it must be.
//
// It needs bin/layercause and bin/buildkitd, and root. Everything follows from
// -seed; -only runs a single case again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

type options struct {
	cases, only, parallel int
	seed                  uint64
	shapes, bin, keep     string
}

func main() {
	var o options
	flag.IntVar(&o.cases, "cases", 520, "how many cases")
	flag.Uint64Var(&o.seed, "seed", 0, "what all random choices follow from (default by the clock)")
	flag.IntVar(&o.only, "only", -1, "run this case alone")
	flag.IntVar(&o.parallel, "parallel", 4, "cases at a time")
	flag.StringVar(&o.shapes, "shapes", "testdata/shapes", "folder of the shapes")
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs")
	flag.StringVar(&o.keep, "keep", "", "keep the trees and reports of cases that are not right in this folder")
	flag.Parse()
	if o.seed == 0 {
		o.seed = uint64(time.Now().Unix())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	good, err := measure(ctx, os.Stdout, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
	}
	if err != nil || !good {
		stop()
		os.Exit(1)
	}
}

func measure(ctx context.Context, out io.Writer, o options) (good bool, err error) {
	shapes, err := readShapes(o.shapes)
	if err != nil {
		return false, err
	}
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return false, err
	}
	r := buildkittest.NewRun(ctx)
	defer r.End(&err)
	fmt.Fprintf(out, "seed %d, %d shapes\n", o.seed, len(shapes))
	h, err := newHost(r)
	if err != nil {
		return false, err
	}
	numbers := []int{o.only}
	if o.only < 0 {
		numbers = nil
		for i := range o.cases {
			numbers = append(numbers, i)
		}
	}
	start := time.Now()
	trials, err := runAll(ctx, out, h, bin, shapes, numbers, o)
	s := summarize(trials)
	s.write(out)
	fmt.Fprintf(out, "\n%d cases of %d shapes with seed %d in %s, on %d cores (%s/%s)\n",
		s.cases, len(shapes), o.seed, time.Since(start).Round(time.Second), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	return s.good(), err
}

// runAll runs the cases, some at a time, and says at once what is not right.
func runAll(ctx context.Context, out io.Writer, h *host, bin string, shapes []*shape, numbers []int, o options) ([]*trial, error) {
	all := mutations()
	trials := make([]*trial, len(numbers))
	errs := make([]error, len(numbers))
	next := make(chan int)
	var wg sync.WaitGroup
	var printing sync.Mutex
	for range o.parallel {
		wg.Go(func() {
			for i := range next {
				t := newTrial(shapes, all, o.seed, numbers[i])
				if err := t.inFolder(ctx, h, bin, o); err != nil {
					errs[i] = fmt.Errorf("%s: %w", t, err)
					continue
				}
				trials[i] = t
				printing.Lock()
				t.explain(out, o)
				printing.Unlock()
			}
		})
	}
	for i := range numbers {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	trials = slices.DeleteFunc(trials, func(t *trial) bool { return t == nil })
	return trials, errors.Join(append(errs, ctx.Err())...)
}

// inFolder runs a case in a folder of its own.
func (t *trial) inFolder(ctx context.Context, h *host, bin string, o options) error {
	dir, err := os.MkdirTemp("", "accuracy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := t.run(ctx, h, bin, dir); err != nil {
		return err
	}
	if o.keep == "" || t.judgement.overall == right && len(t.doubts) == 0 {
		return nil
	}
	return os.CopyFS(filepath.Join(o.keep, fmt.Sprintf("%d-%d", o.seed, t.number)), os.DirFS(dir))
}

// explain prints a case that is not right, with how to run it again.
func (t *trial) explain(out io.Writer, o options) {
	if t.judgement.overall == right && len(t.doubts) == 0 {
		return
	}
	label := string(t.judgement.overall)
	if len(t.doubts) > 0 {
		label = "the daemon contradicts the truth"
	}
	fmt.Fprintf(out, "\n%s: %s\n", label, t)
	if len(t.after.changes) > 0 {
		fmt.Fprintf(out, "  files: %s\n", names(t.after.changes))
	}
	for _, d := range t.judgement.differences {
		fmt.Fprintf(out, "  %s\n", d)
	}
	for _, d := range t.doubts {
		fmt.Fprintf(out, "  this step should have missed: %s\n", d)
	}
	for _, e := range t.want {
		fmt.Fprintf(out, "  want %s\n", e)
	}
	for _, c := range t.got {
		fmt.Fprintf(out, "  got  %s\n", text(c))
	}
	for n, l := range strings.Split(strings.TrimSuffix(t.after.doc.String(), "\n"), "\n") {
		fmt.Fprintf(out, "  %3d %s\n", n+1, l)
	}
	fmt.Fprintf(out, "  flags %s\n", strings.Join(t.after.command(func(s string) string { return s }), " "))
	fmt.Fprintf(out, "  again: go run ./.ci/accuracy -seed %d -only %d\n", o.seed, t.number)
}
