package buildkit_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/record"
)

// The Dockerfile has every way that an operation is linked to its inputs: by key,
// by the content of the context, and by the content of a stage.
const indexed = `FROM {base} AS build
WORKDIR /src
COPY a.txt b/ ./
RUN --mount=type=bind,target=/ctx cat /ctx/a.txt a.txt > out
RUN --mount=type=cache,target=/cache cp out /out
FROM scratch AS empty
COPY --from=build /src/out /one
FROM {base}
COPY --link a.txt /linked
COPY <<EOF /here
text
EOF
ADD a.txt /added
COPY --from=build /out /out
RUN --mount=type=bind,from=empty,target=/e cat /e/one /out > /last
`

// TestIndexOfAnExportedCache asks for the keys of a build in the cache that it
// exported: with mode=max each result is there, with mode=min those of other
// stages are not, and those of an edited file are nowhere.
func TestIndexOfAnExportedCache(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	base := registry + "/index/base"
	buildkittest.PushImage(t, base, buildkittest.Image{Marker: "index"})
	tree := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		p := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("Dockerfile", strings.ReplaceAll(indexed, "{base}", base))
	write("a.txt", "1")
	write("b/b.txt", "1")
	on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	build := func(from, to string) *record.Record {
		t.Helper()
		o := buildkit.Options{
			Context: tree, Progress: "plain", Root: tree,
			Getenv: func(name string) (string, bool) { return filepath.Join(tree, "docker"), name == "DOCKER_CONFIG" },
		}
		if from != "" {
			o.CacheFrom = []string{from}
		}
		if to != "" {
			o.CacheTo = []string{to}
		}
		b, err := buildkit.Prepare(o)
		if err != nil {
			t.Fatal(err)
		}
		res, err := b.Run(t.Context(), on, io.Discard)
		if err != nil || res.Err != nil {
			t.Fatal(err, res)
		}
		return res.Record
	}
	folder := t.TempDir()
	for name, c := range map[string]struct{ from, to string }{
		"registry": {"type=registry,ref=" + registry + "/index/cache", "type=registry,ref=" + registry + "/index/cache,mode="},
		"local":    {"type=local,src=" + folder, "type=local,dest=" + folder + ",mode="},
	} {
		t.Run(name, func(t *testing.T) {
			write("a.txt", name+" 1")
			none := build(c.from, c.to+"max")
			if x := cacheOf(none, record.Import).Index; x == nil || x.Digest != "" {
				t.Errorf("before anything was exported, the index was %+v", x)
			}
			written := cacheOf(none, record.Export).Index
			if written == nil || written.Digest == "" {
				t.Fatalf("the digest of the exported index is not known: %+v", cacheOf(none, record.Export))
			}

			full := build(c.from, "")
			x := cacheOf(full, record.Import).Index
			if x == nil || x.Digest != written.Digest {
				t.Fatalf("the index read is %+v, that written %+v", x, written)
			}
			for i, v := range full.Vertices {
				// The file of a heredoc is made for the COPY that takes it and is not kept.
				heredoc := v.Kind == record.OpFile && len(v.Inputs) == 0
				if v.Kind == record.OpSource || heredoc || slices.Contains(x.Results, i) {
					continue
				}
				t.Errorf("mode=max: vertex %d (%s) is not said to have a result", i, place(full, i))
			}

			write("a.txt", name+" least")
			build("", c.to+"min")
			least := build(c.from, "")
			x = cacheOf(least, record.Import).Index
			if x == nil || x.Digest == written.Digest {
				t.Fatalf("mode=min wrote another index, but this was read: %+v", x)
			}
			for i, v := range least.Vertices {
				text := least.Dockerfile.Instructions[v.Instruction].Text
				if v.Kind == record.OpSource || strings.HasPrefix(text, "WORKDIR") {
					continue // the daemon exports what it imported before, in any mode
				}
				stage := least.Dockerfile.Instructions[v.Instruction].Stage
				heredoc := len(v.Inputs) == 0
				if want, got := stage != 2 || heredoc, slices.Contains(x.Keys, i); want != got {
					t.Errorf("mode=min: that vertex %d (%s) has a key without a result is said: %t, want %t", i, place(least, i), got, want)
				}
			}

			write("a.txt", name+" 2")
			edited := build(c.from, "")
			x = cacheOf(edited, record.Import).Index
			for i, v := range edited.Vertices {
				text := edited.Dockerfile.Instructions[v.Instruction].Text
				if v.Kind == record.OpSource || strings.HasPrefix(text, "WORKDIR") || strings.HasPrefix(text, "COPY <<") {
					continue
				}
				// What copies from a stage can be found by what the stage made, which only
				// the daemon knows.
				unknown := strings.Contains(text, "--from=") || strings.Contains(text, "from=empty") || v.Kind == record.OpMerge
				if !slices.Contains(x.Absent, i) && !unknown || slices.Contains(x.Results, i) || slices.Contains(x.Keys, i) {
					t.Errorf("vertex %d (%s) reads an edited file and is not said to be absent from the index", i, place(edited, i))
				}
			}
		})
	}
}

func cacheOf(r *record.Record, d record.Direction) record.CacheAccess {
	i := slices.IndexFunc(r.Caches, func(c record.CacheAccess) bool { return c.Direction == d })
	if i < 0 {
		return record.CacheAccess{}
	}
	return r.Caches[i]
}

func place(r *record.Record, vertex int) string {
	v := r.Vertices[vertex]
	return string(v.Kind) + " of " + r.Dockerfile.Instructions[v.Instruction].Text
}
