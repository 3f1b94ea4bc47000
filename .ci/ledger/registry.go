package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// store is a registry whose content can be kept and brought back.
type store struct {
	mu      sync.Mutex
	blobs   blobs
	tagged  []manifest
	handler http.Handler
}

// manifest is one that was pushed, as it came.
type manifest struct {
	path, kind string
	body       []byte
}

// content is what a registry holds.
type content struct {
	blobs  map[v1.Hash][]byte
	tagged []manifest
}

func newStore() *store {
	s := &store{}
	if err := s.restore(content{}); err != nil {
		panic(err) // nothing to restore cannot fail
	}
	return s
}

// ServeHTTP reads what is sent before it hands it on: the registry takes one upload
// at a time, and would have one wait for the slow line of another.
func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body []byte
	if r.Method == http.MethodPut || r.Method == http.MethodPatch {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	s.mu.Lock()
	h := s.handler
	if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
		s.tagged = append(s.tagged, manifest{r.URL.Path, r.Header.Get("Content-Type"), body})
	}
	s.mu.Unlock()
	h.ServeHTTP(w, r)
}

// snapshot is what the registry holds now.
func (s *store) snapshot() content {
	s.mu.Lock()
	defer s.mu.Unlock()
	return content{s.blobs.clone(), slices.Clone(s.tagged)}
}

// restore makes the registry hold what it did then.
func (s *store) restore(c content) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs.set(c.blobs)
	s.tagged = slices.Clone(c.tagged)
	s.handler = registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(&s.blobs))
	for _, m := range s.tagged {
		r := httptest.NewRequest(http.MethodPut, m.path, bytes.NewReader(m.body))
		r.Header.Set("Content-Type", m.kind)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusCreated {
			return fmt.Errorf("putting %s back into the registry: %s", m.path, w.Body)
		}
	}
	return nil
}

// without is the content less what was pushed to a repository; its blobs stay, as
// they do in a registry until it collects them.
func (c content) without(repository string) content {
	prefix := "/v2/" + repository + "/"
	tagged := slices.DeleteFunc(slices.Clone(c.tagged), func(m manifest) bool { return strings.HasPrefix(m.path, prefix) })
	return content{c.blobs, tagged}
}

// blobs are layers and configurations by digest.
type blobs struct {
	mu sync.Mutex
	m  map[v1.Hash][]byte
}

func (b *blobs) clone() map[v1.Hash][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.m)
}

func (b *blobs) set(m map[v1.Hash][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.m = map[v1.Hash][]byte{}
	maps.Copy(b.m, m)
}

func (b *blobs) at(h v1.Hash) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.m[h]
	if !ok {
		return nil, registry.ErrNotFound
	}
	return data, nil
}

func (b *blobs) Stat(_ context.Context, _ string, h v1.Hash) (int64, error) {
	data, err := b.at(h)
	return int64(len(data)), err
}

func (b *blobs) Get(_ context.Context, _ string, h v1.Hash) (io.ReadCloser, error) {
	data, err := b.at(h)
	if err != nil {
		return nil, err
	}
	return blobReader{bytes.NewReader(data)}, nil
}

func (b *blobs) Put(_ context.Context, _ string, h v1.Hash, r io.ReadCloser) error {
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.m[h] = data
	return nil
}

// blobReader can be read from any place, which range requests need.
type blobReader struct{ *bytes.Reader }

func (blobReader) Close() error { return nil }
