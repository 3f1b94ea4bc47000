package builder_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// TestMain lets this test program stand for a build that is killed, and for one of
// another user: see TestChildEndsWhenItsParentIsKilled and TestWithoutRoot.
func TestMain(m *testing.M) {
	if state := os.Getenv("BUILDER_TEST_STATE"); state != "" {
		runAsParent(state)
		return
	}
	if dir := os.Getenv("BUILDER_TEST_USER"); dir != "" {
		runAsUser(dir)
		return
	}
	os.Exit(m.Run())
}

// noEngine keeps the tests of other builders away from the machine's engine.
const noEngine = "unix:///nothing/docker.sock"

// childOptions are those of a machine without Docker, with buildkitd beside the
// program.
func childOptions(t testing.TB, state, temp string) builder.Options {
	return builder.Options{
		Getenv:         env("TMPDIR", temp, "DOCKER_HOST", noEngine),
		LookPath:       lookPathWithout("buildkitd"),
		ExecutableDir:  filepath.Dir(buildkittest.Binary(t, "buildkitd")),
		StateDir:       state,
		BuildkitdFlags: []string{"--oci-worker-net=host"},
	}
}

func lookPathWithout(names ...string) func(string) (string, error) {
	return func(name string) (string, error) {
		for _, n := range names {
			if n == name {
				return "", exec.ErrNotFound
			}
		}
		return exec.LookPath(name)
	}
}

func TestChildStartsKeepsItsStateAndEnds(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	var first string
	for range 2 {
		b, err := builder.Connect(t.Context(), childOptions(t, state, sockets))
		if err != nil {
			t.Fatal(err)
		}
		if b.Driver != builder.DriverChild || b.Name != "buildkitd" {
			t.Errorf("driver %q, name %q", b.Driver, b.Name)
		}
		workers, err := b.Client.ListWorkers(t.Context())
		if err != nil || len(workers) != 1 {
			t.Fatalf("workers %v, %v", workers, err)
		}
		// The worker's ID is kept in the state folder.
		if first == "" {
			first = workers[0].ID
		} else if first != workers[0].ID {
			t.Errorf("the state was not kept: worker %s, then %s", first, workers[0].ID)
		}
		pids := processesWith(t, state)
		if len(pids) != 2 { // unshare and the daemon
			t.Errorf("processes %v, want two", pids)
		}
		if err := b.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if err := b.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
		wantGone(t, state, pids, 0)
		wantNoSockets(t, sockets)
	}
}

func TestTwoChildrenAtOnceDoNotShareTheirState(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	one, err := builder.Connect(t.Context(), childOptions(t, state, sockets))
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	var notices bytes.Buffer
	o := childOptions(t, state, sockets)
	o.Stderr = &notices
	two, err := builder.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if got := notices.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "another build") {
		t.Errorf("notices %q, want one that tells of the other build", got)
	}
	for _, b := range []*builder.Builder{one, two} {
		if _, err := b.Client.ListWorkers(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Error(err)
	}
	wantNoSockets(t, sockets)

	// The first place is free again, and so is taken again.
	notices.Reset()
	three, err := builder.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer three.Close()
	if notices.Len() > 0 {
		t.Errorf("notices %q, want none", notices.String())
	}
}

