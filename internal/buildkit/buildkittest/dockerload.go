package buildkittest

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	dockerclient "github.com/moby/moby/client"
)

// LoadImage puts an image into the engine under a reference.
func (d *Docker) LoadImage(t testing.TB, ref string, i Image) {
	t.Helper()
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatalf("taking the reference apart: %v", err)
	}
	img := i.build(t, "")
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(tarball.Write(tag, img, pw)) }()
	resp, err := d.Engine.ImageLoad(t.Context(), pr, dockerclient.ImageLoadWithQuiet(true))
	if err != nil {
		t.Fatalf("loading the image %s: %v", ref, err)
	}
	defer resp.Close()
	if said, err := io.ReadAll(resp); err != nil || bytes.Contains(said, []byte(`"error"`)) {
		t.Fatalf("loading the image %s: %v: %s", ref, err, said)
	}
}
