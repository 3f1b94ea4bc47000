package buildkittest

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Registry runs a registry in memory until the test ends, and returns its
// 127.0.0.1:PORT. It speaks plain HTTP, and takes images, indexes and BuildKit's
// cache manifests.
func Registry(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(inMemory())
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// inMemory is a registry. Who goes on with a download that broke off asks for all from
// a byte on, which the library's refuses with 416; it is given the whole instead, as
// every registry may do, and passes over what it has.
// https://www.rfc-editor.org/rfc/rfc9110#section-14.2
//
// What is sent is read before the library sees it: it takes one upload at a time, and
// a daemon that sends the layers of its image and of its cache at once would wait for
// itself.
func inMemory() http.Handler {
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Range"), "-") {
			r.Header.Del("Range")
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		images.ServeHTTP(w, r)
	})
}
