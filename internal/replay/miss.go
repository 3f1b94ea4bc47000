package replay

import (
	"maps"
	"slices"
)

// misses lists the steps that a build executes if no stage made again what it made
// before, and the other ones that it executes if they did. Before is the build that it
// comes after; nil if it is the first.
func (b *build) misses(before *build, wary, hopeful execution) ([]Miss, []int) {
	missed, sure := b.ran(wary), b.ran(hopeful)
	turned := b.turned(before)
	var out []Miss
	var unsure []int
	for s := range b.plan.Steps {
		if !missed[s] {
			if sure[s] {
				unsure = append(unsure, s)
			}
			continue
		}
		m := Miss{Step: s, Own: before == nil || !before.owns[b.steps[s]], ByContent: !sure[s]}
		if before != nil {
			files := b.files(s, before)
			m.FileCount = len(files)
			m.Files = files[:min(len(files), MissFiles)]
		}
		m.Args = b.argsOf(s, turned)
		out = append(out, m)
	}
	return out, unsure
}

// ran says which steps were executed: helper operations alone do not make one.
func (b *build) ran(x execution) []bool {
	out := make([]bool, len(b.plan.Steps))
	for i, o := range b.plan.ops {
		for _, s := range o.steps {
			out[s] = out[s] || x.runs[i] && (!o.helper || len(b.plan.of[s]) == 1)
		}
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
func (b *build) argsOf(step int, turned map[string][]bool) []string {
	var out []string
	for _, i := range b.plan.of[step] {
		out = append(out, b.plan.ops[i].args...)
		for name, differs := range turned {
			if differs[i] {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// turned says, by argument that had another value in the build before, which
// operations depend on that.
func (b *build) turned(before *build) map[string][]bool {
	out := map[string][]bool{}
	if before == nil || maps.Equal(b.recipe.args, before.recipe.args) {
		return nil
	}
	names := maps.Clone(b.recipe.args)
	maps.Copy(names, before.recipe.args)
	for name := range names {
		now, given := b.recipe.args[name]
		then, was := before.recipe.args[name]
		if now == then && given == was {
			continue
		}
		other := b.recipe.with(name, then)
		if !was {
			delete(other.args, name)
		}
		if differs, err := b.plan.differs(other); err == nil {
			out[name] = differs
		}
	}
	return out
}
