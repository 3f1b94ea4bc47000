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
	pid       int
	contained bool          // the child is unshare, and the daemon its child
	done      chan struct{} // closed when the child has been reaped
	err       error         // how it ended; read it after done
}

// startProcess starts cmd so that it ends with us whatever happens: it has a
// process group of its own, so the terminal's Ctrl-C reaches us alone and the
// build is cancelled before its daemon ends, and the kernel ends it when we die.
func startProcess(cmd *exec.Cmd, contained bool) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end := syscall.SIGTERM
	if contained {
		end = syscall.SIGKILL // unshare does not hear the other, and sends it to the daemon at its own end
	}
	endsWithUs(cmd.SysProcAttr, end)
	p := &process{contained: contained, done: make(chan struct{})}
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

// terminate asks the daemon to end, without waiting for it.
func (p *process) terminate() {
	if !p.hasExited() { // otherwise its number may be another process's by now
		p.signal(syscall.SIGTERM)
	}
}

func (p *process) hasExited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
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
		p.signal(syscall.SIGKILL)
		// The group has the helpers that the daemon started.
		syscall.Kill(-p.pid, syscall.SIGKILL)
		<-p.done
	}
}

// ending says how the child ended; call it after done.
func (p *process) ending() string {
	var ee *exec.ExitError
	if errors.As(p.err, &ee) {
		return ee.ProcessState.String()
	}
	return "exit status 0"
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
