package timing

import (
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// graph is the step graph with durations, in seconds, by vertex.
type graph struct {
	inputs   [][]int
	duration []float64
	step     map[string][]int // the vertices that carry a step's time
}

func newGraph(r *record.Record) *graph {
	g := &graph{inputs: make([][]int, len(r.Vertices)), duration: make([]float64, len(r.Vertices)), step: map[string][]int{}}
	for i, v := range r.Vertices {
		for _, in := range v.Inputs {
			g.inputs[i] = append(g.inputs[i], in.Vertex)
		}
		for _, iv := range v.Intervals {
			g.duration[i] += max(0, iv.End-iv.Start)
		}
	}
	for _, s := range r.Steps {
		g.step[s.ID] = s.Vertices
	}
	return g
}

// with returns the durations with those of some steps replaced, in seconds by
// step ID.
func (g *graph) with(change map[string]float64) []float64 {
	d := slices.Clone(g.duration)
	for id, seconds := range change {
		vs := g.step[id]
		for _, v := range vs {
			d[v] = 0
		}
		if len(vs) > 0 {
			d[vs[len(vs)-1]] = seconds
		}
	}
	return d
}

// longest is the length of the longest path, and the end of it. Inputs stand
// before the vertices that use them, so one pass is enough.
func (g *graph) longest(d []float64) (length float64, end int, finish []float64) {
	finish = make([]float64, len(d))
	end = -1
	for i := range d {
		start := 0.0
		for _, in := range g.inputs[i] {
			start = max(start, finish[in])
		}
		finish[i] = start + d[i]
		if end < 0 || finish[i] > length {
			length, end = finish[i], i
		}
	}
	return length, end, finish
}

// critical lists the vertices of one longest path.
func (g *graph) critical(d []float64) map[int]bool {
	_, at, finish := g.longest(d)
	out := map[int]bool{}
	for at >= 0 {
		out[at] = true
		next := -1
		for _, in := range g.inputs[at] {
			if next < 0 || finish[in] > finish[next] {
				next = in
			}
		}
		at = next
	}
	return out
}
