package builder

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// readyPoll is how often a starting daemon's socket is looked at.
	readyPoll = 10 * time.Millisecond
	// readyTimeout is how long a daemon may take to start. A large state on a slow
	// disk takes seconds.
	readyTimeout = 60 * time.Second
)

const threeWays = "start Docker, put buildkitd (and runc) on PATH, or name a builder with --builder or BUILDKIT_HOST"

// startChild starts buildkitd for the time of this build. Its state stays. The
// reason why nothing better was found is for the case that this fails too.
func startChild(ctx context.Context, o Options, why string) (*Builder, error) {
	command, err := childCommand(o, why)
	if err != nil {
		return nil, err
	}
	stateDir, err := o.stateDir()
	if err != nil {
		return nil, fmt.Errorf("finding the state folder: %w", err)
	}
	s, err := takeSlot(stateDir, o.tempDir())
	if err != nil {
		return nil, &Error{
			Problem: "buildkitd has no place for its state",
			Hint:    "make the folder writable, or set XDG_CACHE_HOME to one that is",
			Err:     err,
		}
	}
	if s.number > 0 {
		o.notice("another build is using the builder's state; this one uses its own (number %d), whose cache may be colder", s.number+1)
	}
	b, err := startInSlot(ctx, o, command, s)
	if err != nil {
		s.release()
		return nil, err
	}
	return b, nil
}

func startInSlot(ctx context.Context, o Options, command []string, s *slot) (*Builder, error) {
	socket := filepath.Join(s.sockets, "buildkitd.sock")
	logPath := filepath.Join(s.dir, "buildkitd.log")
	command = append(command,
		"--root", filepath.Join(s.dir, "root"),
		"--addr", "unix://"+socket,
		// The default one is the same for every daemon on the machine.
		"--otel-socket-path", filepath.Join(s.sockets, "otel.sock"),
		"--oci-worker=true", "--containerd-worker=false")
	command = append(append(command, entitlements()...), o.BuildkitdFlags...)
	var p *process
	var conn net.Conn
	var err error
	inside := contain(o, command)
	if inside != nil && os.Geteuid() == 0 {
		p, conn, err = startDaemon(ctx, inside, true, s, socket, logPath)
	}
	// Where namespaces are not allowed the daemon may still run.
	if p == nil && (err == nil || strings.HasPrefix(tail(logPath, 1000), "unshare:")) {
		p, conn, err = startDaemon(ctx, command, false, s, socket, logPath)
	}
	if err != nil {
		return nil, err
	}
	c, err := newClientOn(ctx, conn, dialSocket(socket))
	if err != nil {
		p.stop()
		return nil, unreachable("buildkitd (started by layercause)", "its log is "+logPath, err)
	}
	// buildkitd cancels what it runs when it is asked to end, so the build's own
	// cancellation and this one do not fight.
	release := context.AfterFunc(ctx, p.terminate)
	return &Builder{Client: c, Name: "buildkitd", Driver: DriverChild, opts: o, local: true, stop: func() error {
		release()
		p.stop()
		return s.release()
	}}, nil
}

// untraced drops OpenTelemetry's variables from an environment. They are meant for
// the build: a daemon that has them sends spans of its own, with the values of
// build arguments in their names, and does not start where it cannot.
func untraced(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool {
		return strings.HasPrefix(v, "OTEL_") || strings.HasPrefix(v, "TRACEPARENT=") || strings.HasPrefix(v, "TRACESTATE=")
	})
}

// startDaemon runs a command that ends in buildkitd, and returns when it listens.
// If it does not come to that nothing is left running.
func startDaemon(ctx context.Context, command []string, contained bool, s *slot, socket, logPath string) (*process, net.Conn, error) {
	logFile, err := os.Create(logPath)
	if err != nil {
		return nil, nil, fmt.Errorf("making the builder's log: %w", err)
	}
	defer logFile.Close() // the child has its own
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = logFile, logFile
	cmd.Env = untraced(os.Environ())
	cmd.ExtraFiles = []*os.File{s.lock}
	p, err := startProcess(cmd, contained)
	if err != nil {
		return nil, nil, &Error{Problem: fmt.Sprintf("%s cannot be started", command[0]), Hint: threeWays, Err: err}
	}
	conn, err := awaitSocket(ctx, p, socket, logPath)
	if err != nil {
		p.stop()
		return nil, nil, err
	}
	return p, conn, nil
}

// awaitSocket connects as soon as the daemon listens. It does so only once it is
// ready to build, so there is nothing more to ask.
func awaitSocket(ctx context.Context, p *process, socket, logPath string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, fmt.Errorf("it was not ready after %s", readyTimeout))
	defer cancel()
	poll := time.NewTicker(readyPoll)
	defer poll.Stop()
	for {
		if conn, err := dialSocket(socket)(ctx); err == nil {
			return conn, nil
		}
		select {
		case <-poll.C:
		case <-p.done:
			return nil, startFailure(fmt.Errorf("it ended with %s", p.ending()), logPath)
		case <-ctx.Done():
			return nil, startFailure(context.Cause(ctx), logPath)
		}
	}
}

func startFailure(err error, logPath string) error {
	last := strings.TrimSpace(tail(logPath, 1000))
	if last != "" {
		err = fmt.Errorf("%w; its last words: %s", err, last)
	}
	hint := "the whole log is " + logPath + "; " + threeWays
	if strings.Contains(last, "no worker found") || strings.Contains(last, "runc") {
		hint = "buildkitd needs runc on PATH; " + hint
	}
	return &Error{Problem: "buildkitd did not start", Hint: hint, Err: err}
}

// childCommand returns the program and its first arguments.
func childCommand(o Options, why string) ([]string, error) {
	daemon, err := findDaemon(o, why)
	if err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		return []string{daemon}, nil
	}
	rootlesskit, err := o.LookPath("rootlesskit")
	if err != nil {
		return nil, &Error{
			Problem: "buildkitd is here, but needs root or rootlesskit to run",
			Hint:    "install rootlesskit, run as root, start Docker, or name a builder with --builder or BUILDKIT_HOST",
		}
	}
	// The network of the host needs no further helper, and gives RUN steps what a
	// daemon run by root gives them.
	return []string{rootlesskit, "--net=host", "--pidns", "--copy-up=/etc", "--copy-up=/run", daemon, "--rootless"}, nil
}

// findDaemon looks on PATH, then beside our own program.
func findDaemon(o Options, why string) (string, error) {
	path, err := o.LookPath("buildkitd")
	if err == nil {
		return filepath.Abs(path)
	}
	if o.ExecutableDir != "" {
		path := filepath.Join(o.ExecutableDir, "buildkitd")
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return filepath.Abs(path)
		}
	}
	return "", &Error{Problem: "there is no builder: " + why + ", and buildkitd is not on PATH", Hint: threeWays}
}
