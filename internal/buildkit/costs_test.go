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
	"github.com/layercause/layercause/internal/history/actionscachetest"
	"github.com/layercause/layercause/internal/record"
)

// Two stages, whose layers hold what cannot be compressed. The second does not need
// the first one's RUN as a layer.
const costly = `FROM {base} AS build
COPY a.txt /
RUN head -c 300000 /dev/urandom > /made
FROM {base}
COPY --from=build /made /copied
RUN sleep 0.2; head -c 200000 /dev/urandom > /last
`

// TestCosts builds with a cache of each kind: everything is new to it, then nothing,
// then it is all that there is.
func TestCosts(t *testing.T) {
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	actions := actionscachetest.Start(t)
	folder := t.TempDir()
	gha := "type=gha,version=1,scope=app,url=" + actions.URL + "/,token=" +
		actions.Token(t, actionscachetest.Scope{Scope: "refs/heads/main", Permission: 3})
	on, err := builder.Connect(t.Context(), builder.Options{Address: d.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	for name, c := range map[string]struct{ from, to string }{
		"registry": {"type=registry,ref=" + registry + "/costs/cache", "type=registry,mode=max,ref=" + registry + "/costs/cache"},
		"local":    {"type=local,src=" + folder, "type=local,mode=max,dest=" + folder},
		"gha":      {gha, gha + ",mode=max"},
	} {
		t.Run(name, func(t *testing.T) {
			base := registry + "/costs/" + name
			buildkittest.PushImage(t, base, buildkittest.Image{Marker: name})
			tree := t.TempDir()
			for file, text := range map[string]string{"Dockerfile": strings.ReplaceAll(costly, "{base}", base), "a.txt": name} {
				if err := os.WriteFile(filepath.Join(tree, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			build := func(o buildkit.Options) *record.Record {
				t.Helper()
				o.Context, o.Root, o.Progress = tree, tree, "plain"
				o.Getenv = func(name string) (string, bool) { return filepath.Join(tree, "docker"), name == "DOCKER_CONFIG" }
				b, err := buildkit.Prepare(o)
				if err != nil {
					t.Fatal(err)
				}
				res, err := b.Run(t.Context(), on, io.Discard)
				if err != nil || res.Err != nil {
					t.Fatal(err, res)
				}
				if len(res.Record.Warnings) > 0 {
					t.Errorf("warnings: %q", res.Record.Warnings)
				}
				return res.Record
			}
			first := build(buildkit.Options{CacheTo: []string{c.to}, Push: true, Tags: []string{registry + "/costs/app:" + name}})
			wrote := cacheOf(first, record.Export)
			if wrote.Size < 700_000 || wrote.Bytes != wrote.Size || wrote.Seconds <= 0 {
				t.Errorf("the first export wrote %d bytes of %d in %g s", wrote.Bytes, wrote.Size, wrote.Seconds)
			}
			var layers int64
			for _, p := range wrote.Parts {
				if p.Kind == record.PhaseLayer {
					layers += p.Bytes
				}
			}
			if layers != wrote.Size || !has(wrote.Parts, record.PhasePrepare) || !has(wrote.Parts, record.PhaseIndex) {
				t.Errorf("the layers' parts have %d bytes, the cache %d: %+v", layers, wrote.Size, wrote.Parts)
			}
			for _, k := range []record.PhaseKind{record.PhaseLoad, record.PhaseExport, record.PhasePush} {
				if !has(first.Phases, k) {
					t.Errorf("no phase of the kind %s: %+v", k, first.Phases)
				}
			}
			last := len(first.Vertices) - 1
			if got := bytesOf(first, "FROM"); got < 1_000_000 {
				t.Errorf("the image was downloaded with %d bytes", got)
			}
			if got := bytesOf(first, "COPY a.txt"); got <= 0 {
				t.Errorf("the context was sent with %d bytes", got)
			}
			sizes(t, first)
			if l := first.Load; l == nil || len(l.Busy) == 0 || first.Builder.Cores < 1 {
				t.Errorf("the load of %g processors is %+v", first.Builder.Cores, l)
			}

			again := cacheOf(build(buildkit.Options{CacheTo: []string{c.to}, CacheFrom: []string{c.from}}), record.Export)
			if again.Bytes != 0 || again.Size != wrote.Size {
				t.Errorf("with nothing new, the export wrote %d bytes, and the cache holds %d; want 0 and %d", again.Bytes, again.Size, wrote.Size)
			}

			if err := d.Prune(t.Context()); err != nil {
				t.Fatal(err)
			}
			pruned := build(buildkit.Options{CacheFrom: []string{c.from}, Outputs: []string{"type=local,dest=" + t.TempDir()}})
			sizes(t, pruned)
			if pruned.Vertices[last].Status != record.Hit {
				t.Errorf("after the prune the last RUN is a %s", pruned.Vertices[last].Status)
			}
			if i := slices.IndexFunc(pruned.Phases, func(p record.Phase) bool { return p.Kind == record.PhaseExport && p.Bytes > 500_000 }); i < 0 {
				t.Errorf("no phase copies the files to the folder: %+v", pruned.Phases)
			}
			// All layers of the second stage: the base's, what was copied, and the RUN's.
			want := bytesOf(first, "FROM")
			for _, v := range pruned.Vertices[last-1:] {
				want += v.Layer.Bytes
			}
			if got := cacheOf(pruned, record.Import).Bytes + bytesOf(pruned, "FROM"); got != want {
				t.Errorf("after the prune %d bytes were downloaded, %d of them of the base; want %d", got, bytesOf(pruned, "FROM"), want)
			}
		})
	}
}

// sizes fails unless it is known how large each step's layer is.
func sizes(t *testing.T, r *record.Record) {
	t.Helper()
	for i, v := range r.Vertices {
		least := int64(50)
		if strings.Contains(place(r, i), "urandom") {
			least = 200_000
		}
		if v.Source == nil && (v.Layer == nil || v.Layer.Bytes < least || v.Layer.Bytes > 400_000) {
			t.Errorf("the layer of %s is %+v, want at least %d bytes", place(r, i), v.Layer, least)
		}
	}
}

func has(phases []record.Phase, k record.PhaseKind) bool {
	return slices.ContainsFunc(phases, func(p record.Phase) bool { return p.Kind == k && p.End > p.Start })
}

// bytesOf is what was transferred for the source of an instruction.
func bytesOf(r *record.Record, text string) (sum int64) {
	for i, v := range r.Vertices {
		if strings.HasPrefix(place(r, i), "source of "+text) {
			sum += v.Bytes
		}
	}
	return sum
}
