package replay

import (
	"slices"
)

// misses lists the steps that a build executes. Before is the build that it comes
// after; nil if it is the first.
func (h *History) misses(b, before *build, mem memory, r Recipe) []Miss {
	p := b.plan
	runs := mem.executed(b)
	missed := make([]bool, len(p.Steps))
	hard := make([]bool, len(p.Steps)) // it runs whatever the stages above it made
	for i, o := range p.ops {
		for _, s := range o.steps {
			if runs[i] && (!o.helper || len(p.of[s]) == 1) {
				missed[s] = true
				hard[s] = hard[s] || !mem.soft[b.soft[i]]
			}
		}
	}
	var out []Miss
	for s := range p.Steps {
		if !missed[s] {
			continue
		}
		m := Miss{Step: s, Own: before == nil || !before.owns[b.steps[s]]}
		m.ByContent = !hard[s]
		if before != nil {
			files := b.files(s, before)
			m.FileCount = len(files)
			m.Files = files[:min(len(files), MissFiles)]
		}
		m.Args = h.argsOf(b, before, s, r)
		out = append(out, m)
	}
	return out
}

// match finds the step of an earlier build that a step was, or -1: the one of the
// same text, and of several such the one that is as far down.
func (b *build) match(step int, before *build) int {
	if before.plan == b.plan {
		return step
	}
	text := b.plan.Steps[step].Text
	n := slices.Index(b.plan.texts[text], step)
	if then := before.plan.texts[text]; n < len(then) {
		return then[n]
	}
	return -1
}

// taken are the selections of a step's operations.
func (b *build) taken(step int) []*selection {
	var out []*selection
	for _, i := range b.plan.of[step] {
		for _, s := range b.bound.takes[i] {
			if s != nil {
				out = append(out, s)
			}
		}
	}
	return out
}

// files lists the changed files that a step takes.
func (b *build) files(step int, before *build) []string {
	now := b.taken(step)
	if len(now) == 0 {
		return nil
	}
	var then []*selection
	if m := b.match(step, before); m >= 0 {
		then = before.taken(m)
	}
	var out []string
	for i, s := range now {
		var was *selection
		if len(then) == len(now) {
			was = then[i]
			if !s.restless && s.sum(b.commit) == was.sum(before.commit) {
				continue
			}
		}
		out = append(out, s.changed(b.commit, was, before.commit)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// argsOf lists the arguments that changed a step.
func (h *History) argsOf(b, before *build, step int, r Recipe) []string {
	var out []string
	for _, i := range b.plan.of[step] {
		out = append(out, b.plan.ops[i].args...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
