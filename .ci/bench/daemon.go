package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// daemon is a running buildkitd.
type daemon struct {
	address string
	root    string
	cmd     *exec.Cmd
	done    chan struct{}
}

const startTimeout = 30 * time.Second

// startDaemon starts a daemon whose state is below root.
func startDaemon(ctx context.Context, program, root, socket string) (*daemon, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(root, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	d := &daemon{address: "unix://" + socket, root: root, done: make(chan struct{})}
	d.cmd = exec.Command(program,
		"--config", os.DevNull, "--root", filepath.Join(root, "state"), "--addr", d.address,
		"--otel-socket-path", socket+".otel",
		"--oci-worker=true", "--containerd-worker=false", "--oci-worker-gc=false", "--oci-worker-net=host")
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.cmd.Wait()
		close(d.done)
	}()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return d, nil
		}
		select {
		case <-d.done:
		case <-ctx.Done():
		default:
			if time.Now().Before(deadline) {
				continue
			}
		}
		text, _ := os.ReadFile(log.Name())
		d.stop()
		return nil, fmt.Errorf("starting buildkitd: %w\n%s", err, text)
	}
}

// stop ends the daemon and removes its state.
func (d *daemon) stop() error {
	d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(startTimeout):
		d.cmd.Process.Kill()
		<-d.done
		return errors.New("buildkitd did not end when it was asked to")
	}
	return os.RemoveAll(d.root)
}
