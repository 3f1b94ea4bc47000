package builder_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
)

// processesWith returns the processes whose command line holds s.
func processesWith(t *testing.T, s string) []int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range lines {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(b, []byte(s)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// wantGone fails unless nothing of a child is left: no process, zombies
// included, no socket, no mount.
func wantGone(t *testing.T, state string, pids []int, within time.Duration) {
	t.Helper()
	deadline := time.Now().Add(within)
	for _, pid := range pids {
		for syscall.Kill(pid, 0) != syscall.ESRCH {
			if time.Now().After(deadline) {
				b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
				t.Fatalf("process %d is still there: %s", pid, b)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || bytes.Contains(mounts, []byte(state)) {
		t.Errorf("something is still mounted below the state (%v)", err)
	}
}

// ownTemp returns a folder for the sockets of one test, short enough for them.
func ownTemp(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "t-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func wantNoSockets(t *testing.T, temp string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(temp, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v was left (%v)", left, err)
	}
}

// waitOrphan waits until a process that is not ours has ended; it may stay a
// zombie where process 1 reaps nobody.
func waitOrphan(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil {
			return
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its parent: %s", pid, stat)
		}
	}
}

const sleepMark = "layercause-sleeps-here"

// solveSleep runs a step that takes a minute. The first channel is closed once
// the step has begun, the second one has the build's end.
func solveSleep(ctx context.Context, c *client.Client) (<-chan struct{}, <-chan error) {
	running, result := make(chan struct{}), make(chan error, 1)
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		result <- err
		close(running)
		return running, result
	}
	st := llb.Scratch().File(llb.Mkfile("/busybox", 0o755, busybox)).
		Run(llb.Args([]string{"/busybox", "sh", "-c", "echo begun; /busybox sleep 60; : " + sleepMark})).Root()
	def, err := st.Marshal(ctx, llb.LinuxAmd64)
	if err != nil {
		result <- err
		close(running)
		return running, result
	}
	status := make(chan *client.SolveStatus)
	go func() {
		begun := false
		for s := range status {
			if len(s.Logs) > 0 && !begun {
				begun = true
				close(running)
			}
		}
	}()
	go func() {
		_, err := c.Solve(ctx, def, client.SolveOpt{}, status)
		if err == nil {
			err = errors.New("the sleeping step came to an end")
		}
		result <- err
	}()
	return running, result
}
