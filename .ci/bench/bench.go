package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// bench is the folder of one scenario and the daemon that runs in it.
type bench struct {
	bin    string
	dir    string
	daemon *daemon
	count  int // daemons that were started
}

func newBench(bin string) (*bench, error) {
	// A short name: a socket's path lies below it.
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return nil, err
	}
	return &bench{bin: bin, dir: dir}, nil
}

func (b *bench) path(name ...string) string {
	return filepath.Join(append([]string{b.dir}, name...)...)
}

// startDaemon starts a daemon with an empty state in place of the one before.
func (b *bench) startDaemon(ctx context.Context) error {
	if err := b.stopDaemon(); err != nil {
		return err
	}
	d, err := startDaemon(ctx, filepath.Join(b.bin, "buildkitd"), b.path(fmt.Sprintf("daemon%d", b.count)), b.path("bk.sock"))
	if err != nil {
		return err
	}
	b.daemon = d
	b.count++
	if b.count > 1 {
		return nil
	}
	_, err = b.command(ctx, "buildx", "create", "--name", "bench", "--driver", "remote", b.daemon.address)
	return err
}

func (b *bench) stopDaemon() error {
	if b.daemon == nil {
		return nil
	}
	err := b.daemon.stop()
	b.daemon = nil
	return err
}

func (b *bench) close() error {
	return errors.Join(b.stopDaemon(), os.RemoveAll(b.dir))
}

// layercause builds the context as a user does: with a history, all reports and
// the default of everything else.
func (b *bench) layercause(ctx context.Context) (time.Duration, error) {
	d, err := b.command(ctx, "layercause", "build", "--builder", b.daemon.address, "--progress", "plain",
		"--report-dir", b.path("report"), b.path("context"))
	if err != nil {
		return 0, err
	}
	// What is not done cannot be slow.
	for _, name := range []string{"record.json.zst", "report.json", "comment.md", "summary.md", "report.html", "trace.json"} {
		if _, err := os.Stat(b.path("report", name)); err != nil {
			return 0, err
		}
	}
	return d, os.RemoveAll(b.path("report"))
}

func (b *bench) buildx(ctx context.Context) (time.Duration, error) {
	return b.command(ctx, "buildx", "build", "--builder", "bench", "--progress", "plain", b.path("context"))
}

// command runs one of the programs and returns its wall time.
func (b *bench) command(ctx context.Context, name string, args ...string) (time.Duration, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(b.bin, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.path("home"),
		"BUILDX_CONFIG=" + b.path("buildx"), "DOCKER_CONFIG=" + b.path("docker"),
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	d := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s %v: %w\n%s", name, args, err, out.Bytes())
	}
	return d, nil
}
