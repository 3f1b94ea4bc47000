package cause

import (
	"cmp"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

type stepPlace struct {
	instruction int
	platform    string
}

// index prepares what is looked up often.
func (e *explainer) index() {
	steps := e.head.Steps
	e.stepOrder = make([]int, len(steps))
	for i := range steps {
		e.stepOrder[i] = i
	}
	slices.SortStableFunc(e.stepOrder, func(i, j int) int {
		return cmp.Or(cmp.Compare(steps[i].Instruction, steps[j].Instruction), cmp.Compare(steps[i].Platform, steps[j].Platform))
	})
	e.position, e.consumers = map[string]int{}, map[int][]string{}
	for n, i := range e.stepOrder {
		s := &steps[i]
		e.position[s.ID] = n
		if s.Status != record.Miss && s.Status != record.StepFailed {
			continue
		}
		for _, v := range s.Vertices {
			for _, in := range e.head.Vertices[v].Inputs {
				e.consumers[in.Vertex] = append(e.consumers[in.Vertex], s.ID)
			}
		}
	}
	if e.base == nil {
		return
	}
	e.inHead, e.inBase = newScope(&e.head.Dockerfile), newScope(&e.base.Dockerfile)
	e.baseSteps = map[stepPlace]*record.Step{}
	for i := range e.base.Steps {
		s := &e.base.Steps[i]
		e.baseSteps[stepPlace{s.Instruction, s.Platform}] = s
	}
	e.underHit = map[int]bool{}
	for i := range e.base.Vertices {
		v := &e.base.Vertices[i]
		if v.Status != record.Hit {
			continue
		}
		for _, in := range v.Inputs {
			if from := e.base.Vertices[in.Vertex].Step; from == "" || from != v.Step {
				e.underHit[in.Vertex] = true
			}
		}
	}
	unpaired := func(in []record.Instruction, paired map[int]int) map[string]int {
		out := map[string]int{}
		for i := len(in) - 1; i >= 0; i-- {
			if _, ok := paired[i]; !ok && in[i].Stage >= 0 {
				out[in[i].Text] = i
			}
		}
		return out
	}
	e.unpairedHead = unpaired(e.head.Dockerfile.Instructions, e.instructions)
	e.unpairedBase = unpaired(e.base.Dockerfile.Instructions, e.reverse)
}
