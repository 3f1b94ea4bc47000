package cause_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// variant is a build that is explained against the one before it.
type variant struct {
	name   string
	change func(*record.Record)
}

// variants are what can happen from one build to the next, with all steps missed
// but where nothing did.
var variants = []variant{
	{"all hit", nil},
	{"results gone", func(*record.Record) {}},
	{"one file changed", func(r *record.Record) {
		setFile(&r.Manifests[0], len(r.Manifests[0].Paths)/2, 1)
	}},
	{"every file changed", func(r *record.Record) {
		for i := range r.Manifests[0].Paths {
			setFile(&r.Manifests[0], i, uint64(i))
		}
	}},
	{"every file renamed", func(r *record.Record) {
		for i, p := range r.Manifests[0].Paths {
			r.Manifests[0].Paths[i] = p + "x"
		}
	}},
	{"a file in each folder added", func(r *record.Record) {
		m := &r.Manifests[0]
		was := *m
		*m = record.Manifest{Name: was.Name}
		moved := make([]int, len(was.Paths)+1)
		for i, p := range was.Paths {
			moved[i] = len(m.Paths)
			addFile(m, p, 7)
			copy(m.Digests[len(m.Digests)-record.DigestSize:], was.Digests[i*record.DigestSize:])
			if i%100 == 50 {
				addFile(m, p+"x", uint64(i))
			}
		}
		moved[len(was.Paths)] = len(m.Paths)
		for i := range r.Vertices {
			for _, t := range r.Vertices[i].Takes {
				for n, f := range t.Files {
					t.Files[n] = [2]int{moved[f[0]], moved[f[1]]}
				}
			}
		}
	}},
	{"every command edited", func(r *record.Record) {
		for i := range r.Vertices {
			if v := &r.Vertices[i]; v.Kind == record.OpExec {
				v.Parts[0].Digest += "edited"
				r.Dockerfile.Instructions[v.Instruction].Text += " edited"
			}
		}
	}},
	{"every base image moved", func(r *record.Record) {
		for i := range r.Vertices {
			if s := r.Vertices[i].Source; s != nil && s.Kind == record.SourceImage {
				s.Digest += "moved"
			}
		}
	}},
	{"every argument changed", func(r *record.Record) {
		for i := range r.Vertices {
			for n := range r.Vertices[i].Parts {
				if p := &r.Vertices[i].Parts[n]; len(p.Name) > 5 && p.Name[:5] == "env:V" {
					p.Digest += "changed"
				}
			}
		}
	}},
}

// pairs are two builds of some 5,000 steps with 200,000 context files, of many
// stages and of one, for each variant.
func pairs(t testing.TB, run func(name string, head, base *record.Record)) {
	for _, shape := range []struct{ stages, perStage int }{{125, 50}, {1, 5000}} {
		base := generate(rand.New(rand.NewPCG(1, 6)), shape.stages, shape.perStage, 200_000)
		for _, v := range variants {
			head := clone(t, base)
			if v.change == nil {
				for i := range head.Steps {
					head.Steps[i].Status = record.Hit
				}
				for i := range head.Vertices {
					head.Vertices[i].Status = record.Hit
				}
			} else {
				v.change(head)
				rekey(head)
				miss(head)
			}
			run(fmt.Sprintf("%d stages, %s", shape.stages, v.name), head, base)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	pairs(b, func(name string, head, base *record.Record) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			causes := 0
			for b.Loop() {
				causes = len(cause.Explain(head, base, nil))
			}
			b.ReportMetric(float64(len(head.Steps)), "steps")
			b.ReportMetric(float64(causes), "causes")
		})
	})
}

// maxAllocated is what explaining a build of the benchmark may allocate in all, in
// bytes. It never has more than that in use.
const maxAllocated = 300_000_000

func TestExplainingALargeBuildTakesLittleMemory(t *testing.T) {
	pairs(t, func(name string, head, base *record.Record) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		causes := cause.Explain(head, base, nil)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > maxAllocated {
			t.Errorf("%s: %d MB for %d causes", name, n/1_000_000, len(causes))
		}
	})
}
