package timing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// anyRecord makes a record that hangs together and whose times need make no sense:
// of clocks that jump, of builds that ended half way, of whoever wrote it.
func anyRecord(rng *rand.Rand) (*record.Record, []cause.Cause) {
	at := func() float64 {
		switch rng.IntN(12) {
		case 0:
			return -rng.Float64() * 100
		case 1:
			return rng.Float64() * 1e12
		case 2:
			return 0
		}
		return rng.Float64() * 20
	}
	bytes := func() int64 { return rng.Int64N(1 << uint(1+rng.IntN(40))) }
	r := &record.Record{Seconds: max(0, at()), Status: record.Succeeded}
	if rng.IntN(5) == 0 {
		r.Status = record.Failed
	}
	statuses := []record.StepStatus{record.Hit, record.Miss, record.NotRun, record.StepFailed}
	kinds := []record.OpKind{record.OpExec, record.OpFile, record.OpSource, record.OpMerge}
	for i := range 1 + rng.IntN(12) {
		v := record.Vertex{Kind: kinds[rng.IntN(len(kinds))], Instruction: i, Status: statuses[rng.IntN(4)], Bytes: bytes()}
		for j := range i {
			if rng.IntN(3) == 0 {
				v.Inputs = append(v.Inputs, record.Input{Vertex: j, ByContent: rng.IntN(3) == 0})
			}
		}
		for range rng.IntN(4) {
			v.Intervals = append(v.Intervals, record.Interval{Start: at(), End: at(), Transfer: rng.IntN(3) == 0})
		}
		if v.Kind == record.OpSource {
			sources := []record.SourceKind{record.SourceImage, record.SourceLocal, record.SourceHTTP}
			v.Source = &record.Source{Kind: sources[rng.IntN(3)]}
			v.Inputs = nil
		}
		if rng.IntN(3) == 0 {
			v.Layer = &record.Layer{Digest: fmt.Sprint(rng.IntN(5)), Bytes: bytes()}
		}
		if rng.IntN(4) == 0 {
			v.Earlier = &record.Measurement{Seconds: max(0, at())}
		}
		r.Vertices = append(r.Vertices, v)
		r.Dockerfile.Instructions = append(r.Dockerfile.Instructions, record.Instruction{Text: "RUN x"})
		if v.Source == nil {
			s := record.Step{ID: id(i), Instruction: i, Status: v.Status, Key: id(i), Vertices: []int{i}, Seconds: max(0, at())}
			if rng.IntN(2) == 0 {
				s.Earlier = &record.Measurement{Seconds: max(0, at()), Cores: max(0, at()), Alone: max(0, at()), Export: max(0, at())}
			}
			r.Vertices[i].Step = s.ID
			r.Steps = append(r.Steps, s)
		}
	}
	for _, kind := range []record.PhaseKind{record.PhaseLoad, record.PhaseExport, record.PhasePush} {
		start := max(0, at())
		r.Phases = append(r.Phases, record.Phase{Kind: kind, Name: "exporting layers", Start: start, End: start + max(0, at())})
	}
	for _, d := range []record.Direction{record.Import, record.Export, record.Export} {
		c := record.CacheAccess{Direction: d, Type: "registry", Ref: "example.com/c", Mode: "max", Start: at(), Seconds: max(0, at()), Bytes: bytes(), Size: bytes()}
		for i := range rng.IntN(5) {
			start := max(0, at())
			c.Parts = append(c.Parts, record.Phase{Kind: record.PhaseLayer, Digest: fmt.Sprint(i), Start: start, End: start + max(0, at()), Bytes: bytes()})
		}
		r.Caches = append(r.Caches, c)
	}
	if rng.IntN(2) == 0 {
		r.Builder.Cores, r.Load = float64(rng.IntN(5)), &record.Load{Every: 0.1 + rng.Float64()}
		for range rng.IntN(60) {
			r.Load.Busy = append(r.Load.Busy, max(0, at()))
		}
	}
	var causes []cause.Cause
	for c := range rng.IntN(4) {
		x := cause.Cause{ID: fmt.Sprint("c", c+1), Kind: []cause.Kind{cause.ContextFiles, cause.NoCache, cause.FirstBuild}[rng.IntN(3)]}
		for _, s := range r.Steps {
			if rng.IntN(2) == 0 {
				x.Steps = append(x.Steps, s.ID)
			}
		}
		causes = append(causes, x)
	}
	return r, causes
}

// FuzzAccount: whatever a record says, no figure is negative, infinite or none, no
// more is lost than the build took, the balance adds up, and what is marked as a
// phase lies within the build.
func FuzzAccount(f *testing.F) {
	for seed := range uint64(300) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r, causes := anyRecord(rand.New(rand.NewPCG(seed, 7)))
		base, _ := anyRecord(rand.New(rand.NewPCG(seed, 8)))
		Carry(r, base)
		l := Account(r, causes, []*record.Record{base})
		wall := newClock(r).wall
		const noise = 1e-6
		for what, s := range map[string]float64{
			"saved": l.Saved, "lost": l.Lost, "import": l.ImportSeconds, "export": l.ExportSeconds, "download": l.DownloadSeconds,
			"without cache": l.WithoutCache, "without misses": l.WithoutMisses, "without avoidable misses": l.WithoutAvoidable,
		} {
			if !(s >= -noise && s <= 20*maxSeconds) || math.IsInf(s, 0) {
				t.Errorf("%s is %v seconds", what, s)
			}
		}
		if l.Lost > wall+noise {
			t.Errorf("%v of %v seconds were lost", l.Lost, wall)
		}
		for id, s := range l.CauseLost {
			if !(s >= 0 && s <= l.Lost+noise) {
				t.Errorf("%v of %v lost seconds were lost to %s", s, l.Lost, id)
			}
		}
		if net := l.Saved - l.ImportSeconds - l.ExportSeconds - l.DownloadSeconds; math.Abs(net-l.NetSaved) > noise {
			t.Errorf("the net is %v, want %v", l.NetSaved, net)
		}
		for _, p := range l.Phases {
			if p.Start < 0 || p.End < p.Start || p.End > wall {
				t.Errorf("phase %s goes from %v to %v in a build of %v", p.Kind, p.Start, p.End, wall)
			}
		}
		if len(l.Verdicts) != len(r.Caches) {
			t.Errorf("%d verdicts on %d caches", len(l.Verdicts), len(r.Caches))
		}
	})
}
