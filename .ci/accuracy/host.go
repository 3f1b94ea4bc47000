package main

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

//go:embed tool.sh
var tool []byte

// tools are the names that the tool has in the base image.
const tools = "addgroup adduser apk apt-get bun bundle cargo cmake composer conda curl deno dnf dotnet gem go gradle groupadd hugo make meson mix mvn ninja npm " +
	"npx php pip pnpm poetry python sbt stack swift tsc useradd uv vite yarn zig"

// host is what all cases share: a daemon, a registry with the base image, and a
// server of remote files.
type host struct {
	*buildkittest.Run
	daemon   *buildkittest.Daemon
	registry string
	base     v1.Image
	files    *httptest.Server

	mu     sync.Mutex
	remote map[string]string // content by path
}

func newHost(r *buildkittest.Run) (*host, error) {
	h := &host{Run: r, remote: map[string]string{}}
	h.registry = buildkittest.Registry(r)
	h.daemon = h.builder(r)
	commands := map[string][]byte{}
	for _, n := range strings.Fields(tools) {
		commands[n] = tool
	}
	buildkittest.PushImage(r, h.registry+"/base", buildkittest.Image{Commands: commands})
	ref, err := name.ParseReference(h.registry+"/base", name.Insecure)
	if err != nil {
		return nil, err
	}
	if h.base, err = remote.Image(ref); err != nil {
		return nil, fmt.Errorf("reading the base image: %w", err)
	}
	h.files = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		text, ok := h.remote[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, text)
	}))
	r.Cleanup(h.files.Close)
	return h, nil
}

// push makes an image of its own out of the base: with a file that says which one
// it is.
func (h *host) push(ref, content string) error {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	err := errors.Join(
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "opt/", Mode: 0o755}),
		w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "opt/tool", Mode: 0o755, Size: int64(len(content))}),
	)
	io.WriteString(w, content)
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("making the image %s: %w", ref, err)
	}
	img, err := mutate.AppendLayers(h.base, static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer))
	if err != nil {
		return fmt.Errorf("making the image %s: %w", ref, err)
	}
	r, err := name.ParseReference(h.registry+"/"+ref, name.Insecure)
	if err != nil {
		return err
	}
	if err := remote.Write(r, img); err != nil {
		return fmt.Errorf("pushing the image %s: %w", ref, err)
	}
	return nil
}

// builder starts a daemon with an empty state until the run ends.
func (h *host) builder(r *buildkittest.Run) *buildkittest.Daemon {
	return buildkittest.Start(r, buildkittest.Options{PlainHTTP: []string{h.registry}})
}

func (h *host) serve(path, content string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remote[path] = content
}