func TestChildEndsWithTheContext(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b, err := builder.Connect(ctx, childOptions(t, state, sockets))
	if err != nil {
		t.Fatal(err)
	}
	pids := processesWith(t, state)
	running, result := solveSleep(ctx, b.Client)
	<-running
	cancel()
	select {
	case err := <-result:
		if !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "cancel") {
			t.Errorf("the build ended with %v, want that it was cancelled", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the build did not end")
	}
	// Without Close: the end of the context is enough.
	wantGone(t, state, pids, 5*time.Second)
	if pids := processesWith(t, sleepMark); len(pids) > 0 {
		t.Errorf("the RUN step's processes %v are still there", pids)
	}
	if err := b.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
}

// TestChildEndsWithClose closes in the middle of a build, which the daemon may not
// have cancelled by the time that it ends.
func TestChildEndsWithClose(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	b, err := builder.Connect(t.Context(), childOptions(t, state, sockets))
	if err != nil {
		t.Fatal(err)
	}
	running, result := solveSleep(t.Context(), b.Client)
	<-running
	pids := append(processesWith(t, state+"/0/root"), processesWith(t, sleepMark)...)
	if len(pids) < 3 {
		t.Fatalf("processes %v, want unshare, the daemon and its RUN step", pids)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; err == nil {
		t.Error("the build did not fail")
	}
	wantGone(t, state, pids[:2], 0)
	for _, pid := range pids {
		waitOrphan(t, pid)
	}
	wantNoSockets(t, sockets)
}

// TestChildWithoutNamespaces starts the daemon where unshare is not there, and
// where it is not allowed to do anything.
func TestChildWithoutNamespaces(t *testing.T) {
	refusing := filepath.Join(t.TempDir(), "unshare")
	if err := os.WriteFile(refusing, []byte("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, lookPath := range []func(string) (string, error){
		lookPathWithout("buildkitd", "unshare"),
		func(name string) (string, error) {
			if name == "unshare" {
				return refusing, nil
			}
			return lookPathWithout("buildkitd")(name)
		},
	} {
		state, sockets := t.TempDir(), ownTemp(t)
		o := childOptions(t, state, sockets)
		o.LookPath = lookPath
		b := connect(t, o)
		wantBuild(t, b.Client)
		wantEntitled(t, b.Client)
		pids := processesWith(t, state)
		if len(pids) != 1 {
			t.Errorf("processes %v, want the daemon alone", pids)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		wantGone(t, state, pids, 0)
	}
}

func TestConnectGivesUpWithTheContext(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
	defer cancel()
	if _, err := builder.Connect(ctx, childOptions(t, state, sockets)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
	if pids := processesWith(t, state); len(pids) > 0 {
		t.Errorf("processes %v are still there", pids)
	}
	wantNoSockets(t, sockets)
}

func TestChildEndsWhenItsParentIsKilled(t *testing.T) {
	state, sockets := t.TempDir(), ownTemp(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), "TMPDIR="+sockets, "BUILDER_TEST_STATE="+state,
		"BUILDER_TEST_BIN="+filepath.Dir(buildkittest.Binary(t, "buildkitd")))
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "building\n" {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	pids := append(processesWith(t, state+"/0/root"), processesWith(t, sleepMark)...)
	if len(pids) < 3 {
		t.Fatalf("processes %v, want unshare, the daemon and its RUN step", pids)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	for _, pid := range pids {
		waitOrphan(t, pid)
	}
	// What was left does not stand in the way of the next build, which removes it.
	var notices bytes.Buffer
	o := childOptions(t, state, sockets)
	o.Stderr = &notices
	b, err := builder.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if notices.Len() > 0 {
		t.Errorf("notices %q, want none", notices.String())
	}
	wantNoSockets(t, sockets)
}

// runAsParent is a layercause process in the middle of a build.
func runAsParent(state string) {
	b, err := builder.Connect(context.Background(), builder.Options{
		Getenv:         env("TMPDIR", os.Getenv("TMPDIR"), "DOCKER_HOST", noEngine),
		LookPath:       lookPathWithout("buildkitd"),
		ExecutableDir:  os.Getenv("BUILDER_TEST_BIN"),
		StateDir:       state,
		BuildkitdFlags: []string{"--oci-worker-net=host"},
	})
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	running, result := solveSleep(context.Background(), b.Client)
	<-running
	os.Stdout.WriteString("building\n")
	<-result
	os.Exit(1)
}

func TestChildThatCannotStartSaysWhy(t *testing.T) {
	sockets := ownTemp(t)
	for _, c := range []struct {
		name string
		opts func(*builder.Options)
		want string
	}{
		{"unknown flag", func(o *builder.Options) { o.BuildkitdFlags = []string{"--nonsense"} }, "nonsense"},
		{"state in a file", func(o *builder.Options) { o.StateDir = filepath.Join(o.ExecutableDir, "buildkitd") }, "no place for its state"},
		{"no buildkitd", func(o *builder.Options) { o.ExecutableDir = "" }, "buildkitd is not on PATH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := childOptions(t, t.TempDir(), sockets)
			c.opts(&o)
			_, err := builder.Connect(t.Context(), o)
			wantError(t, err, c.want)
		})
	}
	wantNoSockets(t, sockets)
}

// wantError checks the message and that the error is one for exit code 4, with a
// hint.
func wantError(t *testing.T, err error, want string) *builder.Error {
	t.Helper()
	var e *builder.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a builder.Error", err, err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	if e.Hint == "" {
		t.Errorf("error %q has no hint", err)
	}
	return e
}
