package timing

import (
	"fmt"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// large is a build of 125 stages with 40 commands each, four of which share the
// processors at any time, and a cause in each stage.
func large(status record.StepStatus) (*record.Record, []cause.Cause) {
	var b build
	var last []int
	for s := range 125 {
		for c := range 40 {
			var in []int
			if c > 0 {
				in = []int{len(b) - 1}
			} else if s >= 4 {
				in = []int{last[s-4]}
			}
			b = append(b, struct {
				inputs  []int
				seconds float64
				status  record.StepStatus
				earlier float64
			}{in, 0.2 + float64((s+c)%7)/10, status, 1})
		}
		last = append(last, len(b)-1)
	}
	r := b.record()
	r.Builder.Cores, r.Load = 2, &record.Load{Every: r.Seconds / 1500}
	for range 1500 {
		r.Load.Busy = append(r.Load.Busy, 3)
	}
	var causes []cause.Cause
	for s := range 125 {
		c := cause.Cause{ID: fmt.Sprint("c", s+1), Kind: cause.NoCache}
		for i := range 40 {
			c.Steps = append(c.Steps, id(40*s+i))
		}
		causes = append(causes, c)
	}
	return r, causes
}

// BenchmarkAccount counts builds of 5,000 steps. What one costs must be next to
// nothing beside a build of that size.
func BenchmarkAccount(b *testing.B) {
	for _, v := range []struct {
		name   string
		status record.StepStatus
		causes int
	}{{"all hit", record.Hit, 0}, {"one cause", record.Miss, 1}, {"125 causes", record.Miss, 125}} {
		b.Run(v.name, func(b *testing.B) {
			r, causes := large(v.status)
			b.ReportAllocs()
			for b.Loop() {
				Account(r, causes[:v.causes], nil)
			}
		})
	}
}
