package buildkit

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

const run, definition = "RUN true", "[internal] load build definition from Dockerfile"

// aProject is a build of FROM, COPY and RUN as it is when the stream has ended.
func aProject(t testing.TB) (*Build, *assembly) {
	t.Helper()
	dir := t.TempDir()
	text := "FROM example.com/base\nCOPY . .\n" + run + "\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := Prepare(Options{
		Context:   dir,
		CacheFrom: []string{"type=registry,ref=example.com/cache"},
		CacheTo:   []string{"type=registry,ref=example.com/cache", "type=gha", "type=inline"},
		Getenv:    func(name string) (string, bool) { return dir, name == "DOCKER_CONFIG" },
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	source := func(id string) *pb.Op {
		return &pb.Op{Op: &pb.Op_Source{Source: &pb.SourceOp{Identifier: id}}}
	}
	a := &assembly{graph: operation.New("Dockerfile"), file: file, keys: make([]cacheindex.Key, 4)}
	for i, v := range []struct {
		name   string
		lines  []operation.Lines
		op     *pb.Op
		record record.Vertex
	}{
		{"FROM", []operation.Lines{{Start: 1, End: 1}}, source("docker-image://example.com/base"), record.Vertex{Source: &record.Source{Kind: record.SourceImage}}},
		{"context", nil, source("local://context"), record.Vertex{Source: &record.Source{Kind: record.SourceLocal}}},
		{"COPY . .", []operation.Lines{{Start: 2, End: 2}}, &pb.Op{Op: &pb.Op_File{File: &pb.FileOp{}}}, record.Vertex{Inputs: []record.Input{{Vertex: 0}, {Vertex: 1}}}},
		{run, []operation.Lines{{Start: 3, End: 3}}, &pb.Op{Op: &pb.Op_Exec{Exec: &pb.ExecOp{}}}, record.Vertex{Inputs: []record.Input{{Vertex: 2}}}},
	} {
		v.record.Kind, v.record.Key = kindOf(&operation.Vertex{Op: v.op}), v.name
		x := &operation.Vertex{Index: i, ID: digest.FromString(v.name), Op: v.op, Label: v.name, Lines: v.lines}
		for _, in := range v.record.Inputs {
			x.Edges = append(x.Edges, solver.Edge{Vertex: a.graph.Vertices[in.Vertex]})
		}
		a.graph.Vertices, a.vertices = append(a.graph.Vertices, x), append(a.vertices, v.record)
		a.graph.ByDigest[x.ID] = x
	}
	a.places = a.graph.Place(file)
	for i, instruction := range a.places.Instruction {
		a.vertices[i].Instruction = instruction
	}
	return b, a
}

// recorded makes the record of a build of so many seconds.
func recorded(t testing.TB, b *Build, a *assembly, o *observer, seconds float64, failed error) *record.Record {
	t.Helper()
	r := b.result(a, o, make([]indexRead, len(b.request.imports)), nil, failed, began, *moment(seconds)).Record
	if _, err := record.Encode(r); err != nil {
		t.Errorf("the record is not valid: %v", err)
	}
	within := func(what string, start, end float64) {
		if !(0 <= start && start <= end && end <= r.Seconds) {
			t.Errorf("%s goes from %g to %g in a build of %g seconds", what, start, end, r.Seconds)
		}
	}
	for _, v := range r.Vertices {
		for _, iv := range v.Intervals {
			within("a vertex", iv.Start, iv.End)
		}
	}
	phases := slices.Clone(r.Phases)
	for _, c := range r.Caches {
		phases = append(phases, c.Parts...)
		within("a cache", c.Start, microseconds(c.Start+c.Seconds))
	}
	for _, p := range phases {
		within(p.Name, p.Start, p.End)
	}
	return r
}

