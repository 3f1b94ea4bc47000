package builder_test

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

func TestUnix(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	for _, o := range []builder.Options{
		{Address: d.Address},
		{Getenv: env("BUILDKIT_HOST", d.Address)},
		// What was asked for goes before what is in the environment.
		{Address: d.Address, Getenv: env("BUILDKIT_HOST", "unix:///nothing/here.sock", "BUILDX_BUILDER", "none")},
	} {
		started := time.Now()
		b := connect(t, o)
		t.Logf("connecting took %s", time.Since(started))
		if b.Driver != builder.DriverUnix || b.Name != d.Address || !b.OnThisMachine() {
			t.Errorf("driver %q, name %q, on this machine: %t", b.Driver, b.Name, b.OnThisMachine())
		}
		wantBuild(t, b.Client)
	}
}

func TestUnixThroughBuildx(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	config := t.TempDir()
	writeBuildx(t, config, "instances/near", `{"Name":"near","Driver":"remote","Nodes":[{"Name":"near0","Endpoint":"`+d.Address+`"}]}`)
	b := connect(t, builder.Options{Address: "near", Getenv: env("BUILDX_CONFIG", filepath.Join(config, "buildx"))})
	if b.Driver != builder.DriverRemote || b.Name != "near" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	wantBuild(t, b.Client)
}

// TestUnixTakesOneConnectionAndNoEngine counts what a given address costs: one
// connection for the whole build, and none to a Docker engine.
func TestUnixTakesOneConnectionAndNoEngine(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	toDaemon := countingProxy(t, strings.TrimPrefix(d.Address, "unix://"))
	toEngine := countingProxy(t, strings.TrimPrefix(d.Address, "unix://"))
	b := connect(t, builder.Options{
		Address: "unix://" + toDaemon.path,
		Getenv:  env("DOCKER_HOST", "unix://"+toEngine.path, "HOME", t.TempDir()),
	})
	wantBuild(t, b.Client)
	if n := toDaemon.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the daemon, want 1", n)
	}
	if n := toEngine.accepted.Load(); n != 0 {
		t.Errorf("%d connections to the engine, want none", n)
	}
}

// proxy passes connections on and counts them.
type proxy struct {
	path     string
	accepted atomic.Int32
}

func countingProxy(t *testing.T, target string) *proxy {
	t.Helper()
	p := &proxy{path: filepath.Join(t.TempDir(), "s")}
	l, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.accepted.Add(1)
			out, err := net.Dial("unix", target)
			if err != nil {
				in.Close()
				continue
			}
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return p
}

func pass(to, from net.Conn) {
	io.Copy(to, from)
	to.Close()
}
