package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// stageSteps are the steps of one stage on one platform, as indexes into the
// report's. Both traces show them together.
type stageSteps struct {
	stage    string
	platform string // empty if the build is for one platform
	steps    []int
}

func (s stageSteps) title() string {
	name := "steps"
	if s.stage != "" {
		name = "stage " + traceText(s.stage)
	}
	if s.platform != "" {
		name += " " + traceText(s.platform)
	}
	return name
}

// stagesOf groups the steps by stage and platform, in the order of the file.
func stagesOf(r *Report) []stageSteps {
	platforms := map[string]bool{}
	for i := range r.Steps {
		platforms[r.Steps[i].Platform] = true
	}
	var stages []stageSteps
	at := map[[2]string]int{}
	for i := range r.Steps {
		s := stageSteps{stage: r.Steps[i].Stage}
		if len(platforms) > 1 {
			s.platform = r.Steps[i].Platform
		}
		n, known := at[[2]string{s.stage, s.platform}]
		if !known {
			n = len(stages)
			at[[2]string{s.stage, s.platform}] = n
			stages = append(stages, s)
		}
		stages[n].steps = append(stages[n].steps, i)
	}
	return stages
}

// intervals says of each step of the stage when it worked. BuildKit does not tell
// when it found a hit; one that loaded no layers gets the moment when the next
// step of the stage began, or when the last one ended.
func (s stageSteps) intervals(r *Report) [][]Interval {
	next := 0.0
	for _, i := range s.steps {
		for _, iv := range r.Steps[i].Intervals {
			next = max(next, iv.End)
		}
	}
	out := make([][]Interval, len(s.steps))
	for k, i := range slices.Backward(s.steps) {
		x := &r.Steps[i]
		out[k] = x.Intervals
		if len(out[k]) == 0 && x.Status == string(record.Hit) {
			out[k] = []Interval{{Start: next, End: next}}
		}
		if len(out[k]) > 0 {
			next = out[k][0].Start
		}
	}
	return out
}

// phasesOf are the phases in order of start. A report without any still knows
// when its caches were read and written.
func phasesOf(r *Report) []Phase {
	phases := slices.Clone(r.Phases)
	if len(phases) == 0 {
		for _, c := range r.Caches {
			kind := c.Direction
			if kind == "export" {
				kind = "cache-export"
			}
			phases = append(phases, Phase{Kind: kind, Name: c.Type + " " + c.Ref, Start: c.Start, End: c.Start + c.Seconds, Bytes: c.Bytes})
		}
	}
	slices.SortStableFunc(phases, func(a, b Phase) int { return cmp.Compare(a.Start, b.Start) })
	return phases
}

// traceText makes foreign text fit to stand in a viewer.
func traceText(s string) string { return shorten(cleanLine(bounded(s, 4096)), 300) }

// traceOptional is like [traceText], and nothing stays nothing.
func traceOptional(s string) string {
	if s == "" {
		return ""
	}
	return traceText(s)
}

// micros turns seconds into whole microseconds between the start of the build
// and a year later: a viewer's numbers are whole up to 2^53.
func micros(seconds float64) int64 {
	const year = 365 * 24 * 60 * 60
	if !(seconds > 0) { // nor is NaN
		return 0
	}
	return int64(math.Round(min(seconds, year) * 1e6))
}
