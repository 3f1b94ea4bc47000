package builder_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/moby/api/types/container"
	dockerclient "github.com/moby/moby/client"
)

const testImage = "example.com/buildkit:test"

// env is an environment with nothing else in it.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// TestDocker runs against one engine, which takes seconds to start.
func TestDocker(t *testing.T) {
	d := buildkittest.StartDocker(t)
	d.LoadBuildkitImage(t, testImage, testImage+"2")
	t.Run("dockerd's own BuildKit", func(t *testing.T) { testDockerd(t, d) })
	t.Run("container of ours", func(t *testing.T) { testOwnContainer(t, d) })
	t.Run("image cannot be had", func(t *testing.T) { testNoImage(t, d) })
	t.Run("container by address", func(t *testing.T) { testContainerByAddress(t, d) })
	t.Run("container of buildx", func(t *testing.T) { testBuildxContainer(t, d) })
	t.Run("container that fails", func(t *testing.T) { testFailingContainer(t, d) })
	t.Run("load", func(t *testing.T) { testLoad(t, d) })
}

// wantBuild fails unless the daemon runs a step.
func wantBuild(t *testing.T, c *client.Client) {
	t.Helper()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	st := llb.Scratch().File(llb.Mkfile("/busybox", 0o755, busybox)).
		Run(llb.Args([]string{"/busybox", "echo", "built"}), llb.IgnoreCache, llb.Network(llb.NetModeNone)).Root()
	def, err := st.Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	status := make(chan *client.SolveStatus)
	var said bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range status {
			for _, l := range s.Logs {
				said.Write(l.Data)
			}
		}
	}()
	_, err = c.Solve(t.Context(), def, client.SolveOpt{}, status)
	<-done
	if err != nil || said.String() != "built\n" {
		t.Errorf("the step said %q, %v", said.String(), err)
	}
}

// wantEntitled fails unless the daemon grants what a build is allowed, and nothing else.
func wantEntitled(t *testing.T, c *client.Client) {
	t.Helper()
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	st := llb.Scratch().File(llb.Mkfile("/busybox", 0o755, busybox)).
		Run(llb.Args([]string{"/busybox", "true"}), llb.IgnoreCache, llb.Network(llb.NetModeHost)).Root()
	def, err := st.Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	for _, allowed := range [][]string{nil, {"network.host", "security.insecure"}} {
		_, err := c.Solve(t.Context(), def, client.SolveOpt{AllowedEntitlements: allowed}, nil)
		if (err == nil) != (allowed != nil) {
			t.Errorf("a step with the host's network, of a build that is allowed %v: %v", allowed, err)
		}
	}
}

func connect(t *testing.T, o builder.Options) *builder.Builder {
	t.Helper()
	b, err := builder.Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return b
}

func testDockerd(t *testing.T, d *buildkittest.Docker) {
	b := connect(t, builder.Options{Address: "default", Getenv: env("DOCKER_HOST", d.Host)})
	if b.Driver != builder.DriverDocker || b.Name != "default" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	if workers, err := b.Client.ListWorkers(t.Context()); err != nil || len(workers) == 0 {
		t.Errorf("workers %v, %v", workers, err)
	}
	wantBuild(t, b.Client)
}

