package buildkittest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Frontend describes an image like docker/dockerfile, which a syntax line can
// name.
type Frontend struct {
	// Marker makes another image that works in the same way.
	Marker string
	// Options are frontend attributes as NAME=VALUE that this image gives itself for
	// each build, so that it makes other operations of the same Dockerfile.
	Options []string
}

// PushFrontend pushes the image to a reference and returns its digest. The program
// in it is bin/dockerfile-frontend, which `make buildkitd` builds.
func PushFrontend(t testing.TB, ref string, f Frontend) string {
	t.Helper()
	config := v1.Config{
		Entrypoint: []string{"/bin/dockerfile-frontend"},
		Labels: map[string]string{
			"moby.buildkit.frontend.network.none": "true",
			"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts",
			"marker":                              f.Marker,
		},
	}
	for i, o := range f.Options {
		// The program reads its attributes from such variables; the daemon numbers its
		// own, and these stand beside them.
		config.Env = append(config.Env, fmt.Sprintf("BUILDKIT_FRONTEND_OPT_OF_IMAGE_%d=%s", i, o))
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, RootFS: v1.RootFS{Type: "layers"}, Config: config,
	})
	if err != nil {
		t.Fatalf("making the configuration of the frontend's image: %v", err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	program := readFile(t, Binary(t, "dockerfile-frontend"))
	err = w.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: "bin/dockerfile-frontend", Mode: 0o755, Size: int64(len(program)), Format: tar.FormatPAX,
	})
	if err == nil {
		_, err = w.Write(program)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatalf("writing the layer of the frontend's image: %v", err)
	}
	if img, err = mutate.AppendLayers(img, static.NewLayer(buf.Bytes(), types.OCIUncompressedLayer)); err != nil {
		t.Fatalf("adding the layer of the frontend's image: %v", err)
	}
	r, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatalf("taking the reference apart: %v", err)
	}
	if err := remote.Write(r, img); err != nil {
		t.Fatalf("pushing the frontend's image: %v", err)
	}
	return digestOf(t, img)
}
