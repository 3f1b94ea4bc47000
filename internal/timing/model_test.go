package timing

import (
	"math"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// near holds a figure to what it must be, within a millisecond.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-3 || math.IsNaN(got) {
		t.Errorf("%s is %.3f, want %.3f", what, got, want)
	}
}

// wide is a build of three commands beside each other that share two processors:
// each is one second of work and took one and a half.
func wide() *record.Record {
	r := build{{nil, 1.5, record.Miss, 0}, {nil, 1.5, record.Miss, 0}, {nil, 1.5, record.Miss, 0}}.record()
	r.Builder.Cores = 2
	r.Load = &record.Load{Every: 0.1}
	for i := range 25 {
		busy := 0.0
		if i >= 10 {
			busy = 3 // all are busy, and one more is wanted
		}
		r.Load.Busy = append(r.Load.Busy, busy)
	}
	return r
}

// Without one of three commands that share two processors the others are faster.
func TestCommandsShareProcessors(t *testing.T) {
	r := wide()
	l := Account(r, []cause.Cause{{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s1"}}}, nil)
	near(t, "the residue", l.Residue, 0)
	near(t, "lost", l.CauseLost["c1"], 0.5)

	// A command of the same length that waits for something else slows nobody.
	r.Load.Busy = make([]float64, 25)
	l = Account(r, []cause.Cause{{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s1"}}}, nil)
	near(t, "lost beside commands that wait", l.CauseLost["c1"], 0)
}

// A single moment in which others woke up is no demand.
func TestPeaksOfTheLoad(t *testing.T) {
	got := steady([]float64{1, 2, 7, 2, 3, 3, 3, 0.5, 9}, 2)
	for i, want := range []float64{1, 2, 2, 2, 2, 3, 3, 0.5, 9} {
		near(t, "a sample", got[i], want)
	}
}

// What waited although its inputs were there, and started when another ended,
// tells the bound on parallel operations.
func TestParallelism(t *testing.T) {
	r := build{{nil, 2, record.Miss, 0}, {nil, 3, record.Miss, 0}, {nil, 2, record.Miss, 0}, {nil, 1, record.Miss, 0}}.record()
	at := func(v int, start, end float64) { r.Vertices[v].Intervals[0] = record.Interval{Start: start, End: end} }
	at(2, 3, 5) // when the first ended
	at(3, 4, 5) // when the second ended
	r.Seconds = 5
	if m := newModel(r); m.on.slots != 2 {
		t.Errorf("the bound is %d, want 2", m.on.slots)
	}
	l := Account(r, []cause.Cause{{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s3"}}}, nil)
	near(t, "the residue", l.Residue, 0)
	near(t, "lost to the third", l.CauseLost["c1"], 1) // then the fourth starts at 3

	at(2, 3.5, 5.5) // half a second after anything ended
	at(3, 1, 2)
	r.Seconds = 5.5
	if m := newModel(r); m.on.slots != 0 {
		t.Errorf("a late start gives a bound of %d", m.on.slots)
	}
}

// fresh is a build on a builder without a store: a hit, whose layer is downloaded for
// the second step, which needs it, as the third would.
func fresh() *record.Record {
	r := build{{nil, 0, record.Hit, 9}, {[]int{0}, 2, record.Miss, 0}, {[]int{1}, 1, record.Miss, 0}}.record()
	r.Vertices[0].Intervals = []record.Interval{{Start: 1, End: 3, Transfer: true}}
	r.Vertices[0].Bytes = 20 << 20
	r.Vertices[1].Intervals[0] = record.Interval{Start: 3, End: 5}
	r.Vertices[1].Layer = &record.Layer{Digest: "sha256:1", Bytes: 10 << 20}
	r.Vertices[2].Intervals[0] = record.Interval{Start: 5, End: 6}
	r.Caches = []record.CacheAccess{{Direction: record.Import, Type: "registry", Start: 0.5, Seconds: 0.5, Index: &record.CacheIndex{Digest: "sha256:2"}}}
	r.Seconds = 6
	return r
}

func TestDownloads(t *testing.T) {
	causes := []cause.Cause{
		{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s2"}},
		{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"s3"}},
		{ID: "c3", Kind: cause.NoCache, Steps: []string{"s2", "s3"}},
	}
	l := Account(fresh(), causes[:1], nil)
	near(t, "the residue", l.Residue, 0)
	near(t, "downloads", l.DownloadSeconds, 2)
	// The third step needs what the second did, and the second's own layer of half the
	// size, which takes a second.
	near(t, "lost to the second step", l.CauseLost["c1"], 1)
	near(t, "lost to the third step", Account(fresh(), causes[1:2], nil).CauseLost["c2"], 1)
	near(t, "lost to both", Account(fresh(), causes[2:], nil).CauseLost["c3"], 5)
	// Without a cache: half a second to begin with, nine of the hit, and the misses.
	near(t, "without cache", l.WithoutCache, 0.5+9+2+1)
}

// exporting is two steps whose layers are exported: 30 MB and 10 MB, in an image that
// is pushed to the registry that the cache goes to.
func exporting() *record.Record {
	r := build{{nil, 1, record.Miss, 0}, {[]int{0}, 1, record.Miss, 0}}.record()
	for i, size := range []int64{30e6, 10e6} {
		r.Vertices[i].Layer = &record.Layer{Digest: id(i), Bytes: size}
	}
	r.Phases = []record.Phase{
		{Kind: record.PhaseExport, Name: "exporting layers", Start: 3, End: 5},
		{Kind: record.PhasePush, Name: "pushing layers", Start: 5, End: 9},
		{Kind: record.PhasePush, Name: "pushing manifest for example.com/app:latest", Start: 9, End: 9.5},
	}
	r.Caches = []record.CacheAccess{{
		Direction: record.Export, Type: "registry", Ref: "example.com/cache", Mode: "max", Start: 5, Seconds: 4, Bytes: 40e6, Size: 40e6,
		Parts: []record.Phase{
			{Kind: record.PhaseLayer, Digest: id(0), Start: 5, End: 9, Bytes: 30e6},
			{Kind: record.PhaseLayer, Digest: id(1), Start: 5, End: 7, Bytes: 10e6},
		},
	}}
	r.Seconds = 9.5
	return r
}

func TestExports(t *testing.T) {
	r := exporting()
	l := Account(r, []cause.Cause{{ID: "c1", Kind: cause.NoCache, Steps: []string{"s1"}}}, nil)
	near(t, "the residue", l.Residue, 0)
	// Without the first step: its second, and three quarters of the layers' two
	// seconds and of the four that the push took beside the cache.
	near(t, "lost to the first step", l.CauseLost["c1"], 1+1.5+3)
	// Without a cache the push has the line for itself.
	near(t, "without cache", l.WithoutCache, 9.5-2)

	r.Caches[0].Ref = "example.org/cache" // another registry, another line
	near(t, "without cache, on two lines", Account(r, nil, nil).WithoutCache, 9.5)
}

// What a step's layer takes to export goes with its measurement to later builds.
func TestExportIsCarried(t *testing.T) {
	base := exporting()
	base.Steps[0].Seconds, base.Steps[1].Seconds = 1, 1
	head := build{{nil, 0, record.Hit, 0}, {[]int{0}, 0, record.Hit, 0}}.record()
	Carry(head, base)
	near(t, "the first step's share", head.Steps[0].Earlier.Export, 0.75*(2+2))
	near(t, "the second step's share", head.Steps[1].Earlier.Export, 0.25*(2+2))
	near(t, "without cache", Account(head, nil, nil).WithoutCache, 1+1+1+4)
}

// A builder that is empty has to pull the image that others pulled.
func TestPullsAreCarried(t *testing.T) {
	image := &record.Source{Kind: record.SourceImage, Ref: "debian"}
	base := build{{nil, 0, record.Miss, 0}, {[]int{0}, 2, record.Miss, 0}}.record()
	base.Vertices[0] = record.Vertex{Kind: record.OpSource, Source: image, Key: "image", Instruction: -1, Intervals: []record.Interval{{Start: 1, End: 4}}}
	base.Vertices[1].Intervals[0] = record.Interval{Start: 4, End: 6}
	base.Steps, base.Seconds, base.Builder.Worker = base.Steps[1:], 6, "one"
	base.Steps[0].Seconds = 2
	head := build{{nil, 0, record.Hit, 0}, {[]int{0}, 0, record.Hit, 0}}.record()
	head.Vertices[0] = record.Vertex{Kind: record.OpSource, Source: image, Key: "image", Instruction: -1, Status: record.Hit}
	head.Steps = head.Steps[1:]
	head.Builder.Worker = "two"
	Carry(head, base)
	near(t, "without cache on another builder", Account(head, nil, nil).WithoutCache, 1+3+2)
	head.Builder.Worker = "one"
	near(t, "without cache on the same builder", Account(head, nil, nil).WithoutCache, 1+2)
}

// Times that cannot be are bounded by the build, and told.
func TestBadTimes(t *testing.T) {
	for name, spoil := range map[string]func(r *record.Record){
		"an end of never":         func(r *record.Record) { r.Vertices[1].Intervals[0].End = 1e12 },
		"a start of long ago":     func(r *record.Record) { r.Vertices[1].Intervals[0].Start = -1e12 },
		"a negative interval":     func(r *record.Record) { r.Vertices[1].Intervals[0] = record.Interval{Start: 3, End: 1} },
		"no number":               func(r *record.Record) { r.Vertices[1].Intervals[0].End = math.NaN() },
		"a wall time of no build": func(r *record.Record) { r.Seconds = 1e300 },
		"no wall time":            func(r *record.Record) { r.Seconds = 0 },
		"a measurement of ages":   func(r *record.Record) { r.Steps[0].Earlier.Seconds = 1e300 },
		"an export of ages": func(r *record.Record) {
			r.Caches = []record.CacheAccess{{Direction: record.Export, Start: 1, Seconds: 1e300}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := build{{nil, 0, record.Hit, 4}, {[]int{0}, 2, record.Miss, 0}, {[]int{1}, 3, record.Miss, 0}}.record()
			spoil(r)
			l := Account(r, []cause.Cause{{ID: "c1", Kind: cause.NoCache, Steps: []string{"s2", "s3"}}}, nil)
			for what, s := range map[string]float64{
				"wall": l.Wall, "saved": l.Saved, "lost": l.Lost, "without cache": l.WithoutCache, "import": l.ImportSeconds,
				"export": l.ExportSeconds, "download": l.DownloadSeconds, "c1": l.CauseLost["c1"], "without misses": l.WithoutMisses,
			} {
				if !(s >= 0 && s <= 30) {
					t.Errorf("%s is %v seconds", what, s)
				}
			}
			if len(l.Warnings) == 0 || !strings.Contains(strings.Join(l.Warnings, " "), "out of range") {
				t.Errorf("nothing is said of it: %q", l.Warnings)
			}
		})
	}
}

func TestRecordWithoutTimes(t *testing.T) {
	r := build{{nil, 0, record.Miss, 0}, {[]int{0}, 0, record.Miss, 0}}.record()
	l := Account(r, []cause.Cause{{ID: "c1", Kind: cause.NoCache, Steps: []string{"s1", "s2"}}}, nil)
	if l.Lost != 0 || len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], "no step that ran has a time") {
		t.Errorf("lost %v, warnings %q", l.Lost, l.Warnings)
	}
}
