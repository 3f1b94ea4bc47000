package ociartifact_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/ociartifact"
)

// aRegistry is a working one. Before each request it asks instead, which plays a
// fault where it returns true.
type aRegistry struct {
	host    string
	mu      sync.Mutex
	instead func(http.ResponseWriter, *http.Request) bool
}

func start(t testing.TB) *aRegistry {
	r := &aRegistry{}
	handler := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		instead := r.instead
		r.mu.Unlock()
		if instead == nil || !instead(w, q) {
			handler.ServeHTTP(w, q)
		}
	}))
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

func (r *aRegistry) set(instead func(http.ResponseWriter, *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instead = instead
}

func (r *aRegistry) open(t testing.TB) *ociartifact.Store {
	t.Helper()
	s, err := ociartifact.New(ociartifact.Options{Reference: r.host + "/team/app:records", Client: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func load(t testing.TB, s *ociartifact.Store, name string) []string {
	t.Helper()
	found, err := s.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, data := range found {
		out = append(out, string(data))
	}
	return out
}

// add appends a word that is not there yet.
func add(ctx context.Context, s *ociartifact.Store, name, word string) error {
	return s.Update(ctx, name, func(old []byte) ([]byte, error) {
		if slices.Contains(strings.Fields(string(old)), word) {
			return old, nil
		}
		return append(slices.Clone(old), word+" "...), nil
	})
}

func TestStore(t *testing.T) {
	r := start(t)
	s := r.open(t)
	if got := load(t, s, "app"); got != nil {
		t.Errorf("an empty registry gives %q", got)
	}
	for _, err := range []error{add(t.Context(), s, "app", "a"), add(t.Context(), s, "app", "b"), add(t.Context(), r.open(t), "other", "x")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a b "}, load(t, r.open(t), "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	stop := errors.New("stop")
	if err := s.Update(t.Context(), "app", func([]byte) ([]byte, error) { return nil, stop }); !errors.Is(err, stop) {
		t.Errorf("an error of merge comes back as %v", err)
	}
}

// TestNothingIsLost has builds end at the same time, with a registry that takes its
// time.
func TestNothingIsLost(t *testing.T) {
	r := start(t)
	r.set(func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(rand.N(30 * time.Millisecond))
		return false
	})
	var builds sync.WaitGroup
	var want []string
	for i := range 4 {
		word := fmt.Sprintf("build%d", i)
		want = append(want, word)
		builds.Go(func() {
			if err := add(t.Context(), r.open(t), "app", word); err != nil {
				t.Errorf("%s: %v", word, err)
			}
		})
	}
	builds.Wait()
	got := load(t, r.open(t), "app")
	if len(got) != 1 || !slices.Equal(slices.Sorted(slices.Values(strings.Fields(got[0]))), want) {
		t.Errorf("the archive holds %q, want %q", got, want)
	}
}

// TestOverwritten has another write over an archive right after it was written, as
// one that read the tag just before does.
func TestOverwritten(t *testing.T) {
	r := start(t)
	s := r.open(t)
	if err := add(t.Context(), s, "app", "before"); err != nil {
		t.Fatal(err)
	}
	old := fetch(t, r, "app")
	var once sync.Once
	r.set(func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPut && strings.Contains(q.URL.Path, "/manifests/records-app") && q.Header.Get("X-Other") == "" {
			once.Do(func() { time.AfterFunc(50*time.Millisecond, func() { put(t, r, "app", old) }) })
		}
		return false
	})
	if err := add(t.Context(), s, "app", "mine"); err != nil {
		t.Fatal(err)
	}
	r.set(nil)
	if diff := cmp.Diff([]string{"before mine "}, load(t, s, "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func fetch(t testing.TB, r *aRegistry, name string) string {
	t.Helper()
	resp, err := http.Get("http://" + r.host + "/v2/team/app/manifests/records-" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return string(text)
}

func put(t testing.TB, r *aRegistry, name, manifest string) {
	q, _ := http.NewRequest(http.MethodPut, "http://"+r.host+"/v2/team/app/manifests/records-"+name, strings.NewReader(manifest))
	q.Header.Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
	q.Header.Set("X-Other", "1")
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Error(err)
		return
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Error(resp.Status)
	}
}

// TestForeignArtifacts puts something else under the tag. It is read as an archive
// that is none, without fetching what it names, and written over.
func TestForeignArtifacts(t *testing.T) {
	const empty = `{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2}`
	layer := func(size int64, kind string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":"sha256:%064d","size":%d}`, kind, 1, size)
	}
	manifest := func(kind, layers string) string {
		return fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":%q,"config":%s,"layers":[%s]}`, kind, empty, layers)
	}
	for name, text := range map[string]string{
		"an image":            manifest("", layer(5, ociartifact.LayerType)),
		"another layer":       manifest(ociartifact.ArtifactType, layer(5, "application/x")),
		"an image of its own": strings.Replace(manifest("", layer(5, ociartifact.LayerType)), "vnd.oci.empty.v1", "vnd.oci.image.config.v1", 1),
		"two layers":          manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)+","+layer(6, ociartifact.LayerType)),
		"no layer":            manifest(ociartifact.ArtifactType, ""),
		"a large layer":       manifest(ociartifact.ArtifactType, layer(history.MaxArchive+1, ociartifact.LayerType)),
		"a negative size":     manifest(ociartifact.ArtifactType, layer(-1, ociartifact.LayerType)),
		"a layer that's gone": manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)),
		"a large manifest":    manifest(ociartifact.ArtifactType, layer(5, ociartifact.LayerType)) + strings.Repeat(" ", 1<<20),
		"no JSON":             "hello",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			s := r.open(t)
			put(t, r, "app", text)
			if diff := cmp.Diff([]string{""}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := add(t.Context(), s, "app", "a"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a "}, load(t, s, "app")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestARegistryThatKnowsItsTypes has one that takes no manifest with a media type that is
// not on a list of its own, as GitLab's does.
// https://gitlab.com/gitlab-org/container-registry/-/blob/master/docs/supported-media-types.md
func TestARegistryThatKnowsItsTypes(t *testing.T) {
	known := []string{"", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json",
		"application/vnd.oci.empty.v1+json", "application/vnd.oci.image.layer.v1.tar+zstd"}
	r := start(t)
	var refused atomic.Int32
	r.set(func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPut || !strings.Contains(q.URL.Path, "/manifests/") {
			return false
		}
		text, err := io.ReadAll(q.Body)
		q.Body = io.NopCloser(bytes.NewReader(text))
		var m ocispec.Manifest
		if err := errors.Join(err, json.Unmarshal(text, &m)); err != nil {
			t.Error(err)
		}
		types := []string{m.MediaType, m.ArtifactType, m.Config.MediaType}
		for _, l := range m.Layers {
			types = append(types, l.MediaType)
		}
		for _, kind := range types {
			if !slices.Contains(known, kind) {
				refused.Add(1)
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprintf(w, `{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid","detail":"unknown media type: %s"}]}`, kind)
				return true
			}
		}
		return false
	})
	for _, word := range []string{"a", "b", "c"} {
		if err := add(t.Context(), r.open(t), "app", word); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"a b c "}, load(t, r.open(t), "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("it refused %d manifests; what it takes is known after the first", n)
	}
}

func TestReferences(t *testing.T) {
	for ref, ok := range map[string]bool{
		"ghcr.io/octo/app": true, "ghcr.io/octo/app:records": true, "localhost:5000/app": true,
		"app": false, "": false, "ghcr.io/Octo": false, "ghcr.io/octo/app:" + strings.Repeat("x", 65): false,
		"user:pass@ghcr.io/octo/app": false, "ghcr.io/octo/app@sha256:" + strings.Repeat("0", 64): false,
	} {
		_, err := ociartifact.New(ociartifact.Options{Reference: ref})
		if (err == nil) != ok {
			t.Errorf("%q: %v", ref, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: the error shows the password: %v", ref, err)
		}
	}
}

// TestWrittenMeanwhile has another build keep its record between this one's reading
// and its writing, and be done with it.
func TestWrittenMeanwhile(t *testing.T) {
	r := start(t)
	var begun atomic.Bool
	r.set(func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.Contains(q.URL.Path, "/blobs/uploads/") && begun.CompareAndSwap(false, true) {
			if err := add(t.Context(), r.open(t), "app", "theirs"); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	if err := add(t.Context(), r.open(t), "app", "mine"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"theirs mine "}, load(t, r.open(t), "app")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
