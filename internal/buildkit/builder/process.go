package builder

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a daemon may take to end its builds and containers
// before it is killed.
const stopTimeout = 10 * time.Second

// A process is a running child that is always waited for.
type process struct {
	pid  int
	done chan struct{} // closed when the child has been reaped
	err  error         // how it ended; read it after done
}

// startProcess starts cmd so that it ends with us whatever happens: it has a
// process group of its own, so the terminal's Ctrl-C reaches us alone and the
// build is cancelled before its daemon ends, and the kernel sends it a SIGTERM
// when we die.
func startProcess(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	p := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel sends that signal when the thread that started the child ends,
		// not the process: so this thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// terminate asks the child to end, without waiting for it.
func (p *process) terminate() {
	select {
	case <-p.done: // its number may be another process's by now
	default:
		syscall.Kill(p.pid, syscall.SIGTERM)
	}
}

// stop ends the child and returns when it has been reaped.
func (p *process) stop() {
	p.terminate()
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		// The group takes runc and other helpers along.
		syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.done
	}
}

// exited reports whether the child has ended, and how.
func (p *process) exited() (string, bool) {
	select {
	case <-p.done:
		var ee *exec.ExitError
		if errors.As(p.err, &ee) {
			return ee.ProcessState.String(), true
		}
		return "exit status 0", true
	default:
		return "", false
	}
}

// tail returns the end of a file, at most n bytes, from the start of a line.
func tail(path string, n int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	size, err := f.Seek(0, 2)
	if err != nil {
		return ""
	}
	buf := make([]byte, min(n, size))
	if _, err := f.ReadAt(buf, size-int64(len(buf))); err != nil {
		return ""
	}
	if size > n {
		for i, c := range buf {
			if c == '\n' {
				return string(buf[i+1:])
			}
		}
	}
	return string(buf)
}
