package buildkittest_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"
)

// build runs one Dockerfile and returns the names of the steps that came from
// the cache, and those that did not.
func build(t *testing.T, c *client.Client, dockerfile string, opt client.SolveOpt) (cached, executed []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	fs, err := fsutil.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	opt.Frontend = "dockerfile.v0"
	opt.FrontendAttrs = map[string]string{}
	opt.LocalMounts = map[string]fsutil.FS{"context": fs, "dockerfile": fs}
	status := make(chan *client.SolveStatus)
	hit := map[string]bool{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := range status {
			for _, v := range s.Vertexes {
				if v.Completed != nil && (strings.HasPrefix(v.Name, "[2/") || strings.HasPrefix(v.Name, "[3/")) {
					hit[v.Name] = v.Cached
				}
			}
		}
	}()
	_, err = c.Solve(t.Context(), nil, opt, status)
	<-done
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	for name, cachedStep := range hit {
		if cachedStep {
			cached = append(cached, name)
		} else {
			executed = append(executed, name)
		}
	}
	return cached, executed
}

func TestDaemonBuildsFromThePushedImageAndTakesTheRegistryCache(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Debug: true})
	c := d.Client(t)
	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{Marker: "one", Env: []string{"FLAVOUR=plain"}})
	dockerfile := "FROM " + registry + "/base:1\n" +
		"RUN test \"$(cat /marker)\" = one && test \"$FLAVOUR\" = plain && env echo ok > /out\n" +
		"RUN sha256sum /out > /sum\n"
	opt := client.SolveOpt{
		CacheImports: []client.CacheOptionsEntry{{Type: "registry", Attrs: map[string]string{"ref": registry + "/cache:main"}}},
		CacheExports: []client.CacheOptionsEntry{{Type: "registry", Attrs: map[string]string{"ref": registry + "/cache:main", "mode": "max"}}},
	}
	if cached, executed := build(t, c, dockerfile, opt); len(executed) != 2 {
		t.Fatalf("first build: executed %q, cached %q, want 2 executed", executed, cached)
	}
	if err := d.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cached, executed := build(t, c, dockerfile, opt); len(cached) != 2 {
		t.Fatalf("with the imported cache: executed %q, cached %q, want 2 cached", executed, cached)
	}
	if err := d.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cached, executed := build(t, c, dockerfile, client.SolveOpt{}); len(executed) != 2 {
		t.Fatalf("after pruning, without import: executed %q, cached %q, want 2 executed", executed, cached)
	}

	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, d.DebugURL+"/debug/cache/all", nil)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "sha256sum /out") {
		t.Errorf("the keys under %s do not hold the RUN step's text (%v)", d.DebugURL, err)
	}

	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{Marker: "two", Env: []string{"FLAVOUR=plain"}})
	moved := strings.Replace(dockerfile, "= one", "= two", 1)
	if _, executed := build(t, c, moved, client.SolveOpt{}); len(executed) != 2 {
		t.Errorf("the moved tag was not seen: executed %q", executed)
	}
}

func TestBaseImageMakesALayoutThatATagMovesIn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	one := buildkittest.BaseImage(t, dir, buildkittest.Image{Tag: "1", Marker: "one"})
	again := buildkittest.BaseImage(t, dir, buildkittest.Image{Tag: "1", Marker: "one"})
	two := buildkittest.BaseImage(t, dir, buildkittest.Image{Tag: "1", Marker: "two"})
	if one != again || one == two {
		t.Errorf("digests are %s, %s for the same image and %s for another", one, again, two)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(index), one) || !strings.Contains(string(index), two) {
		t.Errorf("the tag was not moved to %s: %s", two, index)
	}
}

func TestDaemonLeavesNothingBehind(t *testing.T) {
	var d *buildkittest.Daemon
	t.Run("daemon", func(t *testing.T) {
		d = buildkittest.Start(t, buildkittest.Options{})
		if _, err := d.Client(t).ListWorkers(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
	if err := syscall.Kill(d.PID, 0); err != syscall.ESRCH {
		t.Errorf("process %d is still there (%v)", d.PID, err)
	}
	if _, err := os.Stat(filepath.Dir(d.Log)); !os.IsNotExist(err) {
		t.Errorf("its folder is still there (%v)", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), d.Root) {
		t.Errorf("something is still mounted below %s (%v)", d.Root, err)
	}
}
