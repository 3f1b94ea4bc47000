package buildkit_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/record"
)

// TestKeysAreTheDaemons builds Dockerfiles with everything that enters a key, and
// asks the daemon for every digest that it computed itself: ours must be among
// them.
func TestKeysAreTheDaemons(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}, Debug: true})
	paths, err := filepath.Glob("testdata/oracle/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("looking for testdata/oracle/*.txtar: %d found, %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		t.Run(name, func(t *testing.T) {
			base := registry + "/" + name
			buildkittest.PushImage(t, base, buildkittest.Image{Marker: name})
			r, salt := buildOracle(t, d, path, base)
			compareWithDaemon(t, d, r, salt)
		})
	}
}

// buildOracle unpacks and builds one archive. Its comment may hold lines of shell
// that make what an archive cannot hold (ln, chmod), run in the context.
func buildOracle(t *testing.T, d *buildkittest.Daemon, path, base string) (*record.Record, record.Salt) {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range a.Files {
		p := filepath.Join(dir, "tree", f.Name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(f.Data), "{base}", base)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(string(a.Comment)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			change(t, filepath.Join(dir, "tree"), words)
		}
	}
	o := buildkit.Options{
		Context: filepath.Join(dir, "tree"), Progress: "plain", Salt: record.Salt{1, 2, 3}, Root: dir,
		BuildArgs:     []string{"VERSION=7", "DIR=src", "HTTP_PROXY=http://proxy.invalid"},
		BuildContexts: []string{"assets=" + filepath.Join(dir, "tree", "assets")},
		Getenv: func(name string) (string, bool) {
			return filepath.Join(dir, "docker"), name == "DOCKER_CONFIG"
		},
	}
	if _, err := os.Stat(filepath.Join(dir, "tree", "assets")); err != nil {
		o.BuildContexts = nil
	}
	b, err := buildkit.Prepare(o)
	if err != nil {
		t.Fatal(err)
	}
	on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	var out strings.Builder
	res, err := b.Run(t.Context(), on, io.Writer(&out))
	if err != nil {
		t.Fatal(err)
	}
	if res.Err != nil {
		t.Fatalf("building: %v\n%s", res.Err, out.String())
	}
	if len(res.Record.Warnings) > 0 {
		t.Errorf("warnings: %q", res.Record.Warnings)
	}
	return res.Record, o.Salt
}

func change(t *testing.T, dir string, words []string) {
	t.Helper()
	at := func(i int) string { return filepath.Join(dir, words[i]) }
	var err error
	switch words[0] {
	case "symlink":
		err = os.Symlink(words[1], at(2))
	case "hardlink":
		err = os.Link(at(1), at(2))
	case "chmod":
		var mode uint32
		if _, err = fmt.Sscanf(words[1], "%o", &mode); err == nil {
			err = os.Chmod(at(2), os.FileMode(mode))
		}
	case "mkdir":
		err = os.MkdirAll(at(1), 0o755)
	default:
		err = fmt.Errorf("unknown command %q", words[0])
	}
	if err != nil {
		t.Fatal(err)
	}
}

// compareWithDaemon keys the daemon's digests as the record's are, and looks for
// the record's among them.
func compareWithDaemon(t *testing.T, d *buildkittest.Daemon, r *record.Record, salt record.Salt) {
	t.Helper()
	operations, contents := map[string]bool{}, map[string]bool{}
	for dgst := range d.Digests(t) {
		operations[salt.Digest("op", dgst.String())] = true
		contents[salt.Digest("content", dgst.String())] = true
	}
	ops, takes := 0, 0
	for i, v := range r.Vertices {
		if v.Source != nil {
			continue
		}
		where := fmt.Sprintf("vertex %d", i)
		if v.Instruction >= 0 {
			where = r.Dockerfile.Instructions[v.Instruction].Text
		}
		if p := slices.IndexFunc(v.Parts, func(p record.Part) bool { return p.Name == "op" }); p < 0 || !operations[v.Parts[p].Digest] {
			t.Errorf("the key of %q is none of the daemon's", where)
		}
		ops++
		for _, take := range v.Takes {
			if !contents[take.Digest] {
				t.Errorf("the digest of what %q takes is none of the daemon's", where)
			}
			takes++
		}
	}
	if ops == 0 {
		t.Error("the record has no operations")
	}
	t.Logf("%d operations and %d contents have the daemon's digests", ops, takes)
}
