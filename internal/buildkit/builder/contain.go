package builder

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// contain returns a command that runs command in process and mount namespaces of
// its own, or nil where that cannot be done.
//
// buildkitd can end before the containers of a build that was just cancelled, and
// then they run on, with their mounts. Where it is the first process of a
// namespace the kernel ends them with it.
func contain(o Options, command []string) []string {
	path, err := o.LookPath("unshare")
	if err != nil {
		return nil
	}
	// The one of util-linux has --kill-child; busybox's is a link to busybox.
	if target, err := filepath.EvalSymlinks(path); err != nil || filepath.Base(target) != "unshare" {
		return nil
	}
	if _, err := childrenOf(os.Getpid()); err != nil {
		return nil // then we could not find the daemon behind it
	}
	return append([]string{path, "--pid", "--mount", "--mount-proc", "--fork", "--kill-child=SIGTERM"}, command...)
}

// childrenOf returns the children that the main thread of a process has started.
func childrenOf(pid int) ([]int, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return nil, fmt.Errorf("looking for the children of process %d: %w", pid, err)
	}
	var pids []int
	for _, s := range strings.Fields(string(b)) {
		if n, err := strconv.Atoi(s); err == nil {
			pids = append(pids, n)
		}
	}
	return pids, nil
}

// signal sends a signal to the daemon, behind unshare if it stands before it:
// unshare itself passes none on.
func (p *process) signal(s syscall.Signal) {
	if !p.contained {
		syscall.Kill(p.pid, s)
		return
	}
	// A moment after its start it may not have a child yet.
	for range 100 {
		children, err := childrenOf(p.pid)
		if err != nil || p.hasExited() {
			return
		}
		for _, child := range children {
			syscall.Kill(child, s)
		}
		if len(children) > 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	syscall.Kill(p.pid, syscall.SIGKILL)
}
