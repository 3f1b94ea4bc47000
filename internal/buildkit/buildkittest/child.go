package buildkittest

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// startChild starts a program that writes to a log, in a group of its own, so that
// Ctrl-C on `go test` does not cut the cleanup short. It does not outlive a killed
// test. Done is closed when it has ended.
func startChild(cmd *exec.Cmd, logPath string) (done chan struct{}, err error) {
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	started, done := make(chan error), make(chan struct{})
	go func() {
		// The signal above follows the thread that started the child, not the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
	}()
	return done, <-started
}
