package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// A build that is interrupted ends soon, with exit code 1, and leaves nothing
// behind: no daemon of its own, no half-written file.
func TestInterrupt(t *testing.T) {
	layout := filepath.Join(t.TempDir(), "base")
	buildkittest.BaseImage(t, layout, buildkittest.Image{})
	daemon := buildkittest.Start(t, buildkittest.Options{})
	for name, env := range map[string][]string{
		"a daemon that runs": {"BUILDKIT_HOST=" + daemon.Address},
		"a daemon of its own": {
			"BUILDKIT_HOST=", "BUILDX_BUILDER=", "DOCKER_HOST=unix:///nowhere/docker.sock",
			"PATH=" + filepath.Dir(buildkittest.Binary(t, "buildkitd")) + ":" + os.Getenv("PATH"),
		},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(fmt.Sprint(name, " ", sig), func(t *testing.T) {
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM base\nRUN echo started-$((6*7)) && sleep 100\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				program, err := exec.LookPath("layercause")
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(program, "build", "--progress", "plain", "--build-context", "base=oci-layout://"+layout, ".")
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), append(env, "HOME="+dir, "XDG_CACHE_HOME="+filepath.Join(dir, "cache"))...)
				children, output, took := interrupt(t, cmd, sig)

				if code := cmd.ProcessState.ExitCode(); code != 1 {
					t.Errorf("exit code %d, want 1", code)
				}
				if !strings.Contains(output, "\nerror: the build was cancelled\n") || crash.MatchString(output) {
					t.Errorf("the output does not say that the build was cancelled:\n%s", output)
				}
				if took > 8*time.Second {
					t.Errorf("it took %s to end", took)
				}
				if len(children) == 0 && strings.Contains(name, "own") {
					t.Error("no daemon was started, so that nothing was tested")
				}
				for _, pid := range children {
					if state, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline")); err == nil {
						t.Errorf("process %s is still there: %q", pid, state)
					}
				}
				filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
					if e.Name() == "buildkit" && e.IsDir() {
						return filepath.SkipDir // the daemon's own state stays
					}
					if err == nil && strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
						t.Errorf("%s was left behind", path)
					}
					return err
				})
			})
		}
	}
}

// interrupt starts a build, sends it a signal once its RUN has begun, and waits
// for its end. Children are the processes that it had.
func interrupt(t *testing.T, cmd *exec.Cmd, sig syscall.Signal) (children []string, output string, took time.Duration) {
	t.Helper()
	pr, pw := io.Pipe()
	var all bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, io.MultiWriter(&all, pw)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started, read := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(read)
		seen := false
		for s := bufio.NewScanner(pr); s.Scan(); {
			if !seen && strings.Contains(s.Text(), "started-42") {
				seen = true
				close(started)
			}
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); pw.Close() }()
	select {
	case <-started:
	case err := <-ended:
		<-read
		t.Fatalf("the build ended too early: %v\n%s", err, all.String())
	case <-time.After(60 * time.Second):
		cmd.Process.Kill()
		<-ended
		t.Fatalf("the build did not begin:\n%s", all.String())
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", cmd.Process.Pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("the kernel does not tell the children of a process: %v", err)
	}
	for _, task := range tasks {
		if list, err := os.ReadFile(task); err == nil { // a thread may be gone by now
			children = append(children, strings.Fields(string(list))...)
		}
	}
	begin := time.Now()
	if err := cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		cmd.Process.Kill()
		<-ended
		t.Fatal("the build did not end")
	}
	<-read
	return children, all.String(), time.Since(begin)
}
