package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// mutation is one known change. It says itself what it does to which steps; the
// program that is judged takes no part in that.
type mutation struct {
	name string
	// alone says that with a second one it could be told in two ways.
	alone bool
	// apply changes the world, or says that there is nothing to change.
	apply func(w *world, r *rand.Rand) bool
}

func mutations() []mutation {
	return slices.Concat(fileMutations(), rulesMutations(), variableMutations(), instructionMutations(), sourceMutations(), buildMutations(), cacheMutations())
}

// claim marks something as changed, and says whether it was free.
func (w *world) claim(key string) bool {
	if w.touched[key] {
		return false
	}
	w.touched[key] = true
	return true
}

// pick chooses one, or says that there is none.
func pick[T any](r *rand.Rand, from []T) (one T, ok bool) {
	if len(from) == 0 {
		return one, false
	}
	return from[r.IntN(len(from))], true
}

// unchanged are the instructions that no mutation has touched.
func (w *world) unchanged(words ...string) []*instruction {
	lines := w.shape.doc.lines()
	fixed := map[string]bool{}
	for _, in := range w.shape.doc.list {
		if w.shape.fixed[fmt.Sprint(lines[in])] {
			fixed[in.text] = true
		}
	}
	var out []*instruction
	for _, in := range w.doc.list {
		if slices.Contains(words, in.word) && !in.gone && !in.added && !fixed[in.text] && !w.touched[in.key()] {
			out = append(out, in)
		}
	}
	return out
}

func (in *instruction) key() string { return fmt.Sprintf("instruction %p", in) }

// below lists the steps that are laid on what a stage starts from: its own, and
// those of the stages that start from it. A COPY --link is laid on nothing.
func (d *dockerfile) below(s *stage) []*instruction {
	var out []*instruction
	for _, t := range d.stages() {
		for p := t; p != nil; p = p.parent {
			if p.from != s.from {
				continue
			}
			for _, in := range t.body {
				if !in.gone && in.isStep() && !in.linked() {
					out = append(out, in)
				}
			}
		}
	}
	return out
}
