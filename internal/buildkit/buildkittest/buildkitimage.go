package buildkittest

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	dockerclient "github.com/moby/moby/client"
)

// LoadBuildkitImage puts an image like moby/buildkit into the engine under the
// given references: buildkitd as entrypoint, buildctl, runc and a shell, made of
// the binaries on this machine.
func (d *Docker) LoadBuildkitImage(t testing.TB, refs ...string) {
	t.Helper()
	img := buildkitImage(t)
	images := map[name.Reference]v1.Image{}
	for _, ref := range refs {
		r, err := name.NewTag(ref)
		if err != nil {
			t.Fatalf("taking the reference apart: %v", err)
		}
		images[r] = img
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(tarball.MultiRefWrite(images, pw)) }()
	resp, err := d.Engine.ImageLoad(t.Context(), pr, dockerclient.ImageLoadWithQuiet(true))
	if err != nil {
		t.Fatalf("loading BuildKit's image: %v", err)
	}
	defer resp.Close()
	said, err := io.ReadAll(resp)
	if err != nil || bytes.Contains(said, []byte(`"error"`)) {
		t.Fatalf("loading BuildKit's image: %v: %s", err, said)
	}
}

func buildkitImage(t testing.TB) v1.Image {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	add := func(path string, data []byte) {
		h := tar.Header{Typeflag: tar.TypeReg, Name: path[1:], Mode: 0o755, Size: int64(len(data)), Format: tar.FormatPAX}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatalf("writing BuildKit's image: %v", err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatalf("writing BuildKit's image: %v", err)
		}
	}
	add("/usr/bin/buildkitd", readFile(t, Binary(t, "buildkitd")))
	add("/usr/bin/buildctl", readFile(t, Binary(t, "buildctl")))
	add("/bin/busybox", readStatic(t))
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/sh", Linkname: "busybox", Mode: 0o777}); err != nil {
		t.Fatalf("writing BuildKit's image: %v", err)
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		t.Fatalf("writing BuildKit's image: %v", err)
	}
	data := readFile(t, runcPath(t))
	add("/usr/bin/runc", data)
	for _, lib := range libraries(t, data) {
		add(lib, readFile(t, lib))
	}
	if err := w.Close(); err != nil {
		t.Fatalf("writing BuildKit's image: %v", err)
	}
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH,
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Env:        []string{"PATH=/usr/bin:/bin"},
			Entrypoint: []string{"buildkitd"},
			Volumes:    map[string]struct{}{"/var/lib/buildkit": {}},
		},
	})
	if err != nil {
		t.Fatalf("making the configuration of BuildKit's image: %v", err)
	}
	img, err = mutate.AppendLayers(img, static.NewLayer(buf.Bytes(), types.DockerUncompressedLayer))
	if err != nil {
		t.Fatalf("adding the layer of BuildKit's image: %v", err)
	}
	return img
}

// libraries returns the paths of the loader and the libraries that a program
// needs, those that the libraries need included.
func libraries(t testing.TB, program []byte) []string {
	t.Helper()
	var paths []string
	seen := map[string]bool{}
	queue := [][]byte{program}
	for len(queue) > 0 {
		f, err := elf.NewFile(bytes.NewReader(queue[0]))
		if err != nil {
			t.Fatalf("looking for the libraries of a program: %v", err)
		}
		queue = queue[1:]
		needed, err := f.ImportedLibraries()
		if err != nil {
			t.Fatalf("looking for the libraries of a program: %v", err)
		}
		for _, p := range f.Progs {
			if p.Type == elf.PT_INTERP {
				b, err := io.ReadAll(p.Open())
				if err != nil {
					t.Fatalf("looking for the loader of a program: %v", err)
				}
				needed = append(needed, string(bytes.TrimRight(b, "\x00")))
			}
		}
		for _, lib := range needed {
			path := findLibrary(t, lib)
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
				queue = append(queue, readFile(t, path))
			}
		}
	}
	return paths
}

func findLibrary(t testing.TB, lib string) string {
	t.Helper()
	if filepath.IsAbs(lib) {
		return lib
	}
	for _, pattern := range []string{"/lib/*-linux-gnu*/", "/usr/lib/*-linux-gnu*/", "/lib64/", "/usr/lib64/", "/lib/", "/usr/lib/"} {
		if found, _ := filepath.Glob(pattern + lib); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("the library %s is not there", lib)
	return ""
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("reading a file for an image: %v", err)
	}
	return data
}

// runcPath returns the path of runc, which Debian has in a folder that only
// root's PATH holds.
func runcPath(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("runc"); err == nil {
		return path
	}
	const path = "/usr/sbin/runc"
	if _, err := os.Stat(path); err != nil {
		t.Fatal("runc is not there: install Debian's package runc")
	}
	return path
}
