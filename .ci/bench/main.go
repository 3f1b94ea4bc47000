// Command bench measures layercause against docker buildx on the same daemon,
// context and cache, against a client that does nothing but build, and its hashing
// against sha256sum. It fails if layercause is slower than it may be.
//
// It needs bin/layercause, bin/buildx and bin/buildkitd, and root. All that it
// makes lies in one folder for temporary files, which it removes. With TMPDIR on
// a file system in memory it measures the programs rather than the disk, and
// takes a third of the time.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// scenario is one comparison: a build by each tool, again and again.
type scenario struct {
	name   string
	title  string
	target float64 // what layercause may take, as a multiple of buildx's time
	// plain is the same for the client that only builds; 0 is no target.
	plain float64
	runs  int
	// warm is how often each tool builds before the measurement.
	warm int
	// prepare makes the context and, if there is to be one for all builds, the
	// daemon.
	prepare func(ctx context.Context, b *bench) error
	// before makes the state that a single build finds; nil keeps what is there.
	before func(ctx context.Context, b *bench) error
}

func main() {
	small := flag.Int("small", 41, "measured builds of the small context, by each tool")
	large := flag.Int("large", 5, "measured builds of the large context, by each tool")
	files := flag.Int("files", 100_000, "files in the large context")
	bin := flag.String("bin", "bin", "folder of the programs")
	only := flag.String("only", "", "run only these scenarios: cached,unchanged,fresh,hash")
	flag.Parse()
	if part, ok := parts[flag.Arg(0)]; ok {
		if err := part(context.Background(), flag.Args()[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, *bin, *only, scenarios(*small, *large, *files))
	if err == nil && (*only == "" || slices.Contains(strings.Split(*only, ","), "hash")) {
		var good bool
		good, err = compareHashing(ctx, *files, *large)
		ok = ok && good
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if err != nil || !ok {
		stop()
		os.Exit(1)
	}
}

func scenarios(small, large, files int) []scenario {
	return []scenario{
		{
			// The history of a project in use is full, so it is filled here too.
			name: "cached", title: "12 steps, fully cached", target: 0.8, runs: small, warm: 52,
			prepare: func(ctx context.Context, b *bench) error {
				if err := b.startDaemon(ctx); err != nil {
					return err
				}
				return b.smallContext(ctx)
			},
		},
		{
			name: "unchanged", title: fmt.Sprintf("%d files, unchanged", files), target: 1.2, plain: 1.05, runs: large, warm: 2,
			prepare: func(ctx context.Context, b *bench) error {
				if err := b.startDaemon(ctx); err != nil {
					return err
				}
				return b.largeContext(files)
			},
		},
		{
			name: "fresh", title: fmt.Sprintf("%d files, fresh checkout, empty daemon", files), target: 1.1, plain: 1.05, runs: large, warm: 1,
			prepare: func(_ context.Context, b *bench) error { return b.largeContext(files) },
			before: func(ctx context.Context, b *bench) error {
				if err := b.startDaemon(ctx); err != nil {
					return err
				}
				return b.checkout()
			},
		},
	}
}

func run(ctx context.Context, bin, only string, all []scenario) (ok bool, err error) {
	bin, err = filepath.Abs(bin)
	if err != nil {
		return false, err
	}
	if err := describe(ctx, os.Stdout, bin); err != nil {
		return false, err
	}
	ok = true
	for _, s := range all {
		if only != "" && !slices.Contains(strings.Split(only, ","), s.name) {
			continue
		}
		good, err := s.run(ctx, bin)
		if err != nil {
			return false, fmt.Errorf("%s: %w", s.title, err)
		}
		ok = ok && good
	}
	return ok, nil
}

// run measures one scenario in a folder of its own. The tools take turns, so
// that what else the machine does hits both alike.
func (s scenario) run(ctx context.Context, bin string) (ok bool, err error) {
	b, err := newBench(bin)
	if err != nil {
		return false, err
	}
	defer func() {
		if cerr := b.close(); err == nil {
			err = cerr
		}
	}()
	if err := s.prepare(ctx, b); err != nil {
		return false, err
	}
	ours, theirs, plain := &tool{"layercause", b.layercause, nil}, &tool{"buildx", b.buildx, nil}, &tool{"plain", b.plain, nil}
	tools := []*tool{ours, theirs, plain}
	for i := range s.warm + s.runs {
		for _, t := range tools {
			if s.before != nil {
				if err := s.before(ctx, b); err != nil {
					return false, err
				}
			}
			d, err := t.build(ctx)
			if err != nil {
				return false, fmt.Errorf("building with %s: %w", t.name, err)
			}
			if i >= s.warm {
				t.times = append(t.times, d)
			}
		}
		tools = append(tools[1:], tools[0])
	}
	good := compared(s.title, ours, theirs, s.target)
	return compared(s.title, ours, plain, s.plain) && good, nil
}

// compared prints the ratio of two medians, which may be at most the target.
func compared(title string, ours, theirs *tool, target float64) bool {
	x, y := median(ours.times), median(theirs.times)
	ratio, verdict := x.Seconds()/y.Seconds(), "PASS"
	switch {
	case target == 0:
		verdict = ""
	case ratio > target:
		verdict = "FAIL"
	}
	may := "-"
	if target > 0 {
		may = fmt.Sprintf("%.2f", target)
	}
	fmt.Printf("%-46s %s %8s  %-9s %8s  ratio %.2f  target %4s  %4s  (medians of %d)\n",
		title, ours.name, round(x), theirs.name, round(y), ratio, may, verdict, len(ours.times))
	return verdict != "FAIL"
}

// tool is one of the programs and how long its builds took.
type tool struct {
	name  string
	build func(context.Context) (time.Duration, error)
	times []time.Duration
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	if n := len(d); n%2 == 0 {
		return (d[n/2-1] + d[n/2]) / 2
	}
	return d[len(d)/2]
}

func round(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Millisecond)
}
