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

func (b build) record() *record.Record {
	r := &record.Record{ID: "head"}
	for i, s := range b {
		v := record.Vertex{Step: id(i), Kind: record.OpExec, Instruction: i}
		for _, in := range s.inputs {
			v.Inputs = append(v.Inputs, record.Input{Vertex: in})
		}
		if s.seconds > 0 {
			v.Intervals = []record.Interval{{Start: 1, End: 1 + s.seconds, Transfer: s.status == record.Hit}}
		}
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

func id(i int) string { return fmt.Sprintf("s%d", i+1) }

func TestAccount(t *testing.T) {
	const hit, miss = record.Hit, record.Miss
	for _, tc := range []struct {
		name   string
		build  build
		causes []cause.Cause
		want   Ledger
	}{
		{
			name:   "a chain loses the sum of its misses",
			build:  build{{nil, 0, hit, 4}, {[]int{0}, 2, miss, 0}, {[]int{1}, 3, miss, 0}},
			causes: []cause.Cause{{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"s2", "s3"}}},
			want:   Ledger{Saved: 4, Lost: 5, NetSaved: 4, CauseLost: map[string]float64{"c1": 5}},
		},
		{
			name:  "of two parallel misses only the longer one costs",
			build: build{{nil, 3, miss, 0}, {nil, 5, miss, 0}, {[]int{0, 1}, 1, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.InstructionChanged, Steps: []string{"s1"}},
				{ID: "c2", Kind: cause.InstructionChanged, Steps: []string{"s2", "s3"}},
			},
			// Without c2 the first step's 3 s remain, without c1 nothing is gained.
			want: Ledger{Lost: 6, CauseLost: map[string]float64{"c1": 0, "c2": 3}},
		},
		{
			name:  "a step with two causes is lost without either",
			build: build{{nil, 5, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.BuildArg, Steps: []string{"s1"}},
				{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"s1"}},
			},
			want: Ledger{Lost: 5, CauseLost: map[string]float64{"c1": 0, "c2": 0}},
		},
		{
			name:  "a parent that only its child needed goes with the child",
			build: build{{nil, 5, miss, 0}, {[]int{0}, 1, miss, 0}},
			causes: []cause.Cause{
				{ID: "c1", Kind: cause.RerunForChild, Steps: []string{"s1"}, Evidence: cause.Evidence{NeededBy: []string{"s2"}}},
				{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"s2"}},
			},
			want: Ledger{Lost: 6, CauseLost: map[string]float64{"c1": 5, "c2": 6}},
		},
		{
			name:  "a hit that was never measured makes a lower bound",
			build: build{{nil, 0, hit, 0}, {[]int{0}, 0, hit, 7}},
			want:  Ledger{Saved: 7, SavedIsBound: true, NetSaved: 7},
		},
		{
			name:  "loading layers eats what a hit saves",
			build: build{{nil, 3, hit, 5}},
			want:  Ledger{Saved: 2, NetSaved: 2},
		},
		{
			name:   "a first build loses nothing",
			build:  build{{nil, 9, miss, 0}},
			causes: []cause.Cause{{ID: "c1", Kind: cause.FirstBuild, Steps: []string{"s1"}}},
			want:   Ledger{CauseLost: map[string]float64{"c1": 0}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Account(tc.build.record(), tc.causes)
			got.Steps = nil
			if tc.want.CauseLost == nil {
				tc.want.CauseLost = map[string]float64{}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCachesStandInTheLedger(t *testing.T) {
	r := build{{nil, 0, record.Hit, 10}}.record()
	r.Seconds = 4
	r.Caches = []record.CacheAccess{
		{Direction: record.Import, Seconds: 1, Bytes: 7}, {Direction: record.Export, Seconds: 2, Bytes: 9},
	}
	got := Account(r, nil)
	want := Ledger{
		Wall: 4, Saved: 10, ImportSeconds: 1, ExportSeconds: 2, ImportBytes: 7, ExportBytes: 9, NetSaved: 7,
		Steps: map[string]Step{"s1": {Saved: 10}}, CauseLost: map[string]float64{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

func TestCriticalPath(t *testing.T) {
	l := Account(build{
		{nil, 3, record.Miss, 0}, {nil, 5, record.Miss, 0}, {[]int{0, 1}, 1, record.Miss, 0}, {nil, 2, record.Miss, 0},
	}.record(), nil)
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
	want := []*record.Measurement{{Seconds: 4, Record: "base", Key: "s1", Worker: "worker"}, {Seconds: 6, Record: "base"}, nil, nil}
	for i, s := range head.Steps {
		if diff := cmp.Diff(want[i], s.Earlier); diff != "" {
			t.Errorf("step %s (-want +got):\n%s", s.ID, diff)
		}
	}
	Carry(head, nil) // nothing to carry from
}

// Whatever the graph: nothing is negative, no more is lost than was spent, a
// cause alone never costs more than all of them, and a build without hits saves
// nothing.
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
			sum += seconds
			b = append(b, struct {
				inputs  []int
				seconds float64
				status  record.StepStatus
				earlier float64
			}{inputs, seconds, record.Miss, 0})
		}
		r := b.record()
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
		l := Account(r, causes)
		if l.Lost < 0 || l.Lost > sum+1e-9 || l.Saved != 0 || math.IsNaN(l.Lost) {
			t.Fatalf("lost %v of %v seconds, saved %v", l.Lost, sum, l.Saved)
		}
		for id, lost := range l.CauseLost {
			if lost < 0 || lost > l.Lost+1e-9 {
				t.Fatalf("cause %s lost %v of %v", id, lost, l.Lost)
			}
		}
	}
}
