package pipeline_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// Each story of testdata/suggestions/real installs real packages: those of npm, yarn
// and pnpm, Go's and Debian's from where this machine gets them, the others' from
// repositories of the test's. The image is a Debian root with this machine's Node.js
// ({debian}), Go comes from this machine too ({go}); packagePlaces has the images with
// other package managers.
func TestSuggestionsKeepTheirPromiseWithRealPackages(t *testing.T) {
	paths, err := filepath.Glob(suggestionDir + "/real/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for stories: %d found, %v", len(paths), err)
	}
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	all, withoutArchives := repositories(t)
	index := pythonIndex(t)
	root := debian(t, d)
	places := strings.NewReplacer(append(packagePlaces(t, d, root), "{debian}", root, "{go}", goFolder(t), "{index}", index,
		"{repositories}", all, "{no-archives}", withoutArchives)...)
	for _, p := range paths {
		s, err := readStory(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		s.place(places)
		for i := range s.acts {
			if s.acts[i].name == "build" {
				s.acts[i].words = append(s.acts[i].words, proxies()...)
			}
		}
		throughOwnProxy(s)
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			a := &applied{world: newWorld(t, s, throughDaemon, d, registry), real: true}
			a.tell()
		})
	}
}

// throughOwnProxy lets a build that has a proxy of its own name it last: the others
// are this machine's.
func throughOwnProxy(s *story) {
	for i := range s.acts {
		a := &s.acts[i]
		if k := slices.IndexFunc(a.words, func(w string) bool { return strings.HasPrefix(w, "http_proxy=http://127.0.0.1:") }); k > 0 {
			a.words = append(a.words, "--build-arg", a.words[k])
		}
	}
}

// debian gives the reference of an image with Debian's and npm's clients. The demo
// uses the same one; it is made once, of Debian's packages.
func debian(t *testing.T, d *buildkittest.Daemon) string {
	t.Helper()
	layout, err := filepath.Abs("../../.cache/demo/image")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(layout, "index.json")); err != nil {
		if err := os.MkdirAll(filepath.Dir(layout), 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "../../.ci/base-image", layout, d.Address).CombinedOutput(); err != nil {
			t.Fatalf("making a Debian image: %v\n%s", err, out)
		}
	}
	return "oci-layout://" + layout + ":20-bookworm-slim"
}

// goFolder makes a folder of this machine's Go with what compiles a program that
// prints: the whole of it is large.
func goFolder(t *testing.T) string {
	t.Helper()
	ask := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "go", args...).Output()
		if err != nil {
			t.Fatalf("asking Go: %v", err)
		}
		return strings.TrimSpace(string(out))
	}
	root, folder := ask("env", "GOROOT"), t.TempDir()
	parts := []string{"VERSION", "go.env", "bin/go", "pkg/include"}
	for _, dir := range append(strings.Fields(ask("list", "-deps", "-f", "{{.Dir}}", "fmt", "strings")), ask("env", "GOTOOLDIR")) {
		rel, err := filepath.Rel(root, dir)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, rel)
	}
	for _, part := range parts {
		to := filepath.Join(folder, filepath.Dir(part))
		if err := os.MkdirAll(to, 0o755); err != nil {
			t.Fatal(err)
		}
		// Not into a folder that is there because of one below it.
		if out, err := exec.CommandContext(t.Context(), "cp", "-rT", filepath.Join(root, part), filepath.Join(folder, part)).CombinedOutput(); err != nil {
			t.Fatalf("copying Go: %v\n%s", err, out)
		}
	}
	return folder
}

// proxies hands the machine's proxies on, which are part of no key.
func proxies() []string {
	var out []string
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		if value := os.Getenv(name); value != "" {
			out = append(out, "--build-arg", name+"="+value)
		}
	}
	return out
}

// pythonIndex serves a repository with one package, as PEP 503 describes it.
func pythonIndex(t *testing.T) string {
	t.Helper()
	var wheel bytes.Buffer
	w := zip.NewWriter(&wheel)
	info := "greeting-1.0.dist-info/"
	for _, f := range [][2]string{
		{"greeting.py", "hello = 'hello'\n"},
		{info + "METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", "greeting.py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		entry, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const file = "greeting-1.0-py3-none-any.whl"
	page := fmt.Sprintf(`<!DOCTYPE html><html><body><a href="/%s#sha256=%x">%s</a></body></html>`, file, sha256.Sum256(wheel.Bytes()), file)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /simple/greeting/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, page)
	})
	mux.HandleFunc("GET /"+file, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(2 * time.Second) // as a package takes that is worth a suggestion
		w.Write(wheel.Bytes())
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/simple"
}
