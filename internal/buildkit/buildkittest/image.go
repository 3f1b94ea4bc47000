package buildkittest

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image describes a base image with a shell and busybox's commands.
type Image struct {
	// Tag names the image in an OCI layout; empty means latest.
	Tag string
	// Env is its environment as NAME=value, after PATH.
	Env []string
	// Marker is the content of its /marker. Another marker makes another image, so
	// that a test can move a tag.
	Marker string
	// OnBuild are its triggers.
	OnBuild []string
	// Platforms, as OS/ARCH, make an index of one image each; empty means one image
	// of this machine's. The commands in all of them are this machine's.
	Platforms []string
	// Labels are its labels.
	Labels map[string]string
	// Commands are scripts by name, put into /usr/bin.
	Commands map[string][]byte
}

// BaseImage adds an image to the OCI layout in dir, which is made if it is not
// there, and returns the image's digest. An image of the same tag is replaced.
func BaseImage(t testing.TB, dir string, i Image) string {
	t.Helper()
	img := i.build(t, "")
	path, err := layout.FromPath(dir)
	if err != nil {
		if path, err = layout.Write(dir, empty.Index); err != nil {
			t.Fatalf("making the OCI layout: %v", err)
		}
	}
	tag := i.Tag
	if tag == "" {
		tag = "latest"
	}
	const refName = "org.opencontainers.image.ref.name"
	same := func(d v1.Descriptor) bool { return d.Annotations[refName] == tag }
	err = path.ReplaceImage(img, same, layout.WithAnnotations(map[string]string{refName: tag}))
	if err != nil {
		t.Fatalf("writing the base image: %v", err)
	}
	return digestOf(t, img)
}

// PushImage pushes an image to a reference such as 127.0.0.1:5000/base:1 and
// returns its digest.
func PushImage(t testing.TB, ref string, i Image) string {
	t.Helper()
	r, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatalf("taking the reference apart: %v", err)
	}
	if len(i.Platforms) > 0 {
		return i.pushIndex(t, r)
	}
	img := i.build(t, "")
	if err := remote.Write(r, img); err != nil {
		t.Fatalf("pushing the base image: %v", err)
	}
	return digestOf(t, img)
}

func (i Image) pushIndex(t testing.TB, r name.Reference) string {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range i.Platforms {
		platform, err := v1.ParsePlatform(p)
		if err != nil {
			t.Fatalf("reading a platform: %v", err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: i.build(t, p), Descriptor: v1.Descriptor{Platform: platform}})
	}
	if err := remote.WriteIndex(r, index); err != nil {
		t.Fatalf("pushing the base images: %v", err)
	}
	return digestOf(t, index)
}

func digestOf(t testing.TB, img interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	d, err := img.Digest()
	if err != nil {
		t.Fatalf("computing the image's digest: %v", err)
	}
	return d.String()
}

// build makes the image of one platform; empty is this machine's.
func (i Image) build(t testing.TB, platform string) v1.Image {
	t.Helper()
	architecture := runtime.GOARCH
	if platform != "" {
		_, architecture, _ = strings.Cut(platform, "/")
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{
		OS: "linux", Architecture: architecture,
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			OnBuild: i.OnBuild,
			Env:     append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, i.Env...),
			Cmd:     []string{"/bin/sh"},
			Labels:  i.Labels,
		},
	})
	if err != nil {
		t.Fatalf("making the image's configuration: %v", err)
	}
	// Uncompressed: packing costs more than it saves on one machine.
	layer := static.NewLayer(i.rootfs(t), types.OCIUncompressedLayer)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		t.Fatalf("adding the image's layer: %v", err)
	}
	return img
}

// applets are the commands that the images have.
const applets = "[ ash awk base64 basename cat chmod chown cp cut date dd diff dirname du echo env expr false find " +
	"grep gunzip gzip head hostname id install ln ls md5sum mkdir mktemp mv nc od printenv printf ps pwd readlink " +
	"rm rmdir sed seq sh sha256sum sleep sort stat sync tail tar tee test touch tr true uname uniq wc wget which xargs"

// rootfs returns the tar of the image's only layer. Equal images have equal bytes.
func (i Image) rootfs(t testing.TB) []byte {
	t.Helper()
	busybox := readStatic(t)
	var buf bytes.Buffer
	buf.Grow(len(busybox) + 1<<16)
	w := tar.NewWriter(&buf)
	add := func(h tar.Header, data []byte) {
		h.Size = int64(len(data))
		h.Format = tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatalf("writing the image's layer: %v", err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatalf("writing the image's layer: %v", err)
		}
	}
	for _, dir := range []string{"bin/", "etc/", "root/", "usr/", "usr/bin/"} {
		add(tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755}, nil)
	}
	add(tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}, nil)
	add(tar.Header{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}, busybox)
	for _, applet := range bytes.Fields([]byte(applets)) {
		add(tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + string(applet), Linkname: "busybox", Mode: 0o777}, nil)
	}
	add(tar.Header{Typeflag: tar.TypeSymlink, Name: "usr/bin/env", Linkname: "/bin/busybox", Mode: 0o777}, nil)
	for _, name := range slices.Sorted(maps.Keys(i.Commands)) {
		add(tar.Header{Typeflag: tar.TypeReg, Name: "usr/bin/" + name, Mode: 0o755}, i.Commands[name])
	}
	add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/passwd", Mode: 0o644}, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"))
	add(tar.Header{Typeflag: tar.TypeReg, Name: "etc/group", Mode: 0o644}, []byte("root:x:0:\nnogroup:x:65534:\n"))
	add(tar.Header{Typeflag: tar.TypeReg, Name: "marker", Mode: 0o644}, []byte(i.Marker))
	if err := w.Close(); err != nil {
		t.Fatalf("writing the image's layer: %v", err)
	}
	return buf.Bytes()
}

// readStatic reads a busybox that runs without any library.
func readStatic(t testing.TB) []byte {
	t.Helper()
	for _, path := range []string{"/bin/busybox", "/usr/bin/busybox", "/usr/local/bin/busybox"} {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		f, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			continue
		}
		static := true
		for _, p := range f.Progs {
			static = static && p.Type != elf.PT_INTERP
		}
		if static {
			return data
		}
	}
	t.Fatal("there is no static busybox: install Debian's package busybox-static")
	return nil
}
