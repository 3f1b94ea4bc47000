package pipeline_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
)

// scripted is what stories have in place of {scripted}, an image with the package
// managers of JavaScript and Python that the Debian image lacks, {repositories} and
// {no-archives}, see [repositories].
type scripted struct{ *strings.Replacer }

func scriptedPlaces(t *testing.T, d *buildkittest.Daemon) scripted {
	t.Helper()
	all, withoutArchives := repositories(t)
	return scripted{strings.NewReplacer("{scripted}", scriptedImage(t, d), "{repositories}", all, "{no-archives}", withoutArchives)}
}

// in puts the places into a story's acts. Where a build has a proxy of its own, that
// is the last one named: the others are this machine's.
func (p scripted) in(s *story) {
	for i := range s.acts {
		a := &s.acts[i]
		for k, word := range a.words {
			a.words[k] = p.Replace(word)
		}
		if k := slices.IndexFunc(a.words, func(w string) bool { return strings.HasPrefix(w, "http_proxy=http://127.0.0.1:") }); k > 0 {
			a.words = append(a.words, "--build-arg", a.words[k])
		}
	}
}

// scriptedImage builds the image on the Debian one, once for each state of its
// Dockerfile.
func scriptedImage(t *testing.T, d *buildkittest.Daemon) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(suggestionDir, "real/scripted.Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	layout, err := filepath.Abs(fmt.Sprintf("../../.cache/scripted-%.6x", sha256.Sum256(text)))
	if err != nil {
		t.Fatal(err)
	}
	reference := "oci-layout://" + layout + ":latest"
	if _, err := os.Stat(layout); err == nil {
		return reference
	}
	if err := os.MkdirAll(filepath.Dir(layout), 0o755); err != nil {
		t.Fatal(err)
	}
	making := layout + ".new"
	if err := os.RemoveAll(making); err != nil {
		t.Fatal(err)
	}
	o, err := flags(append([]string{"--build-context", "debian=" + debian(t, d),
		"--output", "type=oci,tar=false,compression=zstd,name=scripted:latest,dest=" + making}, proxies()...))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o.Context, o.File, o.Builder, o.Progress = dir, file, d.Address, "plain"
	o.History, o.ReportDir = filepath.Join(dir, "history"), filepath.Join(dir, "report")
	env := pipeline.Env{LookupEnv: func(string) (string, bool) { return "", false }, Stdout: io.Discard, Stderr: t.Output(), Dir: dir, CacheDir: filepath.Join(dir, "cache")}
	if err := pipeline.Build(t.Context(), env, o); err != nil {
		t.Fatalf("building the image: %v", err)
	}
	// The name says that the image is whole: an interrupted run leaves none.
	if err := os.Rename(making, layout); err != nil {
		t.Fatal(err)
	}
	return reference
}
