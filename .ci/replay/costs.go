package main

import (
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/report"
)

// costs are what steps took when they last ran, and what a build takes besides them.
type costs struct {
	seconds  map[string]float64
	overhead float64
}

// newCosts takes the costs of a build of which every step ran.
func newCosts(rep *report.Report) *costs {
	c := &costs{seconds: map[string]float64{}}
	c.learn(rep)
	end := 0.0 // of the last step; what remains are the sources before and the export after
	start := rep.Build.WallSeconds
	for _, s := range rep.Steps {
		for _, iv := range s.Intervals {
			start, end = min(start, iv.Start), max(end, iv.End)
		}
	}
	c.overhead = rep.Build.WallSeconds - (end - start)
	return c
}

// learn takes over what the steps of a build took.
func (c *costs) learn(rep *report.Report) {
	for _, s := range rep.Steps {
		if s.Status == "miss" {
			c.seconds[s.Instruction] = s.Seconds
		}
	}
}

// predict gives the wall time of a build: each missed step begins when those are done
// that it needs. It reports false if one of them has never been seen.
func (c *costs) predict(b replay.Build) (seconds float64, known bool) {
	missed := map[int]bool{}
	for _, m := range b.Misses {
		missed[m.Step] = true
	}
	known = true
	done := make([]float64, len(b.Plan.Steps))
	for i, s := range b.Plan.Steps {
		for _, in := range s.Inputs {
			done[i] = max(done[i], done[in])
		}
		if missed[i] {
			took, ok := c.seconds[s.Text]
			known = known && ok
			done[i] += took
		}
		seconds = max(seconds, done[i])
	}
	return seconds + c.overhead, known
}
