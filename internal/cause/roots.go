package cause

import (
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// causeSet is a set of causes by their numbers, ascending. Sets are shared between
// the vertices of a stage, so none is ever changed.
type causeSet []int32

// union joins two sets.
func (a causeSet) union(b causeSet) causeSet {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := make(causeSet, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			out, a = append(out, a[0]), a[1:]
		case a[0] > b[0]:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// set is the set of causes that were added under the names.
func (e *explainer) set(names []string) causeSet {
	out := make(causeSet, 0, len(names))
	for _, name := range names {
		n, ok := e.numbers[name]
		if !ok {
			n = int32(len(e.numbered))
			e.numbers[name], e.numbered = n, append(e.numbered, e.causes[name])
		}
		out = append(out, n)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// roots returns the causes that made a vertex's key differ: its own, and those of
// its inputs.
func (e *explainer) roots(i int) causeSet {
	if e.known[i] {
		return e.memo[i]
	}
	e.known[i] = true // the graph has no cycles; a hostile one must not hang us
	e.memo[i] = e.changed(i, &e.head.Vertices[i])
	e.rooted += len(e.memo[i])
	e.memo[i] = e.memo[i].bounded(e.rooted)
	return e.memo[i]
}

// Bounds of what is kept about which step has which cause. A build of 5,000 steps
// in one stage, each with a cause of its own, stays below the first. Beyond it a
// hostile record's steps keep the causes nearest to them.
const (
	maxRooted = 16_000_000
	nearest   = 4
)

func (a causeSet) bounded(rooted int) causeSet {
	if rooted > maxRooted && len(a) > nearest {
		return slices.Clone(a[len(a)-nearest:])
	}
	return a
}

// findRoots computes the roots of all that the missed steps are made of, inputs
// first, so that no depth of the graph exhausts the stack.
func (e *explainer) findRoots() {
	e.memo, e.known = make([]causeSet, len(e.head.Vertices)), make([]bool, len(e.head.Vertices))
	needed := make([]bool, len(e.head.Vertices))
	for i := range e.head.Steps {
		if e.head.Steps[i].Status == record.Miss {
			for _, v := range e.head.Steps[i].Vertices {
				needed[v] = true
			}
		}
	}
	for i := len(needed) - 1; i >= 0; i-- {
		if needed[i] {
			for _, in := range e.head.Vertices[i].Inputs {
				needed[in.Vertex] = true
			}
		}
	}
	for i := range needed {
		if needed[i] {
			e.roots(i)
		}
	}
}

// blame is a step that missed and why.
type blame struct {
	step  string
	roots causeSet
}

// explain finds the causes of one step that missed.
func (e *explainer) explain(s *record.Step) {
	var roots causeSet
	for _, i := range s.Vertices {
		v := &e.head.Vertices[i]
		// A merge lays layers on top of each other. What is below them changes the
		// merge and not the step's own work, as long as there is some.
		own := v.Kind != record.OpMerge && v.Kind != record.OpDiff || len(s.Vertices) == 1
		if own && (v.Status == record.Miss || v.Status == record.NotRun) {
			roots = roots.union(e.roots(i))
		}
	}
	if len(roots) == 0 {
		roots = e.set([]string{e.lost(s)})
	}
	e.attributed += len(roots)
	e.blamed = append(e.blamed, blame{s.ID, roots.bounded(e.attributed)})
}

// attribute gives the causes their steps. All lists share one block of memory: in
// a long stage with many causes they are what takes most of it.
func (e *explainer) attribute() {
	count, total := make([]int, len(e.numbered)), 0
	for _, b := range e.blamed {
		total += len(b.roots)
		for _, n := range b.roots {
			count[n]++
		}
	}
	block := make([]string, total)
	steps := make([][]string, len(e.numbered))
	for n, k := range count {
		steps[n], block = block[:0:k], block[k:]
	}
	for _, b := range e.blamed {
		for _, n := range b.roots {
			steps[n] = append(steps[n], b.step)
		}
	}
	for n, c := range e.numbered {
		c.Steps = steps[n]
	}
}
