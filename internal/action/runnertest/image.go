package runnertest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/util/progress/progressui"
	dockerclient "github.com/moby/moby/client"
	"github.com/tonistiigi/fsutil"
	"golang.org/x/sync/errgroup"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// golang is the base image of the action's Dockerfile. No registry need be
// reached for it: it is made of this machine's toolchain.
const golang = "golang:1.26-bookworm"

// BuildImage builds the action's image from the repository's Dockerfile with the
// project's own BuildKit and loads it into the engine under the reference ref.
// What was compiled is kept in .cache for the next time.
func BuildImage(t testing.TB, docker *buildkittest.Docker, ref string) {
	t.Helper()
	root := Root(t)
	state := filepath.Join(root, ".cache", "action-image")
	if err := os.MkdirAll(state, 0o700); err != nil {
		t.Fatal(err)
	}
	daemon := buildkittest.Start(t, buildkittest.Options{
		Root:  state,
		Flags: []string{"--oci-worker-gc=true", "--oci-worker-gc-keepstorage=10000"}, // megabytes; modules and compiled packages are half of it
	})
	defer daemon.Stop(t)
	c, err := client.New(t.Context(), daemon.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	pr, pw := io.Pipe()
	var said strings.Builder
	work, ctx := errgroup.WithContext(t.Context())
	work.Go(func() error {
		progress := make(chan *client.SolveStatus)
		display, err := progressui.NewDisplay(&said, progressui.PlainMode)
		if err != nil {
			return err
		}
		shown := make(chan struct{})
		go func() {
			defer close(shown)
			display.UpdateFrom(context.WithoutCancel(ctx), progress)
		}()
		_, err = c.Solve(ctx, nil, actionImage(t, root, ref, pw), progress)
		<-shown
		pw.CloseWithError(err)
		return err
	})
	work.Go(func() error {
		answer, err := docker.Engine.ImageLoad(ctx, pr, dockerclient.ImageLoadWithQuiet(true))
		if err != nil {
			return err
		}
		defer answer.Close()
		_, err = io.Copy(io.Discard, answer)
		return err
	})
	if err := work.Wait(); err != nil {
		t.Fatalf("building the action's image: %v\n%s", err, said.String())
	}
}

func actionImage(t testing.TB, root, ref string, image io.WriteCloser) client.SolveOpt {
	t.Helper()
	goroot := goEnv(t, "GOROOT")["GOROOT"]
	base := llb.Scratch().
		File(llb.Copy(llb.Local("tools"), "/", "/")).
		File(llb.Copy(llb.Local("goroot", llb.ExcludePatterns([]string{
			"api", "doc", "misc", "test", "**/testdata", "**/*_test.go",
		})), "/", "/usr/local/go", &llb.CopyInfo{CreateDestPath: true}))
	return client.SolveOpt{
		Frontend: "dockerfile.v0",
		FrontendAttrs: map[string]string{
			"context:" + golang:           "input:golang",
			"input-metadata:golang":       imageConfig(t),
			"build-arg:SOURCE_DATE_EPOCH": "0",
		},
		FrontendInputs: map[string]llb.State{"golang": base},
		LocalMounts: map[string]fsutil.FS{
			"context": folder(t, root), "dockerfile": folder(t, root),
			"goroot": folder(t, goroot), "tools": folder(t, tools(t)),
		},
		Exports: []client.ExportEntry{{
			Type:   client.ExporterDocker,
			Attrs:  map[string]string{"name": ref},
			Output: func(map[string]string) (io.WriteCloser, error) { return image, nil },
		}},
	}
}

// imageConfig is the base image's configuration: it fetches modules as this
// machine does.
func imageConfig(t testing.TB) string {
	t.Helper()
	env := goEnv(t, "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GOINSECURE", "GONOPROXY")
	env["GOTOOLCHAIN"] = "local"
	env["PATH"] = "/usr/local/go/bin:/bin"
	env["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt"
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"} {
		if value := os.Getenv(name); value != "" {
			env[name] = value
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	config, err := json.Marshal(map[string]any{
		"os": "linux", "architecture": runtime.GOARCH, "config": map[string]any{"Env": list},
	})
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := json.Marshal(map[string]string{
		"containerimage.config": base64.StdEncoding.EncodeToString(config),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(metadata)
}

// tools makes a folder with a shell, the commands that the Dockerfile uses, and
// this machine's certificates.
func tools(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"bin", "tmp", "etc/ssl/certs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal("busybox is not there: install Debian's package busybox-static")
	}
	write(t, filepath.Join(dir, "bin/busybox"), read(t, busybox))
	if err := os.Chmod(filepath.Join(dir, "bin/busybox"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sh", "mkdir", "cp", "ln"} {
		if err := os.Symlink("busybox", filepath.Join(dir, "bin", name)); err != nil {
			t.Fatal(err)
		}
	}
	certificates := os.Getenv("SSL_CERT_FILE")
	if certificates == "" {
		certificates = "/etc/ssl/certs/ca-certificates.crt"
	}
	write(t, filepath.Join(dir, "etc/ssl/certs/ca-certificates.crt"), read(t, certificates))
	return dir
}

// goEnv returns those of the go command's variables that are set.
func goEnv(t testing.TB, names ...string) map[string]string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"env", "-json"}, names...)...).Output()
	if err != nil {
		t.Fatalf("asking go for its settings: %v", err)
	}
	env := map[string]string{}
	if err := json.Unmarshal(out, &env); err != nil {
		t.Fatalf("asking go for its settings: %v", err)
	}
	maps.DeleteFunc(env, func(_, value string) bool { return value == "" })
	return env
}

func folder(t testing.TB, path string) fsutil.FS {
	t.Helper()
	fs, err := fsutil.NewFS(path)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}
