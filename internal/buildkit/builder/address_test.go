package builder_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/builder"
)

func TestMalformedAddressesAreUsageErrors(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"unix://", "ends after unix://"},
		{"unix:/run/bk.sock", "lacks the // after unix:"},
		{"unix://run/bk.sock", "relative path"},
		{"unix:///" + strings.Repeat("a", 107), "at most 107 bytes, this one has 108"},
		{"/run/bk.sock", "is a path"},
		{"./bk.sock", "is a path"},
		{"tcp://", "ends after tcp://"},
		{"tcp:host:1234", "lacks the // after tcp:"},
		{"tcp://host", "lacks a port"},
		{"tcp://[::1]", "lacks a port"},
		{"tcp://:1234", "lacks a host"},
		{"tcp://a:b:1234", "is no HOST:PORT"},
		{"tcp://host:", `the port ""`},
		{"tcp://host:0", `the port "0"`},
		{"tcp://host:65536", `the port "65536"`},
		{"tcp://host:http", `the port "http"`},
		{"tcp://host:-1", `the port "-1"`},
		{"tcp://host:1234/path", "something after HOST:PORT"},
		{"tcp://host:1234?x=y", "something after HOST:PORT"},
		{"tcp://host:1234#x", "something after HOST:PORT"},
		{"tcp://user:hunter2@host:1234", "credentials in it"},
		{"tcp://host:1234 ", "a space or control character"},
		{"tcp://host:12\n34", "a space or control character"},
		{"docker-container://", "ends after docker-container://"},
		{"docker-container:name", "lacks the //"},
		{"docker-container://-x", "names no valid container"},
		{"docker-container://a/b", "names no valid container"},
		{"docker-container://name?context=x", "options after a ?"},
		{"http://host:1234", "is a web address"},
		{"https://user:hunter2@host", "is a web address"},
		{"kube-pod://name", "kube-pod://, which is not supported"},
		{"podman-container://name", "podman-container://, which is not supported"},
		{"ssh://hunter2@host", "ssh://, which is not supported"},
		{"://x", "the scheme ://, which is not supported"},
		{"1builder", "neither an address nor a builder's name"},
		{"a/b", "neither an address nor a builder's name"},
		{"../../etc/passwd", "is a path"},
		{"user:hunter2@host", "is not an address"},
		{"bü", "neither an address nor a builder's name"},
	} {
		for _, o := range []builder.Options{{Address: c.address}, {Getenv: env("BUILDKIT_HOST", c.address)}} {
			t.Run(c.address, func(t *testing.T) {
				_, err := builder.Connect(t.Context(), o)
				usage := wantUsage(t, err, c.want)
				if strings.Contains(usage.Error()+usage.Hint, "hunter2") {
					t.Errorf("the message gives a password away: %s", usage)
				}
				flag := "--builder "
				if o.Address == "" {
					flag = "BUILDKIT_HOST "
				}
				if !strings.HasPrefix(usage.Error(), flag) {
					t.Errorf("error %q does not begin with %q", usage, flag)
				}
			})
		}
	}
}

// wantUsage checks the message and that the error is one for exit code 2, with a
// hint.
func wantUsage(t *testing.T, err error, want string) *builder.UsageError {
	t.Helper()
	var e *builder.UsageError
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a UsageError", err, err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("error %q does not say %q", err, want)
	}
	if e.Hint == "" {
		t.Errorf("error %q has no hint", err)
	}
	return e
}

func TestGivenBuildersThatCannotBeReached(t *testing.T) {
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "dead.sock"))
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	for _, c := range []struct{ address, problem, hint string }{
		{"unix://" + dir + "/absent.sock", "builder unix://" + dir + "/absent.sock cannot be reached", "no such socket"},
		{"unix://" + dir + "/dead.sock", "builder unix://" + dir + "/dead.sock cannot be reached", "nothing listens"},
		{fmt.Sprintf("tcp://127.0.0.1:%d", port), "connection refused", "is buildkitd running there"},
		{"docker-container://x", "the Docker engine at unix://" + dir + "/engine.sock does not answer", "DOCKER_HOST"},
		{"some-builder", "builder some-builder cannot be reached", "has no builder of this name"},
		{"default", "the Docker engine at unix://" + dir + "/engine.sock does not answer", "DOCKER_HOST"},
	} {
		t.Run(c.address, func(t *testing.T) {
			// A daemon that could be started is no way out: the builder was asked for.
			o := childOptions(t, t.TempDir(), ownTemp(t))
			o.Address = c.address
			o.Getenv = env("DOCKER_HOST", "unix://"+dir+"/engine.sock", "DOCKER_CONFIG", dir)
			_, err := builder.Connect(t.Context(), o)
			if e := wantError(t, err, c.problem); !strings.Contains(e.Hint, c.hint) {
				t.Errorf("hint %q does not say %q", e.Hint, c.hint)
			}
		})
	}
}

func TestNoBuilderNamesTheThreeWaysOut(t *testing.T) {
	_, err := builder.Connect(t.Context(), builder.Options{
		LookPath: lookPathWithout("buildkitd"),
		Getenv:   env("DOCKER_HOST", "unix:///nothing/here.sock", "HOME", t.TempDir()),
	})
	e := wantError(t, err, "no Docker engine answers, and buildkitd is not on PATH")
	for _, way := range []string{"Docker", "buildkitd", "--builder", "BUILDKIT_HOST"} {
		if !strings.Contains(e.Hint, way) {
			t.Errorf("hint %q does not name %s", e.Hint, way)
		}
	}
}

func TestCertificatesWhereTheyHaveNoUse(t *testing.T) {
	for _, c := range []struct {
		opts builder.Options
		want string
	}{
		{builder.Options{Address: "unix:///x", TLS: builder.TLS{CA: "ca.pem"}}, "does not use them"},
		{builder.Options{Address: "docker-container://x", TLS: builder.TLS{CA: "ca.pem"}}, "does not use them"},
		{builder.Options{Address: "name", TLS: builder.TLS{CA: "ca.pem"}}, "has its own"},
		{builder.Options{TLS: builder.TLS{CA: "ca.pem"}}, "no builder to use them with"},
		{builder.Options{Address: "tcp://h:1", TLS: builder.TLS{Cert: "cert.pem"}}, "without its key"},
		{builder.Options{Address: "tcp://h:1", TLS: builder.TLS{Key: "key.pem"}}, "without its certificate"},
		{builder.Options{Address: "tcp://h:1", TLS: builder.TLS{CA: "/absent.pem"}}, "the CA cannot be read"},
		{builder.Options{Address: "tcp://h:1", TLS: builder.TLS{CA: "address_test.go"}}, "holds no certificate"},
		{builder.Options{Address: "tcp://h:1", TLS: builder.TLS{Cert: "/absent.pem", Key: "/absent.pem"}}, "cannot be used"},
	} {
		_, err := builder.Connect(t.Context(), c.opts)
		wantUsage(t, err, c.want)
	}
}
