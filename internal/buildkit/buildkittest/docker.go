package buildkittest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	dockerclient "github.com/moby/moby/client"
)

// A Docker is a running Docker engine without a bridge: its containers have the
// network of the host or none.
type Docker struct {
	// Host is its address as in DOCKER_HOST.
	Host string
	// Engine is a client of it.
	Engine *dockerclient.Client
}

// StartDocker runs an empty Docker engine until the test ends. Its containers end
// with it.
func StartDocker(t testing.TB) *Docker {
	t.Helper()
	dockerd, err := exec.LookPath("dockerd")
	if err != nil {
		// Debian has it in a folder that only root's PATH holds.
		dockerd = "/usr/sbin/dockerd"
		if _, err := os.Stat(dockerd); err != nil {
			t.Fatal("dockerd is not there: install Debian's package docker.io")
		}
	}
	dir, err := os.MkdirTemp("", "dk-") // short, for the sockets in it
	if err != nil {
		t.Fatalf("making a folder for dockerd: %v", err)
	}
	d := &Docker{Host: "unix://" + filepath.Join(dir, "d.sock")}
	logPath := filepath.Join(dir, "log")
	cmd := exec.Command(dockerd, append(trimmedRuntime(t, dir, runcPath(t)),
		"--iptables=false", "--ip6tables=false", "--bridge=none",
		"--host", d.Host, "--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"))...)
	done, err := startChild(cmd, logPath)
	if err != nil {
		t.Fatalf("starting dockerd: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the end of dockerd's log:\n%s", logTail(logPath))
		}
		d.removeContainers(t)
		syscall.Kill(cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("dockerd did not end and was killed")
			syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-done
		}
		unmountBelow(t, dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing dockerd's folder: %v", err)
		}
	})
	if d.Engine, err = dockerclient.New(dockerclient.WithHost(d.Host)); err != nil {
		t.Fatalf("making a client of dockerd: %v", err)
	}
	t.Cleanup(func() { d.Engine.Close() })
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(20 * time.Millisecond) {
		_, err := d.Engine.Ping(t.Context(), dockerclient.PingOptions{NegotiateAPIVersion: true})
		if err == nil {
			return d
		}
		select {
		case <-done:
			t.Fatalf("dockerd ended with %v:\n%s", cmd.ProcessState, logTail(logPath))
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("dockerd was not ready after %s: %v\n%s", startTimeout, err, logTail(logPath))
		}
	}
}

// removeContainers kills the containers, which dockerd would ask to end first.
func (d *Docker) removeContainers(t testing.TB) {
	if d.Engine == nil {
		return
	}
	ctx := context.Background() // the test's own has ended by now
	list, err := d.Engine.ContainerList(ctx, dockerclient.ContainerListOptions{All: true})
	if err != nil {
		t.Errorf("listing the containers: %v", err)
		return
	}
	for _, c := range list.Items {
		if _, err := d.Engine.ContainerRemove(ctx, c.ID, dockerclient.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Errorf("removing the container %s: %v", fmt.Sprint(c.Names), err)
		}
	}
}
