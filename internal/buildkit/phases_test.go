package buildkit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func moment(s float64) *time.Time {
	t := began.Add(time.Duration(s * float64(time.Second)))
	return &t
}

func layerDigest(c string) string { return "sha256:" + strings.Repeat(c, 64) }

// spanOf is a vertex with one span, statusOf a status of it.
func spanOf(name string, start, end float64) *client.Vertex {
	return &client.Vertex{Digest: digest.FromString(name), Name: name, Started: moment(start), Completed: moment(end)}
}

func statusOf(vertex, id string, start, end float64, bytes int64) *client.VertexStatus {
	return &client.VertexStatus{Vertex: digest.FromString(vertex), ID: id, Started: moment(start), Completed: moment(end), Current: bytes}
}

// observed gives an observer everything of a stream, each in a message of its own that
// arrives the moment that it tells of.
func observed(events ...any) *observer {
	o := newObserver()
	for _, e := range events {
		switch e := e.(type) {
		case *client.Vertex:
			o.observe(&client.SolveStatus{Vertexes: []*client.Vertex{e}}, *e.Completed)
		case *client.VertexStatus:
			o.observe(&client.SolveStatus{Statuses: []*client.VertexStatus{e}}, *e.Completed)
		}
	}
	return o
}

// aBuild is the stream of a build with a context, an image that is pushed, a cache in
// a registry and one in a service, as a daemon sent it.
func aBuild() *observer {
	from, local := "[1/2] FROM example.com/base", "[internal] load build context"
	registry, gha, image := "exporting cache to registry", "exporting to GitHub Actions Cache", "exporting to image"
	return observed(
		spanOf("[internal] load build definition from Dockerfile", 0.1, 0.2),
		statusOf("[internal] load build definition from Dockerfile", "transferring dockerfile:", 0.1, 0.2, 300),
		spanOf("[internal] load metadata for example.com/base:latest", 0.2, 0.6),
		spanOf("[internal] load metadata for example.com/Hidden-Value:latest", 0.2, 0.5),
		spanOf("[auth] team/Hidden-Value:pull token for example.com", 0.25, 0.3),
		spanOf("[internal] load .dockerignore", 0.6, 0.7),
		spanOf("importing cache manifest from example.com/cache", 0.7, 0.9),
		spanOf("[3/9] RUN echo Hidden-Value", 0.7, 0.9), // of another build
		spanOf(local, 0.7, 0.75), spanOf(local, 0.8, 1),
		statusOf(local, "transferring context:", 0.8, 0.9, 2000), statusOf(local, "transferring context:", 0.8, 1, 5000),
		spanOf(from, 0.7, 0.8), spanOf(from, 1, 4),
		statusOf(from, "resolve example.com/base:latest", 0.7, 0.8, 0),
		statusOf(from, layerDigest("a"), 1, 2, 100), statusOf(from, layerDigest("a"), 1, 3, 700),
		statusOf(from, layerDigest("b"), 1, 3, 50), statusOf(from, "extracting "+layerDigest("a"), 3, 4, 0),
		spanOf("run", 2, 5), statusOf("run", layerDigest("b"), 2, 3, 50), statusOf("run", layerDigest("c"), 2, 3, 9),
		spanOf(image, 5, 7),
		statusOf(image, "preparing layers for inline cache", 5, 5.25, 0),
		statusOf(image, "exporting layers", 5.25, 6, 0),
		statusOf(image, "exporting manifest "+layerDigest("d"), 6, 6.5, 0),
		statusOf(image, "exporting config "+layerDigest("e"), 6.5, 7, 0),
		spanOf(image, 7, 9),
		statusOf(image, "pushing layers", 7, 8, 0),
		statusOf(image, "pushing manifest for example.com/app:1@"+layerDigest("f"), 8, 9, 0),
		spanOf(registry, 7, 10), spanOf(registry, 9.5, 10.5),
		statusOf(registry, "preparing build cache for export", 7, 8, 0),
		statusOf(registry, "sending cache export", 8, 10, 0),
		statusOf(registry, "writing layer "+layerDigest("a"), 8, 9, 0),
		statusOf(registry, "writing layer "+layerDigest("c"), 8, 9.5, 0),
		statusOf(registry, "writing config "+layerDigest("1"), 9.5, 9.75, 0),
		statusOf(registry, "writing cache image manifest "+layerDigest("2"), 9.75, 10, 0),
		spanOf(gha, 7, 11),
		statusOf(gha, "preparing build cache for export", 7, 8, 0),
		statusOf(gha, "sending cache export", 8, 11, 0),
		statusOf(gha, "writing layer "+layerDigest("c"), 8.5, 10, 0),
		spanOf("exporting to client directory", 5, 6),
	)
}

