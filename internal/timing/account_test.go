package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// build is a record with one vertex a step: who it uses, how long it ran, and
// how it went.
type build []struct {
	inputs  []int
	seconds float64
	status  record.StepStatus
	earlier float64 // measured before; 0 is never
}

// record lays the steps out as a builder without bounds runs them, from 1 s on.
func (b build) record() *record.Record {
	r := &record.Record{ID: "head", Seconds: 1}
	ends := make([]float64, len(b))
	for i, s := range b {
		v := record.Vertex{Step: id(i), Kind: record.OpExec, Instruction: i}
		start := 1.0
		for _, in := range s.inputs {
			v.Inputs = append(v.Inputs, record.Input{Vertex: in})
			start = max(start, ends[in])
		}
		ends[i] = start + s.seconds
		if s.seconds > 0 {
			v.Intervals = []record.Interval{{Start: start, End: ends[i], Transfer: s.status == record.Hit}}
		}
		r.Seconds = max(r.Seconds, ends[i])
		r.Vertices = append(r.Vertices, v)
		step := record.Step{ID: id(i), Instruction: i, Status: s.status, Key: id(i), Vertices: []int{i}}
		if s.status == record.Hit {
			step.TransferSeconds = s.seconds
		} else {
			step.Seconds = s.seconds
		}
		if s.earlier > 0 {
			step.Earlier = &record.Measurement{Seconds: s.earlier, Record: "base"}
		}
		r.Steps = append(r.Steps, step)
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, record.Instruction{Text: "RUN " + id(i)})
	}
	return r
}

// round takes the noise of addition off.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

func id(i int) string { return fmt.Sprintf("s%d", i+1) }

