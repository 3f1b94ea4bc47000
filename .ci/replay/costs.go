package main

import (
	"slices"

	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/report"
)

// costs are what earlier builds took: each step when it ran, by its text, and what
// there is besides the steps. Of several measurements the one in the middle counts.
type costs struct {
	seconds map[string][]float64
	rest    []float64
}

// learn takes over what a build took. The first one has no plan.
func (c *costs) learn(p *replay.Plan, rep *report.Report) {
	took := map[int]float64{}
	for _, s := range rep.Steps {
		if s.Status == "miss" {
			c.seconds[s.Instruction] = append(c.seconds[s.Instruction], s.Seconds)
			took[s.Line] = s.Seconds
		}
	}
	if p == nil {
		return
	}
	c.rest = append(c.rest, rep.Build.WallSeconds-length(p, func(i int) float64 { return took[p.Steps[i].Line] }))
}

// length is how long the steps take one after the other, where one needs the other.
func length(p *replay.Plan, seconds func(step int) float64) float64 {
	total := 0.0
	done := make([]float64, len(p.Steps))
	for i, s := range p.Steps {
		for _, in := range s.Inputs {
			done[i] = max(done[i], done[in])
		}
		done[i] += seconds(i)
		total = max(total, done[i])
	}
	return total
}

// predict gives the wall time of a build. It reports false if a step that runs, or
// what there is besides the steps, has never been measured.
func (c *costs) predict(b replay.Build) (seconds float64, known bool) {
	missed := map[int]bool{}
	known = len(c.rest) > 0
	for _, m := range b.Misses {
		missed[m.Step] = true
		known = known && len(c.seconds[b.Plan.Steps[m.Step].Text]) > 0
	}
	if !known {
		return 0, false
	}
	return middle(c.rest) + length(b.Plan, func(i int) float64 {
		if !missed[i] {
			return 0
		}
		return middle(c.seconds[b.Plan.Steps[i].Text])
	}), true
}

// middle is the median.
func middle(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}
