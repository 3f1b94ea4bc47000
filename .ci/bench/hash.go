package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/layercause/layercause/internal/buildcontext"
)

// hashTarget is what hashing a context may take, as a multiple of sha256sum's time
// over the same files on two cores.
const hashTarget = 1.3

// hashTree hashes a build context as a first build does, without an index of what
// was hashed before.
func hashTree(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("hash takes a folder")
	}
	t, err := buildcontext.Open(args[0], nil)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	close(done) // no daemon reads along
	s, err := t.Snapshot(ctx, buildcontext.Filter{}, done)
	if err != nil {
		return err
	}
	_, err = s.Checksum(ctx, nil)
	return err
}

// compareHashing measures our hashing against sha256sum.
func compareHashing(ctx context.Context, files, runs int) (ok bool, err error) {
	b, err := newBench("")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.largeContext(files); err != nil {
		return false, err
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	timed := func(name string, args ...string) func(context.Context) (time.Duration, error) {
		return func(ctx context.Context) (time.Duration, error) {
			cmd := exec.CommandContext(ctx, name, args...)
			cmd.Dir = b.path("context")
			cmd.Stderr = os.Stderr
			start := time.Now()
			err := cmd.Run()
			return time.Since(start), err
		}
	}
	ours := &tool{"layercause", timed(self, "hash", "."), nil}
	theirs := &tool{"sha256sum", timed("sh", "-c", "find . -type f -print0 | xargs -0 -P2 -n1000 sha256sum"), nil}
	for i := range runs + 1 { // the first is for the page cache
		for _, t := range []*tool{ours, theirs} {
			d, err := t.build(ctx)
			if err != nil {
				return false, fmt.Errorf("hashing with %s: %w", t.name, err)
			}
			if i > 0 {
				t.times = append(t.times, d)
			}
		}
	}
	return compared(fmt.Sprintf("hashing %d files", files), ours, theirs, hashTarget), nil
}