func TestAccount(t *testing.T) {
	const hit, miss = record.Hit, record.Miss
	type want struct {
		wall, withoutCache, withoutMisses, withoutAvoidable float64
		saved, lost, download, net                          float64
		bound                                               bool
		causes                                              map[string]float64
	}
	for _, tc := range []struct {
		name   string
		build  build
		causes []cause.Cause
		want   want
	}{
		{
			name:   "a chain loses the sum of its misses",
			build:  build{{nil, 0, hit, 4}, {[]int{0}, 2, miss, 0}, {[]int{1}, 3, miss, 0}},
			causes: []cause.Cause{{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s2", "s3"}}},
			want: want{
				wall: 6, withoutCache: 10, withoutMisses: 1, withoutAvoidable: 6,
				saved: 4, net: 4, lost: 5, causes: map[string]float64{"c1": 5},
			},
		},
		{
			name:  "of two parallel misses only the longer one costs",
			build: build{{nil, 3, miss, 0}, {nil, 5, miss, 0}, {[]int{0, 1}, 1, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.InstructionChanged, Steps: []string{"s1"}},
				{ID: "c2", Kind: cause.InstructionChanged, Steps: []string{"s2", "s3"}},
			},
			// Without c2 the first step's 3 s remain, without c1 nothing is gained.
			want: want{
				wall: 7, withoutCache: 7, withoutMisses: 1, withoutAvoidable: 7,
				lost: 6, causes: map[string]float64{"c1": 0, "c2": 3},
			},
		},
		{
			name:  "a step with two causes is lost without either",
			build: build{{nil, 5, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.BuildArg, Steps: []string{"s1"}},
				{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"s1"}},
			},
			want: want{
				wall: 6, withoutCache: 6, withoutMisses: 1, withoutAvoidable: 6,
				lost: 5, causes: map[string]float64{"c1": 0, "c2": 0},
			},
		},
		{
			name:  "a parent that only its child needed goes with the child",
			build: build{{nil, 5, miss, 0}, {[]int{0}, 1, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.RerunForChild, Steps: []string{"s1"}, Evidence: cause.Evidence{NeededBy: []string{"s2"}}},
				{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"s2"}},
			},
			want: want{
				wall: 7, withoutCache: 7, withoutMisses: 1, withoutAvoidable: 2,
				lost: 6, causes: map[string]float64{"c1": 5, "c2": 6},
			},
		},
		{
			name:  "a hit that was never measured makes a lower bound",
			build: build{{nil, 0, hit, 0}, {[]int{0}, 0, hit, 7}},
			want: want{
				wall: 1, withoutCache: 8, withoutMisses: 1, withoutAvoidable: 1, saved: 7, net: 7, bound: true,
			},
		},
		{
			name:  "loading layers is what a hit costs",
			build: build{{nil, 5, hit, 3}, {[]int{0}, 1, miss, 0}},
			want: want{
				wall: 7, withoutCache: 5, withoutMisses: 7, withoutAvoidable: 7, saved: 3, download: 5, net: -2,
			},
		},
		{
			name:   "layers are only loaded for who misses",
			build:  build{{nil, 5, hit, 9}, {[]int{0}, 1, miss, 0}},
			causes: []cause.Cause{{ID: "c1", Kind: cause.NoCache, Steps: []string{"s2"}}},
			want: want{
				wall: 7, withoutCache: 11, withoutMisses: 1, withoutAvoidable: 1, saved: 9, download: 5, net: 4,
				lost: 6, causes: map[string]float64{"c1": 6},
			},
		},
		{
			name:   "a first build loses nothing",
			build:  build{{nil, 9, miss, 0}},
			causes: []cause.Cause{{ID: "c1", Kind: cause.FirstBuild, Steps: []string{"s1"}}},
			want: want{
				wall: 10, withoutCache: 10, withoutMisses: 10, withoutAvoidable: 10, causes: map[string]float64{"c1": 0},
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := Account(tc.build.record(), tc.causes, nil)
			got := want{
				round(l.Wall), round(l.WithoutCache), round(l.WithoutMisses), round(l.WithoutAvoidable),
				round(l.Saved), round(l.Lost), round(l.DownloadSeconds), round(l.NetSaved), l.SavedIsBound, l.CauseLost,
			}
			for id, lost := range got.causes {
				got.causes[id] = round(lost)
			}
			if tc.want.causes == nil {
				tc.want.causes = map[string]float64{}
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
			if round(l.Residue) != 0 || l.Warnings != nil {
				t.Errorf("residue %v, warnings %q", l.Residue, l.Warnings)
			}
		})
	}
}

func TestCachesStandInTheLedger(t *testing.T) {
	r := build{{nil, 4, record.Miss, 0}, {nil, 0, record.Hit, 10}}.record()
	r.Vertices[0].Intervals[0] = record.Interval{Start: 3, End: 7} // once the import has ended
	r.Seconds = 10
	r.Caches = []record.CacheAccess{
		{Direction: record.Import, Start: 1, Seconds: 2, Bytes: 7},
		{Direction: record.Export, Start: 7, Seconds: 3, Bytes: 9},
		{Direction: record.Export, Start: 8, Seconds: 1.5, Bytes: 2},
	}
	l := Account(r, nil, nil)
	// Without a cache: 1 s to begin with, then the 10 s of the hit.
	for name, f := range map[string][2]float64{
		"import": {l.ImportSeconds, 2}, "export": {l.ExportSeconds, 3}, "without cache": {l.WithoutCache, 11},
		"net": {l.NetSaved, 1}, "saved": {l.Saved, 6}, "residue": {l.Residue, 0},
	} {
		if round(f[0]) != f[1] {
			t.Errorf("%s is %v s, want %v", name, f[0], f[1])
		}
	}
	if l.ImportBytes != 7 || l.ExportBytes != 11 {
		t.Errorf("%d bytes imported and %d exported, want 7 and 11", l.ImportBytes, l.ExportBytes)
	}
}

func TestCriticalPath(t *testing.T) {
	l := Account(build{
		{nil, 3, record.Miss, 0}, {nil, 5, record.Miss, 0}, {[]int{0, 1}, 1, record.Miss, 0}, {nil, 2, record.Miss, 0},
	}.record(), nil, nil)
	for step, want := range map[string]bool{"s1": false, "s2": true, "s3": true, "s4": false} {
		if got := l.Steps[step].Critical; got != want {
			t.Errorf("%s is critical: %v, want %v", step, got, want)
		}
	}
}

func TestCarry(t *testing.T) {
	base := build{{nil, 4, record.Miss, 0}, {nil, 0, record.Hit, 6}, {nil, 1, record.Miss, 0}}.record()
	base.ID, base.Builder.Worker = "base", "worker"
	head := build{{nil, 0, record.Hit, 0}, {nil, 0, record.Hit, 0}, {nil, 2, record.Miss, 0}, {nil, 0, record.Hit, 0}}.record()
	head.Steps[0].Key = "other" // found by its text
	Carry(head, base)
	want := []*record.Measurement{{Seconds: 4, Record: "base", Key: "s1", Worker: "worker", Alone: 4}, {Seconds: 6, Record: "base"}, nil, nil}
	for i, s := range head.Steps {
		if diff := cmp.Diff(want[i], s.Earlier); diff != "" {
			t.Errorf("step %s (-want +got):\n%s", s.ID, diff)
		}
	}
	Carry(head, nil) // nothing to carry from
}

// Whatever the graph: nothing is negative, no more is lost than was spent, a build
// is never slower without a cause, a cause alone never costs more than all of
// them, and the net is what the balance says.
func TestAccountIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var b build
		sum := 0.0
		for i := range 1 + rng.IntN(12) {
			var inputs []int
			for j := range i {
				if rng.IntN(3) == 0 {
					inputs = append(inputs, j)
				}
			}
			seconds := rng.Float64() * 10
			status, earlier := record.Miss, 0.0
			if rng.IntN(3) == 0 {
				status, earlier = record.Hit, rng.Float64()*10
			}
			sum += seconds
			b = append(b, struct {
				inputs  []int
				seconds float64
				status  record.StepStatus
				earlier float64
			}{inputs, seconds, status, earlier})
		}
		r := b.record()
		if rng.IntN(2) == 0 {
			r.Builder.Cores, r.Load = 2, &record.Load{Every: 0.5}
			for range int(r.Seconds / 0.5) {
				r.Load.Busy = append(r.Load.Busy, rng.Float64()*2.2)
			}
		}
		if rng.IntN(2) == 0 {
			r.Caches = []record.CacheAccess{
				{Direction: record.Import, Start: 0.2, Seconds: 0.8},
				{Direction: record.Export, Start: r.Seconds, Seconds: rng.Float64() * 5},
			}
			r.Seconds += r.Caches[1].Seconds
			sum += r.Caches[1].Seconds // a layer that is not new is not exported
		}
		var causes []cause.Cause
		for c := range 1 + rng.IntN(3) {
			x := cause.Cause{ID: fmt.Sprint("c", c+1), Kind: cause.ContextFiles}
			for _, s := range r.Steps {
				if rng.IntN(2) == 0 {
					x.Steps = append(x.Steps, s.ID)
				}
			}
			causes = append(causes, x)
		}
		l := Account(r, causes, nil)
		const noise = 1e-6
		if l.Lost < 0 || l.Lost > sum+noise || math.IsNaN(l.Lost) || l.Saved < 0 || math.IsNaN(l.Saved) {
			t.Fatalf("lost %v of %v seconds, saved %v", l.Lost, sum, l.Saved)
		}
		if l.WithoutMisses < -noise || l.WithoutMisses > l.WithoutAvoidable+noise || l.WithoutAvoidable > r.Seconds+noise {
			t.Fatalf("%v s without misses, %v s without avoidable ones, %v s in all", l.WithoutMisses, l.WithoutAvoidable, r.Seconds)
		}
		if net := l.Saved - l.ImportSeconds - l.ExportSeconds - l.DownloadSeconds; math.Abs(net-l.NetSaved) > noise {
			t.Fatalf("net is %v, want %v", l.NetSaved, net)
		}
		for id, lost := range l.CauseLost {
			if lost < 0 || lost > l.Lost+noise {
				t.Fatalf("cause %s lost %v of %v", id, lost, l.Lost)
			}
		}
	}
}