// ends is when that build ended.
const ends = 11.5

func show(phases []record.Phase) string {
	var b strings.Builder
	for _, p := range phases {
		fmt.Fprintf(&b, "%s %g-%g %s", p.Kind, p.Start, p.End, p.Name)
		if p.Bytes > 0 {
			fmt.Fprintf(&b, " %d bytes", p.Bytes)
		}
		if p.Digest != "" {
			fmt.Fprintf(&b, " %s", p.Digest[:8])
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestPhases(t *testing.T) {
	o := aBuild()
	inGraph := func(d digest.Digest) bool {
		name := o.vertices[d].name
		return name == "run" || strings.HasPrefix(name, "[1/2] FROM") || name == "[internal] load build context"
	}
	known := knownRef(&record.Record{Dockerfile: record.Dockerfile{Stages: []record.Stage{{Base: "example.com/base"}, {Base: "example.com/$NAME"}}}})
	got := show(o.phases(inGraph, o.timeline(began, *moment(ends)), known))
	want := `load 0.1-0.2 [internal] load build definition 300 bytes
load 0.2-0.5 [internal] load metadata for an image
load 0.2-0.6 [internal] load metadata for example.com/base:latest
load 0.25-0.3 [auth]
load 0.6-0.7 [internal] load .dockerignore
export 5-6 exporting to client directory
export 5.25-6 exporting layers
export 6-6.5 exporting manifest
export 6.5-7 exporting config
push 7-8 pushing layers
push 8-9 pushing manifest for example.com/app:1
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCachesOfAStream(t *testing.T) {
	o := aBuild()
	entry := func(kind, ref string) client.CacheOptionsEntry {
		return client.CacheOptionsEntry{Type: kind, Attrs: map[string]string{"ref": ref}}
	}
	list := o.caches([]client.CacheOptionsEntry{entry("registry", "example.com/cache:latest")},
		[]client.CacheOptionsEntry{entry("registry", "example.com/cache"), entry("gha", ""), entry("inline", ""), entry("s3", "")},
		o.timeline(began, *moment(ends)))
	want := []string{
		"import registry 0.7 for 0.2\n",
		// Two spans that overlap by half a second.
		"export registry 7 for 3.5\n" +
			"prepare 7-8 preparing build cache for export\nlayer 8-9 writing layer sha256:a\nlayer 8-9.5 writing layer sha256:c\n" +
			"index 9.5-9.75 writing config\nindex 9.75-10 writing cache image manifest\n",
		"export gha 7 for 4\n" +
			"prepare 7-8 preparing build cache for export\nlayer 8.5-10 writing layer sha256:c\nindex 10-11 sending cache export\n",
		"export inline 5 for 0.25\nprepare 5-5.25 preparing layers for inline cache\n",
		"export s3 0 for 0\n", // BuildKit never came to it
	}
	for i, c := range list {
		got := fmt.Sprintf("%s %s %g for %g\n%s", c.Direction, c.Type, c.Start, c.Seconds, show(c.Parts))
		if d := cmp.Diff(want[i], got); d != "" {
			t.Error(d)
		}
	}
	if x := list[1].Index; x == nil || x.Digest != layerDigest("1") {
		t.Errorf("the index that was written is %+v", x)
	}
}

// A layer that two operations wait for is downloaded once, and belongs to who asked
// first; what the import of a cache brought is what its index lists.
func TestBytesOfAStream(t *testing.T) {
	o := aBuild()
	names := []string{"[1/2] FROM example.com/base", "[internal] load build context", "run"}
	a := &assembly{graph: operation.New("Dockerfile"), vertices: []record.Vertex{
		{Source: &record.Source{Kind: record.SourceImage}}, {Source: &record.Source{Kind: record.SourceLocal}}, {Kind: record.OpExec},
	}, keys: make([]cacheindex.Key, 3)}
	for i, name := range names {
		v := &operation.Vertex{Index: i, ID: digest.FromString(name), Op: &pb.Op{}}
		a.graph.Vertices = append(a.graph.Vertices, v)
		a.graph.ByDigest[v.ID] = v
	}
	downloads := o.downloads()
	a.bytes(o, downloads)
	for i, want := range []int64{750, 5000, 9} {
		if got := a.vertices[i].Bytes; got != want {
			t.Errorf("%s: %d bytes, want %d", names[i], got, want)
		}
	}
	index := &cacheindex.Index{Sizes: map[digest.Digest]int64{digest.Digest(layerDigest("a")): 700, digest.Digest(layerDigest("c")): 9}}
	caches := []record.CacheAccess{{Direction: record.Import, Type: "registry"}, {Direction: record.Import, Type: "gha"}}
	a.lookUp([]indexRead{{index: index}, {index: index}}, caches, downloads)
	if caches[0].Bytes != 9 || caches[1].Bytes != 0 {
		t.Errorf("%d and %d bytes came from the caches, want 9, once, and none of the image's", caches[0].Bytes, caches[1].Bytes)
	}
}

func TestLoadNames(t *testing.T) {
	known := func(ref string) bool { return ref == "example.com/base:1" }
	for name, want := range map[string]string{
		"[internal] load metadata for example.com/base:1":                          "[internal] load metadata for example.com/base:1",
		"[internal] load metadata for example.com/base:1@" + layerDigest("a"):      "[internal] load metadata for example.com/base:1",
		"[linux/arm64 internal] load metadata for example.com/base:1":              "[linux/arm64 internal] load metadata for example.com/base:1",
		"[linux/arm64 internal] load metadata for example.com/value":               "[linux/arm64 internal] load metadata for an image",
		"resolve image config for docker-image://example.com/value":                "resolve image config for docker-image://an image",
		"docker-image://example.com/value:1@" + layerDigest("a"):                   "docker-image://an image",
		"[context value] load metadata for example.com/value":                      "[context] load",
		"[internal] load git source https://user:value@example.com/repo.git#value": "[internal] load git source",
		"[internal] load build definition from value":                              "[internal] load build definition",
		"[auth] value:pull token for example.com":                                  "[auth]",
		"https://example.com/value":                                                "other work",
		"":                                                                         "other work",
	} {
		if got := loadName(name, known); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
}

// A layer is new to a cache that did not list it, and only then its part has bytes.
// Where that is not known all are new; a service says itself what it is sent.
func TestSizesOfAnExport(t *testing.T) {
	a, b, c := digest.Digest(layerDigest("a")), digest.Digest(layerDigest("b")), digest.Digest(layerDigest("c"))
	after := &cacheindex.Index{Sizes: map[digest.Digest]int64{a: 1, b: 20, c: 300}}
	listed := &cacheindex.Index{Sizes: map[digest.Digest]int64{a: 1, c: 300}}
	early, late := began.Add(time.Second), began.Add(time.Minute)
	for name, x := range map[string]struct {
		kind   string
		before indexRead
		want   int64
		layer  int64 // the part of the layer c
	}{
		"a registry":                       {"registry", indexRead{index: listed, at: early}, 20, 0},
		"a folder that has it all":         {"local", indexRead{index: after, at: early}, 0, 0},
		"nothing was there":                {"registry", indexRead{err: cacheindex.ErrNone, at: early}, 321, 300},
		"it could not be read":             {"local", indexRead{err: errNotRead, at: early}, 321, 300},
		"it was read while it was written": {"registry", indexRead{index: listed, at: late}, 321, 300},
		"read late, but another one":       {"registry", indexRead{index: &cacheindex.Index{Digest: b, Sizes: listed.Sizes}, at: late}, 20, 0},
		"a service":                        {"gha", indexRead{err: errNotRead}, 300, 300},
	} {
		t.Run(name, func(t *testing.T) {
			got := record.CacheAccess{Direction: record.Export, Type: x.kind, Start: 30, Parts: []record.Phase{{Kind: record.PhaseLayer, Digest: c.String()}}}
			describeExport(&got, after, x.before, began)
			if got.Bytes != x.want || got.Size != 321 || got.Parts[0].Bytes != x.layer {
				t.Errorf("%d bytes of %d, the layer with %d; want %d of 321, and %d", got.Bytes, got.Size, got.Parts[0].Bytes, x.want, x.layer)
			}
		})
	}
}
