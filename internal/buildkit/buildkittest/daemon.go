package buildkittest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// Options change how a daemon is started. The zero value is a daemon with an
// empty state that never collects garbage and has the network of the host.
type Options struct {
	// PlainHTTP names registries (host:port) that are spoken to without TLS.
	PlainHTTP []string
	// Mirror is a registry (host:port) that has Docker Hub's images.
	Mirror string
	// Debug serves /debug on Daemon.DebugURL, with what stands behind every cache
	// key (--save-cache-debug).
	Debug bool
	// Root is the state folder; empty means a fresh one that is removed.
	Root string
	// Flags are given to buildkitd after our own.
	Flags []string
}

// A Daemon is a running buildkitd.
type Daemon struct {
	// Address is its unix:// address.
	Address string
	// Root is its state folder.
	Root string
	// DebugURL is where /debug is served, if Options.Debug asked for it.
	DebugURL string
	// Log is the file that its output goes to.
	Log string
	// PID is its process.
	PID int

	cmd  *exec.Cmd
	done chan struct{}
}

// Start runs a daemon until the test ends.
func Start(t testing.TB, o Options) *Daemon {
	t.Helper()
	// Not t.TempDir: its name holds the test's, too long for a socket, and it
	// cannot be removed while anything is mounted in it.
	dir, err := os.MkdirTemp("", "bk-")
	if err != nil {
		t.Fatalf("making a folder for buildkitd: %v", err)
	}
	d := &Daemon{
		Address: "unix://" + filepath.Join(dir, "bk.sock"),
		Root:    o.Root,
		Log:     filepath.Join(dir, "log"),
	}
	if d.Root == "" {
		d.Root = filepath.Join(dir, "root")
	}
	t.Cleanup(func() {
		if t.Failed() && d.cmd != nil {
			t.Logf("the end of buildkitd's log:\n%s", logTail(d.Log))
		}
		d.stop(t)
		unmountBelow(t, d.Root)
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing buildkitd's folder: %v", err)
		}
	})
	config := filepath.Join(dir, "buildkitd.toml")
	if err := os.WriteFile(config, configText(o), 0o600); err != nil {
		t.Fatalf("writing buildkitd's configuration: %v", err)
	}
	args := []string{
		"--config", config, "--root", d.Root, "--addr", d.Address,
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		"--oci-worker=true", "--containerd-worker=false",
		"--oci-worker-gc=false", "--oci-worker-net=host",
	}
	if o.Debug {
		address := freeAddress(t)
		d.DebugURL = "http://" + address
		args = append(args, "--save-cache-debug", "--debugaddr", address)
	}
	d.cmd = exec.Command(Binary(t, "buildkitd"), append(args, o.Flags...)...)
	d.run(t)
	return d
}

func (d *Daemon) run(t testing.TB) {
	t.Helper()
	var err error
	if d.done, err = startChild(d.cmd, d.Log); err != nil {
		d.cmd = nil
		t.Fatalf("starting buildkitd: %v", err)
	}
	d.PID = d.cmd.Process.Pid
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("unix", strings.TrimPrefix(d.Address, "unix://"))
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-d.done:
			t.Fatalf("buildkitd ended with %v:\n%s", d.cmd.ProcessState, logTail(d.Log))
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("buildkitd was not ready after %s:\n%s", startTimeout, logTail(d.Log))
		}
	}
}

func (d *Daemon) stop(t testing.TB) {
	if d.cmd == nil {
		return
	}
	select {
	case <-d.done:
		return
	default:
	}
	syscall.Kill(d.PID, syscall.SIGTERM)
	select {
	case <-d.done:
	case <-time.After(stopTimeout):
		t.Errorf("buildkitd did not end within %s and was killed", stopTimeout)
		syscall.Kill(-d.PID, syscall.SIGKILL)
		<-d.done
	}
}

// Stop ends the daemon before the test does.
func (d *Daemon) Stop(t testing.TB) {
	t.Helper()
	d.stop(t)
}

// Client returns a client of the daemon, closed when the test ends.
func (d *Daemon) Client(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.New(context.Background(), d.Address)
	if err != nil {
		t.Fatalf("connecting to buildkitd: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Prune drops everything that the daemon has cached and nobody uses.
func (d *Daemon) Prune(ctx context.Context) error {
	c, err := client.New(ctx, d.Address)
	if err != nil {
		return fmt.Errorf("connecting to buildkitd: %w", err)
	}
	defer c.Close()
	ch := make(chan client.UsageInfo)
	go func() {
		for range ch {
		}
	}()
	defer close(ch)
	if err := c.Prune(ctx, ch, client.PruneAll); err != nil {
		return fmt.Errorf("pruning the cache: %w", err)
	}
	return nil
}

// Binary returns the path of bin/name at the module's root, of what the variable
// LAYERCAUSE_NAME names, or of name on PATH.
func Binary(t testing.TB, name string) string {
	t.Helper()
	if path := os.Getenv("LAYERCAUSE_" + strings.ToUpper(name)); path != "" {
		return path
	}
	_, file, _, ok := runtime.Caller(0)
	if ok && filepath.IsAbs(file) {
		path := filepath.Join(filepath.Dir(file), "..", "..", "..", "bin", name)
		if _, err := os.Stat(path); err == nil {
			return filepath.Clean(path)
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not there: run make buildkitd", name)
	}
	return path
}

func configText(o Options) []byte {
	var b strings.Builder
	for _, host := range o.PlainHTTP {
		fmt.Fprintf(&b, "[registry.%q]\n  http = true\n", host)
	}
	if o.Mirror != "" {
		fmt.Fprintf(&b, "[registry.\"docker.io\"]\n  mirrors = [%q]\n", o.Mirror)
	}
	return []byte(b.String())
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("looking for a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

func logTail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4000):])
}

// unmountBelow removes mounts that a killed daemon has left.
func unmountBelow(t testing.TB, dir string) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Errorf("reading the mounts: %v", err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
	for i := len(lines) - 1; i >= 0; i-- { // the last one mounted first
		fields := strings.Fields(lines[i])
		if len(fields) < 5 || !strings.HasPrefix(fields[4], dir+"/") {
			continue
		}
		if err := syscall.Unmount(fields[4], syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			t.Errorf("unmounting %s: %v", fields[4], err)
		}
	}
}
