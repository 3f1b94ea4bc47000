package buildkittest_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// A daemon whose download broke off asks for the rest of it.
func TestRegistryGoesOnWithADownload(t *testing.T) {
	host := buildkittest.Registry(t)
	buildkittest.PushImage(t, host+"/base:1", buildkittest.Image{})
	manifest, err := crane.Pull(host + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	layers, err := manifest.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v2/base/blobs/"+digest.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=1000-")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	size, _ := layers[0].Size()
	if err != nil || resp.StatusCode != http.StatusOK || n != size {
		t.Errorf("the answer is %s with %d bytes of %d: %v", resp.Status, n, size, err)
	}
}