// TestClocks tells a build of ten seconds in which the Dockerfile is loaded in the
// first one, and a RUN takes from the second to the ninth.
func TestClocks(t *testing.T) {
	inputs := []digest.Digest{digest.FromString("COPY . .")}
	type event struct{ seen, start, end float64 }
	never := math.Inf(1)
	for name, c := range map[string]struct {
		load, run event
		want      record.Interval
		warnings  []string
	}{
		"one clock":                  {event{1, 0.5, 1}, event{9, 2, 9}, record.Interval{Start: 2, End: 9}, nil},
		"a second of delay":          {event{2, 0.5, 1}, event{10, 2, 9}, record.Interval{Start: 2, End: 9}, nil},
		"behind by five seconds":     {event{1, -5, -4}, event{9, -3, 4}, record.Interval{Start: 2, End: 9}, []string{"is 5 s behind"}},
		"ahead by a minute":          {event{1, 60.5, 61}, event{9, 62, 69}, record.Interval{Start: 2, End: 9}, []string{"is 60 s ahead of"}},
		"ahead by half a second":     {event{1, 1, 1.5}, event{9, 2.5, 9.5}, record.Interval{Start: 2, End: 9}, nil},
		"set back while it ran":      {event{1, 0.5, 1}, event{9, 2, -1}, record.Interval{Start: 2, End: 2}, []string{"was set"}},
		"set forward while it ran":   {event{1, 0.5, 1}, event{9, 2, 1009}, record.Interval{Start: 0, End: 9}, []string{"is 1000 s ahead of", "was set"}},
		"shared with an older build": {event{1, 0.5, 1}, event{9, -100, 9}, record.Interval{Start: 0, End: 9}, nil},
		"seen late, and shared":      {event{5, 0.5, 1}, event{10, -100, 6}, record.Interval{Start: 0, End: 6}, nil},
		"without an end":             {event{1, 0.5, 1}, event{9, 2, never}, record.Interval{Start: 2, End: 10}, nil},
		"at the end of time":         {event{1, 0.5, 1}, event{9, 2, 9e9}, record.Interval{Start: 0, End: 9}, []string{"ahead of", "was set"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, a := aProject(t)
			o := newObserver()
			see := func(v *client.Vertex, e event) {
				started := *v
				started.Completed = nil
				o.observe(&client.SolveStatus{Vertexes: []*client.Vertex{&started}}, *moment(min(e.seen, 10)))
				if e.end != never {
					o.observe(&client.SolveStatus{Vertexes: []*client.Vertex{v}}, *moment(e.seen))
				}
			}
			see(spanOf(definition, c.load.start, c.load.end), c.load)
			v := spanOf(run, c.run.start, min(c.run.end, 9e9))
			v.Inputs = inputs
			see(v, c.run)
			r := recorded(t, b, a, o, 10, errors.New("a step failed"))
			if got := r.Vertices[3].Intervals; len(got) != 1 || got[0] != c.want {
				t.Errorf("the RUN took %v, want %v", got, c.want)
			}
			if want := map[bool]record.StepStatus{true: record.NotRun, false: record.Miss}[c.run.end == never]; r.Vertices[3].Status != want {
				t.Errorf("it is %s, want %s", r.Vertices[3].Status, want)
			}
			clocks := slices.DeleteFunc(r.Warnings, func(w string) bool { return !strings.Contains(w, "clock") })
			if len(clocks) != len(c.warnings) {
				t.Errorf("it says %q, want %q", clocks, c.warnings)
			}
			for i, w := range clocks {
				if i < len(c.warnings) && !strings.Contains(w, c.warnings[i]) {
					t.Errorf("it says %q, want %q", w, c.warnings[i])
				}
			}
		})
	}
}

// FuzzObserver states that whatever events come, in whatever order, the record is
// valid and no time in it lies outside the build.
func FuzzObserver(f *testing.F) {
	names := []string{
		"FROM", "context", "COPY . .", run, definition, "[internal] load metadata for example.com/base", "exporting to image",
		"exporting cache to registry", "exporting to GitHub Actions Cache", "importing cache manifest from example.com/cache", "[linux/amd64] generating sbom using x",
	}
	ids := []string{
		"transferring context:", layerDigest("a"), "extracting " + layerDigest("a"), "exporting layers", "pushing layers", inlineStatus,
		"preparing build cache for export", "sending cache export", "writing layer " + layerDigest("a"), "writing config " + layerDigest("b"),
	}
	const size = 3 + 4*8
	event := func(kind, vertex, id byte, times ...int64) []byte {
		b := []byte{kind, vertex, id}
		for _, t := range times {
			b = binary.BigEndian.AppendUint64(b, uint64(t))
		}
		return b
	}
	f.Add(slices.Concat(event(7, 3, 0, 1e9, 2e9, 2e9, 5), event(8|7, 3, 1, 1e9, 2e9, 2e9, 1<<62), event(8|7, 6, 4, math.MinInt64, math.MaxInt64, 0, -1)))
	f.Add(slices.Concat(event(1, 9, 0, 3e9, -2e9, 1e9, 0), event(3|16, 7, 0, math.MaxInt64, math.MinInt64, 9e9, 0), event(8|3, 7, 7, 4e9, 3e9, 1, 1<<62)))
	f.Fuzz(func(t *testing.T, stream []byte) {
		b, a := aProject(t)
		o := newObserver()
		for len(stream) >= size {
			kind, name, id := stream[0], names[int(stream[1])%len(names)], ids[int(stream[2])%len(ids)]
			var n [4]int64
			for i := range n {
				n[i] = int64(binary.BigEndian.Uint64(stream[3+8*i:]))
			}
			stream = stream[size:]
			start, end := began.Add(time.Duration(n[0])), began.Add(time.Duration(n[1]))
			v := &client.Vertex{Digest: digest.FromString(name), Name: name, Cached: kind&16 != 0}
			st := &client.VertexStatus{Vertex: v.Digest, ID: id, Current: n[3]}
			if kind&1 != 0 {
				v.Started, st.Started = &start, &start
			}
			if kind&2 != 0 {
				v.Completed, st.Completed = &end, &end
			}
			if kind&4 != 0 {
				v.Inputs = []digest.Digest{digest.FromString("input")}
			}
			if kind&32 != 0 {
				v.Error = "context canceled"
			}
			s := &client.SolveStatus{Vertexes: []*client.Vertex{v}}
			if kind&8 != 0 {
				s.Statuses = []*client.VertexStatus{st}
			}
			o.observe(s, began.Add(time.Duration(n[2])))
		}
		recorded(t, b, a, o, 10, nil)
	})
}
