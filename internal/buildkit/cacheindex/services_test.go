package cacheindex

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/cachedigest"
	"github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/history/actionscachetest"
)

// aCache is a cache in a service, with what its tests do to it.
type aCache struct {
	Cache
	// remove drops the index alone.
	remove func(t *testing.T)
}

// TestServices has a real daemon export to each service and import from it, and
// reads the index in between.
func TestServices(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Debug: true})
	actions := actionscachetest.Start(t)
	s3 := buildkittest.StartS3(t)
	azurite := buildkittest.StartAzurite(t)
	main := actionscachetest.Scope{Scope: "refs/heads/main", Permission: 3}
	gha := func(version string) aCache {
		attrs := map[string]string{"token": actions.Token(t, main), "scope": "app" + version, "version": version, "url": actions.URL}
		if version == "2" {
			attrs["url_v2"] = actions.URL
		}
		return aCache{Cache{"gha", attrs}, func(t *testing.T) {
			if n := actions.Remove(main.Scope, "index-app"+version+"-"); n != 1 {
				t.Errorf("there were %d indexes among %q", n, actions.Keys(main.Scope))
			}
		}}
	}
	named := func(attrs map[string]string) map[string]string {
		attrs["name"] = "app;other"
		return attrs
	}
	for name, c := range map[string]aCache{
		"gha v1": gha("1"),
		"gha v2": gha("2"),
		"s3": {Cache{"s3", named(s3.Attrs("team/"))}, func(t *testing.T) {
			if n, err := s3.Remove("team/manifests/"); n != 2 || err != nil {
				t.Errorf("there were %d indexes: %v", n, err)
			}
		}},
		"azblob": {Cache{"azblob", named(azurite.Attrs("team"))}, func(t *testing.T) {
			if n, err := azurite.Remove(t.Context(), "team/manifests/"); n != 2 || err != nil {
				t.Errorf("there were %d indexes: %v", n, err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			base := registry + "/" + strings.ReplaceAll(name, " ", "-")
			buildkittest.PushImage(t, base, buildkittest.Image{Marker: name})
			roundTrip(t, d, base, name, c)
		})
	}
}

func roundTrip(t *testing.T, d *buildkittest.Daemon, base, name string, c aCache) {
	if _, err := Read(t.Context(), c.Cache, nil); !errors.Is(err, ErrNone) {
		t.Fatalf("before the export: %v, want %v", err, ErrNone)
	}
	dockerfile := "FROM " + base + "\nRUN echo 1 > /one\nRUN cat /one > '/" + name + "'\n"
	export := client.CacheOptionsEntry{Type: c.Type, Attrs: maps.Clone(c.Attrs)}
	export.Attrs["mode"] = "max"
	if ran := executed(t, d, dockerfile, client.SolveOpt{CacheExports: []client.CacheOptionsEntry{export}}); ran != 2 {
		t.Fatalf("first build: %d steps ran, want 2", ran)
	}
	key := operation(t, d, "cat /one > '/"+name+"'")
	index, err := Read(t.Context(), c.Cache, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !holds(index, key) {
		t.Errorf("the index has no result for the RUN, %s", key)
	}
	again, err := Read(t.Context(), c.Cache, nil)
	if err != nil || again.Digest != index.Digest || again.Digest.Validate() != nil {
		t.Errorf("the index is called %q, then %q (%v)", index.Digest, again.Digest, err)
	}

	from := []client.CacheOptionsEntry{{Type: c.Type, Attrs: maps.Clone(c.Attrs)}}
	prune(t, d)
	if ran := executed(t, d, dockerfile, client.SolveOpt{CacheImports: from}); ran != 0 {
		t.Errorf("with the imported cache %d steps ran", ran)
	}
	c.remove(t)
	if _, err := Read(t.Context(), c.Cache, nil); !errors.Is(err, ErrNone) {
		t.Errorf("without the index: %v, want %v", err, ErrNone)
	}
	prune(t, d)
	if ran := executed(t, d, dockerfile, client.SolveOpt{CacheImports: from}); ran != 2 {
		t.Errorf("without the index %d steps ran, want 2", ran)
	}
}

// holds says that a part of the index has a record of the operation with a result.
func holds(x *Index, key digest.Digest) bool {
	return slices.ContainsFunc(x.Configs, func(c types.CacheConfig) bool {
		return slices.ContainsFunc(c.Records, func(r types.CacheRecord) bool {
			return r.Digest == outputKey(key, 0) && len(r.Results)+len(r.ChainedResults) > 0
		})
	})
}

func prune(t *testing.T, d *buildkittest.Daemon) {
	t.Helper()
	if err := d.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// executed builds, and returns how many RUN steps the daemon executed.
func executed(t *testing.T, d *buildkittest.Daemon, dockerfile string, opt client.SolveOpt) int {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	fs, err := fsutil.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	opt.Frontend, opt.FrontendAttrs = "dockerfile.v0", map[string]string{}
	opt.LocalMounts = map[string]fsutil.FS{"context": fs, "dockerfile": fs}
	status, done := make(chan *client.SolveStatus), make(chan struct{})
	cached := map[string]bool{}
	go func() {
		defer close(done)
		for s := range status {
			for _, v := range s.Vertexes {
				if v.Completed != nil && strings.Contains(v.Name, "RUN ") {
					cached[v.Name] = v.Cached
				}
			}
		}
	}()
	_, err = d.Client(t).Solve(t.Context(), nil, opt, status)
	<-done
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	ran := 0
	for _, c := range cached {
		if !c {
			ran++
		}
	}
	return ran
}

// operation asks the daemon for the digest of the RUN with this command.
func operation(t *testing.T, d *buildkittest.Daemon, command string) digest.Digest {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, d.DebugURL+"/debug/cache/all", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var records []*cachedigest.Record
	if err := json.NewDecoder(resp.Body).Decode(&records); err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		var text strings.Builder
		for _, f := range r.Data {
			text.Write(f.Data)
		}
		// In JSON the sign > is escaped.
		if r.Type == cachedigest.TypeJSON && strings.Contains(strings.ReplaceAll(text.String(), `\u003e`, ">"), command) {
			return r.Digest
		}
	}
	t.Fatalf("the daemon has computed no key for %q", command)
	return ""
}
