package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// What a registry holds can be brought back, and only that.
func TestStoreRestore(t *testing.T) {
	s := newStore()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	ref := func(text string) name.Reference {
		r, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/" + text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	push := func(text string) string {
		img, err := random.Image(1000, 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref(text), img); err != nil {
			t.Fatal(err)
		}
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d.String()
	}
	// at is the digest of the image behind a reference, all of which can be read.
	at := func(text string) string {
		img, err := remote.Image(ref(text))
		if err != nil {
			return ""
		}
		layers, err := img.Layers()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layers {
			if _, err := l.Uncompressed(); err != nil {
				t.Fatal(err)
			}
		}
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d.String()
	}
	restore := func(c content) {
		if err := s.restore(c); err != nil {
			t.Fatal(err)
		}
	}

	app, cache := push("app"), push("cache")
	kept := s.snapshot()
	moved, later := push("cache"), push("later")
	if at("cache") != moved || at("later") != later {
		t.Fatal("what was pushed cannot be read")
	}
	restore(kept)
	if at("app") != app || at("cache") != cache || at("later") != "" {
		t.Errorf("restored it holds app %s, cache %s, later %s", at("app"), at("cache"), at("later"))
	}
	restore(kept.without("cache"))
	if at("app") != app || at("cache") != "" {
		t.Errorf("without the cache it holds app %s, cache %s", at("app"), at("cache"))
	}
	restore(kept)
	if at("cache") != cache {
		t.Error("taking the cache away took it from what was kept")
	}
}
