package cause_test

import (
	"math/rand/v2"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// BenchmarkExplain compares two builds of some 5,000 steps with 200,000 context
// files.
func BenchmarkExplain(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 6))
	base := generate(rnd, 125, 50, 200_000)
	for name, change := range map[string]func(*record.Record){
		"nothing changed": func(*record.Record) {},
		"one file changed": func(r *record.Record) {
			setFile(&r.Manifests[0], 100_000, 1)
		},
		"every file changed": func(r *record.Record) {
			for i := range r.Manifests[0].Paths {
				setFile(&r.Manifests[0], i, uint64(i))
			}
		},
		"every command edited": func(r *record.Record) {
			for i := range r.Vertices {
				if v := &r.Vertices[i]; v.Kind == record.OpExec {
					v.Parts[0].Digest += "edited"
					r.Dockerfile.Instructions[v.Instruction].Text += " edited"
				}
			}
		},
	} {
		head := clone(b, base)
		change(head)
		rekey(head)
		miss(head)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			causes := 0
			for b.Loop() {
				causes = len(cause.Explain(head, base, nil))
			}
			b.ReportMetric(float64(len(head.Steps)), "steps")
			b.ReportMetric(float64(causes), "causes")
		})
	}
}