func inspect(t *testing.T, d *buildkittest.Docker, name string) container.InspectResponse {
	t.Helper()
	found, err := d.Engine.ContainerInspect(t.Context(), name, dockerclient.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found.Container
}

func testOwnContainer(t *testing.T, d *buildkittest.Docker) {
	var notices bytes.Buffer
	o := builder.Options{Stderr: &notices,
		Getenv: env("DOCKER_HOST", d.Host, "LAYERCAUSE_BUILDKIT_IMAGE", testImage)}
	b := connect(t, o)
	if b.Driver != builder.DriverContainer || b.Name != "docker-container://layercause_buildkit" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	if limit := b.CPULimit(t.Context()); !b.OnThisMachine() || limit != 0 {
		t.Errorf("on this machine: %t, with at most %g processors; want no limit", b.OnThisMachine(), limit)
	}
	wantBuild(t, b.Client)
	wantEntitled(t, b.Client)
	first := inspect(t, d, "layercause_buildkit")
	if !first.HostConfig.Privileged || first.HostConfig.NetworkMode != "host" || len(first.Mounts) != 1 || first.Mounts[0].Name != "layercause_buildkit_state" {
		t.Errorf("privileged %t, network %q, mounts %v", first.HostConfig.Privileged, first.HostConfig.NetworkMode, first.Mounts)
	}

	// A second build takes the running one, with nothing left of the first.
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wantBuild(t, connect(t, o).Client)
	second := inspect(t, d, "layercause_buildkit")
	if second.ID != first.ID || second.State.StartedAt != first.State.StartedAt {
		t.Errorf("the container was made or started anew")
	}

	// A stopped one is started.
	if _, err := d.Engine.ContainerKill(t.Context(), first.ID, dockerclient.ContainerKillOptions{}); err != nil {
		t.Fatal(err)
	}
	for inspect(t, d, first.ID).State.Running {
		time.Sleep(10 * time.Millisecond)
	}
	wantBuild(t, connect(t, o).Client)
	if third := inspect(t, d, "layercause_buildkit"); third.ID != first.ID {
		t.Errorf("the stopped container was replaced")
	}
	if notices.Len() > 0 {
		t.Errorf("notices %q, want none", notices.String())
	}

	// Another image makes another container with the same cache.
	o.Getenv = env("DOCKER_HOST", d.Host, "LAYERCAUSE_BUILDKIT_IMAGE", testImage+"2", "LAYERCAUSE_BUILDKIT_NETWORK", "none")
	connect(t, o)
	fourth := inspect(t, d, "layercause_buildkit")
	if fourth.ID == first.ID || fourth.Config.Image != testImage+"2" || fourth.HostConfig.NetworkMode != "none" || fourth.Mounts[0].Name != first.Mounts[0].Name {
		t.Errorf("image %q, network %q, mounts %v, same container %t", fourth.Config.Image, fourth.HostConfig.NetworkMode, fourth.Mounts, fourth.ID == first.ID)
	}
	if !strings.Contains(notices.String(), "another image") {
		t.Errorf("notices %q, want one on the other image", notices.String())
	}
}

func testNoImage(t *testing.T, d *buildkittest.Docker) {
	var notices bytes.Buffer
	o := childOptions(t, t.TempDir(), ownTemp(t))
	o.Stderr = &notices
	o.Getenv = env("DOCKER_HOST", d.Host, "LAYERCAUSE_BUILDKIT_IMAGE", "127.0.0.1:1/nothing/here:1")
	b := connect(t, o)
	if b.Driver != builder.DriverChild {
		t.Errorf("driver %q, want the child", b.Driver)
	}
	if got := notices.String(); !strings.Contains(got, "passed by: pulling 127.0.0.1:1/nothing/here:1") || strings.Count(got, "passed by") != 1 {
		t.Errorf("notices %q, want one that names the image", got)
	}
	// The container that worked is still there.
	inspect(t, d, "layercause_buildkit")

	o.ExecutableDir = ""
	_, err := builder.Connect(t.Context(), o)
	wantError(t, err, "no builder could be started in Docker, and buildkitd is not on PATH")
}

// createBuildkit creates a container as buildx does, without starting it.
func createBuildkit(t *testing.T, d *buildkittest.Docker, name string, config container.Config) {
	t.Helper()
	config.Image = testImage
	_, err := d.Engine.ContainerCreate(t.Context(), dockerclient.ContainerCreateOptions{
		Name: name, Config: &config,
		HostConfig: &container.HostConfig{Privileged: true, NetworkMode: "host"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testContainerByAddress(t *testing.T, d *buildkittest.Docker) {
	createBuildkit(t, d, "by-address", container.Config{})
	limits := dockerclient.ContainerUpdateOptions{Resources: &container.Resources{NanoCPUs: 900_000_000}}
	if _, err := d.Engine.ContainerUpdate(t.Context(), "by-address", limits); err != nil {
		t.Fatal(err)
	}
	o := builder.Options{Address: "docker-container://by-address", Getenv: env("DOCKER_HOST", d.Host)}
	b := connect(t, o)
	if b.Driver != builder.DriverContainer || b.Name != "docker-container://by-address" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	if limit := b.CPULimit(t.Context()); !b.OnThisMachine() || limit != 0.9 {
		t.Errorf("on this machine: %t, with %g processors; want 0.9", b.OnThisMachine(), limit)
	}
	wantBuild(t, b.Client)
	started := time.Now()
	b = connect(t, o)
	t.Logf("connecting to a running container took %s", time.Since(started).Round(time.Millisecond))
	wantBuild(t, b.Client)

	// Every dial-stdio ends with its connection.
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		top, err := d.Engine.ContainerTop(t.Context(), "by-address", dockerclient.ContainerTopOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(strings.Join(flatten(top.Processes), "\n"), "dial-stdio"); n <= 1 { // the first builder's
			break
		} else if time.Now().After(deadline) {
			t.Errorf("%d dial-stdio are still there", n)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}

	_, err := builder.Connect(t.Context(), builder.Options{Address: "docker-container://absent", Getenv: env("DOCKER_HOST", d.Host)})
	wantError(t, err, "docker-container://absent cannot be reached: there is no container absent")
}

func flatten(rows [][]string) []string {
	var all []string
	for _, row := range rows {
		all = append(all, row...)
	}
	return all
}

func testBuildxContainer(t *testing.T, d *buildkittest.Docker) {
	createBuildkit(t, d, "buildx_buildkit_builder-1234-uuid0", container.Config{})

	// Where buildx's store cannot be seen the name alone has to do.
	b := connect(t, builder.Options{Address: "builder-1234-uuid",
		Getenv: env("DOCKER_HOST", d.Host, "DOCKER_CONFIG", t.TempDir())})
	if b.Driver != builder.DriverContainer || b.Name != "builder-1234-uuid" {
		t.Errorf("driver %q, name %q", b.Driver, b.Name)
	}
	wantBuild(t, b.Client)
	_, err := builder.Connect(t.Context(), builder.Options{Address: "absent",
		Getenv: env("DOCKER_HOST", d.Host, "DOCKER_CONFIG", t.TempDir())})
	wantError(t, err, "builder absent cannot be reached: there is no container buildx_buildkit_absent0")

	// With the store, by its name, by variable, and as the current one.
	config := t.TempDir()
	writeBuildx(t, config, "instances/ci", `{"Name":"ci","Driver":"docker-container","Nodes":[{"Name":"builder-1234-uuid0","Endpoint":"`+d.Host+`"}]}`)
	writeBuildx(t, config, "current", `{"Key":"`+d.Host+`","Name":"ci","Global":false}`)
	for _, o := range []builder.Options{
		{Address: "ci", Getenv: env("DOCKER_CONFIG", config)},
		{Getenv: env("DOCKER_CONFIG", config, "BUILDX_BUILDER", "ci")},
		{Getenv: env("DOCKER_CONFIG", config, "DOCKER_HOST", d.Host)},
	} {
		b := connect(t, o)
		if b.Driver != builder.DriverContainer || b.Name != "ci" {
			t.Errorf("driver %q, name %q", b.Driver, b.Name)
		}
		wantBuild(t, b.Client)
	}
}

func testFailingContainer(t *testing.T, d *buildkittest.Docker) {
	createBuildkit(t, d, "dies", container.Config{Entrypoint: []string{"/bin/busybox", "sh", "-c", "echo no luck today; exit 3"}})
	createBuildkit(t, d, "stranger", container.Config{Entrypoint: []string{"/bin/busybox", "sleep", "60"}, Env: []string{"PATH=/nothing"}})
	_, err := builder.Connect(t.Context(), builder.Options{Address: "docker-container://dies", Getenv: env("DOCKER_HOST", d.Host)})
	wantError(t, err, "no luck today")

	// This will not get better by waiting, although the container is young.
	started := time.Now()
	_, err = builder.Connect(t.Context(), builder.Options{Address: "docker-container://stranger", Getenv: env("DOCKER_HOST", d.Host)})
	if e := wantError(t, err, "executable file not found"); !strings.Contains(e.Hint, "no buildctl") {
		t.Errorf("hint %q", e.Hint)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s to say so", took)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	createBuildkit(t, d, "slow", container.Config{Entrypoint: []string{"/bin/busybox", "sleep", "60"}})
	_, err = builder.Connect(ctx, builder.Options{Address: "docker-container://slow", Getenv: env("DOCKER_HOST", d.Host)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
}

// testLoad loads through a builder that has nothing to do with the engine.
func testLoad(t *testing.T, d *buildkittest.Docker) {
	daemon := buildkittest.Start(t, buildkittest.Options{})
	b := connect(t, builder.Options{Address: daemon.Address, Getenv: env("DOCKER_HOST", d.Host)})
	if err := b.CanLoad(t.Context()); err != nil {
		t.Fatal(err)
	}
	def, err := llb.Scratch().File(llb.Mkfile("/a", 0o644, []byte("a"))).Marshal(t.Context(), llb.LinuxAmd64)
	if err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(t.TempDir(), "image.tar")
	_, err = b.Client.Solve(t.Context(), def, client.SolveOpt{Exports: []client.ExportEntry{{
		Type: client.ExporterDocker, Attrs: map[string]string{"name": "example.com/loaded:1"},
		Output: func(map[string]string) (io.WriteCloser, error) { return os.Create(image) },
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := b.LoadImage(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Engine.ImageInspect(t.Context(), "example.com/loaded:1"); err != nil {
		t.Error(err)
	}

	var broken bytes.Buffer
	w := tar.NewWriter(&broken)
	w.WriteHeader(&tar.Header{Name: "manifest.json", Size: 2, Mode: 0o644})
	w.Write([]byte("[}"))
	w.Close()
	if err := b.LoadImage(t.Context(), &broken); err == nil || !strings.Contains(err.Error(), "loading the image into Docker") {
		t.Errorf("a broken image was loaded with %v", err)
	}

	b = connect(t, builder.Options{Address: daemon.Address, Getenv: env("DOCKER_HOST", "unix:///nothing/here.sock")})
	var usage *builder.UsageError
	if err := b.CanLoad(t.Context()); !errors.As(err, &usage) || usage.Hint == "" {
		t.Errorf("error %v, want a UsageError with a hint", err)
	}
}

// writeBuildx writes a file of buildx's store below a docker configuration.
func writeBuildx(t *testing.T, config, path, content string) {
	t.Helper()
	path = filepath.Join(config, "buildx", path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
