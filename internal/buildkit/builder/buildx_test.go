package builder_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// TestBuildxStore reads the stores in testdata/buildx, which have the form that
// docker buildx gives them. Nothing listens at their addresses, so what was read
// shows in the error.
func TestBuildxStore(t *testing.T) {
	for _, c := range []struct{ name, problem, hint string }{
		{"tls", "the CA cannot be read: open /certificates/ca.pem", "PEM"},
		{"socket", "builder unix:///nothing/buildkitd.sock cannot be reached", "no such socket"},
		{"SOCKET", "builder unix:///nothing/buildkitd.sock cannot be reached", "no such socket"},
		{"container", "the Docker engine at unix:///nothing/docker.sock does not answer", "DOCKER_HOST"},
		{"in-context", "the Docker engine at unix:///nothing/desktop.sock does not answer", "DOCKER_HOST"},
		{"lost-context", `reading the docker context "lost"`, "docker context ls"},
		{"dockerd", "the Docker engine at unix:///nothing/desktop.sock does not answer", "DOCKER_HOST"},
		{"desktop", "the Docker engine at unix:///nothing/desktop.sock does not answer", "DOCKER_HOST"},
		{"far-context", "the Docker engine at ssh://***@far.example cannot be reached", "ssh -L"},
		{"kubernetes", "the driver kubernetes is not supported", "docker buildx create"},
		{"cloud", "the driver cloud is not supported", "docker buildx create"},
		{"no-address", `its endpoint "default" is no address`, "unix://"},
		{"half", "without its key", "both"},
		{"cut", "reading the builder cut from buildx's store: unexpected end of JSON input", "docker buildx rm"},
		{"empty", "it has no nodes", "docker buildx rm"},
		{"absent", "looking for the container buildx_buildkit_absent0", "it has cloud, container, cut"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := builder.Connect(t.Context(), builder.Options{Address: c.name,
				Getenv: env("DOCKER_CONFIG", "testdata", "DOCKER_HOST", "unix:///nothing/docker.sock")})
			if err == nil {
				t.Fatal("no error")
			}
			var hint string
			switch e := err.(type) {
			case *builder.Error:
				hint = e.Hint
			case *builder.UsageError:
				hint = e.Hint
			default:
				t.Fatalf("error %v (%T)", err, err)
			}
			if !strings.Contains(err.Error(), c.problem) {
				t.Errorf("error %q does not say %q", err, c.problem)
			}
			if !strings.Contains(hint, c.hint) {
				t.Errorf("hint %q does not say %q", hint, c.hint)
			}
			if strings.Contains(err.Error()+hint, "hunter2") {
				t.Errorf("the message gives a password away: %s", err)
			}
		})
	}
}

// TestCurrentBuilder checks which builder is taken without being named.
func TestCurrentBuilder(t *testing.T) {
	d := buildkittest.Start(t, buildkittest.Options{})
	const host = "unix:///nothing/docker.sock"
	sum := sha256.Sum256([]byte(host))
	for _, c := range []struct {
		name   string
		files  map[string]string
		driver string
	}{
		{"selected for this engine", map[string]string{"current": `{"Key":"` + host + `","Name":"near"}`}, builder.DriverRemote},
		{"selected for all", map[string]string{"current": `{"Key":"other","Name":"near","Global":true}`}, builder.DriverRemote},
		{"selected for another engine", map[string]string{"current": `{"Key":"other","Name":"near"}`}, builder.DriverChild},
		{"the engine's default", map[string]string{"defaults/" + hex.EncodeToString(sum[:])[:20]: "near"}, builder.DriverRemote},
		{"none", nil, builder.DriverChild},
		{"cut", map[string]string{"current": `{"Key":`}, builder.DriverChild},
		{"a path for a name", map[string]string{"current": `{"Key":"` + host + `","Name":"../instances/near"}`}, builder.DriverChild},
		{"one that is gone", map[string]string{"current": `{"Key":"` + host + `","Name":"gone"}`}, builder.DriverChild},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := t.TempDir()
			writeBuildx(t, config, "instances/near", `{"Name":"near","Driver":"remote","Nodes":[{"Name":"near0","Endpoint":"`+d.Address+`"}]}`)
			for path, content := range c.files {
				writeBuildx(t, config, path, content)
			}
			var notices bytes.Buffer
			o := childOptions(t, t.TempDir(), ownTemp(t))
			o.Getenv, o.Stderr = env("DOCKER_CONFIG", config, "DOCKER_HOST", host), &notices
			b := connect(t, o)
			if b.Driver != c.driver {
				t.Errorf("driver %q, want %q", b.Driver, c.driver)
			}
			if said, want := notices.String(), c.name == "one that is gone"; strings.Contains(said, "passed by") != want {
				t.Errorf("notices %q", said)
			}
		})
	}
}

// TestCurrentContext checks which engine is taken, by its address in the error.
func TestCurrentContext(t *testing.T) {
	home := t.TempDir()
	if err := os.CopyFS(filepath.Join(home, ".docker"), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		getenv func(string) string
		want   string
	}{
		{env("HOME", home), "unix:///nothing/desktop.sock"},
		{env("HOME", home, "DOCKER_HOST", "unix:///nothing/host.sock"), "unix:///nothing/host.sock"},
		{env("HOME", home, "DOCKER_CONTEXT", "plain"), "tcp://127.0.0.1:1"},
		{env("HOME", home, "DOCKER_CONTEXT", "plain", "DOCKER_HOST", "unix:///nothing/host.sock"), "unix:///nothing/host.sock"},
	} {
		_, err := builder.Connect(t.Context(), builder.Options{Address: "docker-container://x", Getenv: c.getenv})
		wantError(t, err, "the Docker engine at "+c.want+" does not answer")
	}
	_, err := builder.Connect(t.Context(), builder.Options{Address: "docker-container://x", Getenv: env("HOME", home, "DOCKER_CONTEXT", "lost")})
	wantUsage(t, err, `reading the docker context "lost"`)
	_, err = builder.Connect(t.Context(), builder.Options{Address: "docker-container://x",
		Getenv: env("HOME", home, "DOCKER_HOST", "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", home)})
	wantUsage(t, err, "the certificates for the Docker engine at tcp://127.0.0.1:1 cannot be used")
}
