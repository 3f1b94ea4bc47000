// Command replay measures how right the replay of commits is. It makes a repository
// with the edits that a service sees, builds every commit in order on a real daemon,
// and compares the steps that ran with those that the replay says, and the time with
// what these steps took before.
//
// It does so with the daemon's own cache, which keeps everything, and with a cache in
// a registry that each build writes anew, mode=max and mode=min, on a daemon that has
// nothing else. What only reads the output of a stage that ran again may hit, if that
// made the same; the replay says so of each such step, and they are right either way.
//
// It needs bin/layercause and bin/buildkitd, git, and root. It fails if a step that is
// no such one is wrong, or the seconds are off.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/replay"
)

// mode is one cache that the commits are built with.
type mode struct {
	name   string
	memory replay.Memory
	export string // the mode of a cache in a registry; empty is the daemon's own
}

var modes = []mode{
	{"the builder's own", replay.Everything, ""},
	{"registry, mode=max", replay.LastBuild, "max"},
	{"registry, mode=min", replay.LastImage, "min"},
}

type options struct {
	bin, only  string
	limit, few int
	scale      float64
	random     int
	seed       uint64
	seconds    bool
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "folder of the programs")
	flag.StringVar(&o.only, "only", "", "only the cache with this in its name")
	flag.IntVar(&o.limit, "commits", 0, "build only so many commits; 0 is all")
	flag.IntVar(&o.few, "registry-commits", 0, "build only so many commits with a cache in a registry; 0 is all")
	flag.Float64Var(&o.scale, "scale", 2, "how long the steps take; 1 is some tenths of a second each")
	flag.IntVar(&o.random, "random", 4, "how many random histories are built besides, with each cache")
	flag.Uint64Var(&o.seed, "seed", 1, "the first of the random histories")
	flag.BoolVar(&o.seconds, "seconds", true, "fail if the seconds are off; that says something on a machine that does nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	good, err := check(ctx, os.Stdout, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "replay:", err)
	}
	if err != nil || !good {
		stop()
		os.Exit(1)
	}
}

func check(ctx context.Context, out io.Writer, o options) (good bool, err error) {
	bin, err := filepath.Abs(o.bin)
	if err != nil {
		return false, err
	}
	run := buildkittest.NewRun(ctx)
	defer run.End(&err)
	registry := buildkittest.Registry(run)
	buildkittest.PushImage(run, registry+"/base", buildkittest.Image{
		// The replay does not know what an image has; it only takes it to stay the same.
		Env: []string{"LANG=C", "HOME=/root"},
		Commands: map[string][]byte{
			"nap": fmt.Appendf(nil, "#!/bin/sh\nsleep $(awk \"BEGIN { print $1 * %g }\")\n", o.scale),
		},
	})
	good = true
	for _, m := range modes {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		steps := history
		for _, limit := range []int{o.limit, o.few} {
			if limit > 0 && limit < len(steps) && (limit == o.limit || m.export != "") {
				steps = steps[:limit]
			}
		}
		start := time.Now()
		rows, err := buildAll(ctx, run, m, registry, bin, steps)
		if err != nil {
			return false, fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(out, "%s: %d commits in %s\n\n", m.name, len(rows), time.Since(start).Round(time.Second))
		writeTable(out, rows)
		if !judge(out, rows, o.seconds && m.export == "") {
			good = false
		}
		for i := range o.random {
			seed := o.seed + uint64(i)
			rows, err := buildAll(ctx, run, m, registry, bin, randomHistory(seed, randomCommits))
			if err != nil {
				return false, fmt.Errorf("%s, random history %d: %w", m.name, seed, err)
			}
			fmt.Fprintf(out, "random history %d, again with -seed %d -random 1:\n", seed, seed)
			if !judge(out, rows, false) {
				good = false
			}
		}
	}
	return good, nil
}

// randomCommits is how many commits a random history has.
const randomCommits = 12
