package cause

import (
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// changed returns the causes that made the key of an operation differ, and the flag
// if it was told to ignore the cache: without the flag, a change that stands beside
// it would have lost the step all the same.
func (e *explainer) changed(i int, v *record.Vertex) causeSet {
	var b *record.Vertex
	if e.base != nil {
		j, ok := e.vertices[i]
		switch {
		case ok:
			b = &e.base.Vertices[j]
		case v.Source != nil:
			return nil // judged where it is used, against what stood there before
		}
	}
	if v.Source != nil {
		if b == nil {
			return nil
		}
		return e.set(e.sourceChange(i, b, v, false))
	}
	var own []string
	switch {
	case e.base == nil:
	case b == nil:
		own = []string{e.unpaired(v)}
	case v.Key == b.Key:
		// Only a step that was told to ignore the cache changes what follows it
		// without changing a key.
		b = nil
	default:
		own = e.ownChanges(v, b)
	}
	in, known := e.inputRoots(v, b)
	if v.IgnoreCache {
		return e.set(append(own, e.noCache(v))).union(in)
	}
	if len(own)+len(in) == 0 {
		// An input that hit was in the cache although its key differs from the
		// base's: by its content, or from a build before that one. It is to blame
		// only if nothing else is.
		in = known
	}
	if len(own)+len(in) == 0 && b != nil {
		own = append(own, e.unnamed(v, b))
	}
	return e.set(own).union(in)
}

// inputRoots collects the roots of the inputs: of those that were executed or
// that are sources, and of those that hit. With b given, what stood in the same
// place in the base is compared too.
func (e *explainer) inputRoots(v, b *record.Vertex) (out, known causeSet) {
	for n, in := range v.Inputs {
		m := -1
		if b != nil {
			m = counterpart(v, b, n)
		}
		if hasTake(v, n) {
			if m >= 0 && !hasTake(b, m) {
				out = out.union(e.set(e.moved(v, b, in, b.Inputs[m].Vertex)))
			}
			continue // by content: compared as files
		}
		source := e.head.Vertices[in.Vertex].Source != nil
		if v.IgnoreCache && in.ByContent && !source {
			continue // it would have run whatever the stage gave, so nothing shows that it gave something else
		}
		switch {
		case source && m >= 0: // compared with what stood there before
		case e.head.Vertices[in.Vertex].Status == record.Hit && !source:
			known = known.union(e.roots(in.Vertex))
		default:
			out = out.union(e.roots(in.Vertex))
		}
		if m >= 0 {
			out = out.union(e.set(e.moved(v, b, in, b.Inputs[m].Vertex)))
		}
	}
	if b != nil {
		out = out.union(e.set(e.bared(v, b)))
	}
	return out, known
}

func hasTake(v *record.Vertex, input int) bool {
	return slices.ContainsFunc(v.Takes, func(t record.Take) bool { return t.Input == input })
}

// counterpart finds the input of b that stands for input n of v, or -1: what an
// operation is laid on, and what it reads by content, are counted apart, since
// nothing is laid on an empty image.
func counterpart(v, b *record.Vertex, n int) int {
	count := 0
	for _, in := range v.Inputs[:n] {
		if in.ByContent == v.Inputs[n].ByContent {
			count++
		}
	}
	for m, in := range b.Inputs {
		if in.ByContent != v.Inputs[n].ByContent {
			continue
		}
		if count == 0 {
			return m
		}
		count--
	}
	return -1
}

// bared is an operation that is laid on nothing now: all that stood above it in
// its stage is gone.
func (e *explainer) bared(v, b *record.Vertex) []string {
	laid := func(in record.Input) bool { return !in.ByContent }
	if e.textDiffers(v, b) {
		return nil // such as a --link, which is named
	}
	if slices.ContainsFunc(v.Inputs, laid) {
		return nil
	}
	i := slices.IndexFunc(b.Inputs, laid)
	if i < 0 {
		return nil
	}
	if removed := e.removedBetween(b.Inputs[i].Vertex, -1); len(removed) > 0 {
		return []string{e.removal(v, removed)}
	}
	return e.restarted(v, nil, nil)
}

// moved looks at one input whose place was taken by another operation before.
func (e *explainer) moved(v, before *record.Vertex, in record.Input, b int) []string {
	h := in.Vertex
	hv, bv := &e.head.Vertices[h], &e.base.Vertices[b]
	if hv.Key == bv.Key {
		return nil
	}
	if hv.Source != nil && bv.Source != nil {
		return e.sourceChange(h, bv, v, in.ByContent)
	}
	if !in.ByContent && e.onlyNew(h, b) {
		return nil // new, which is a cause of its own
	}
	if hv.Source != nil && hv.Source.Context != "" || bv.Source != nil && bv.Source.Context != "" {
		at := v.Instruction
		if !in.ByContent {
			at = e.fromOf(at)
		}
		return []string{e.contextChange(at, hv.Source, bv.Source)}
	}
	j, paired := e.vertices[h]
	if paired {
		if j == b {
			return nil
		}
		if removed := e.removedBetween(b, j); len(removed) > 0 {
			return []string{e.removal(v, removed)}
		}
	}
	switch {
	case in.ByContent:
		return e.redirected(v, before)
	case hv.Source == nil && !paired && e.stageIndex(hv.Instruction) == e.stageIndex(v.Instruction):
		return nil // new in this stage, which is a cause of its own
	case hv.Source != nil || bv.Source != nil:
		return e.restarted(v, nil, nil)
	case paired:
		if at, vars := e.start(e.stageIndex(v.Instruction)); at >= 0 || len(vars) > 0 {
			return e.restarted(v, nil, nil)
		}
	}
	return nil
}

// onlyNew says that an operation is new and stands, with nothing but new ones
// between, on what was in its place before.
func (e *explainer) onlyNew(h, b int) bool {
	for {
		if e.climbed++; e.climbed > maxClimbed {
			return false
		}
		v := &e.head.Vertices[h]
		if j, paired := e.vertices[h]; paired && j == b || v.Key == e.base.Vertices[b].Key {
			return true
		} else if paired || v.Source != nil {
			return false
		}
		i := slices.IndexFunc(v.Inputs, func(in record.Input) bool { return !in.ByContent })
		if i < 0 {
			return false
		}
		h = v.Inputs[i].Vertex
	}
}

// redirected is an operation that reads another stage or image than before: it was
// edited, or the stage that it names starts from something else.
func (e *explainer) redirected(v, b *record.Vertex) []string {
	h := sourceNames(e.head.Dockerfile.Instructions[v.Instruction].Text)
	o := sourceNames(e.base.Dockerfile.Instructions[b.Instruction].Text)
	if len(h) != len(o) {
		if e.textDiffers(v, b) {
			return []string{e.edited(v.Instruction)}
		}
		return nil
	}
	var out []string
	for i := range h {
		stage, was := stageNamed(&e.head.Dockerfile, h[i]), stageNamed(&e.base.Dockerfile, o[i])
		switch {
		case stage < 0 && was < 0 && h[i] == o[i]:
		case stage < 0 || was < 0 || !e.sameStage(stage, was):
			if !e.textDiffers(v, b) {
				return nil
			}
			return []string{e.edited(v.Instruction)}
		default:
			if at, vars := e.start(stage); at >= 0 || len(vars) > 0 {
				out = append(out, e.restarted(&record.Vertex{Instruction: e.head.Dockerfile.Stages[stage].From}, nil, nil)...)
			}
		}
	}
	return out
}

// sourceNames lists what the flags of an instruction name as --from=NAME or
// from=NAME, in order.
func sourceNames(text string) []string {
	var out []string
	for word := range flagWords(text) {
		for option := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(word, "--mount="), "--"), ",") {
			if name, ok := strings.CutPrefix(option, "from="); ok {
				out = append(out, name)
			}
		}
	}
	return out
}

// stageNamed finds a stage by its name or number, or gives -1.
func stageNamed(d *record.Dockerfile, name string) int {
	for i, s := range d.Stages {
		if strings.EqualFold(s.Name, name) || strconv.Itoa(i) == name {
			return i
		}
	}
	return -1
}

// sameStage says that a stage of the head is paired with one of the base.
func (e *explainer) sameStage(h, b int) bool {
	x, ok := e.instructions[e.head.Dockerfile.Stages[h].From]
	return ok && x == e.base.Dockerfile.Stages[b].From
}

// stageIndex is the stage that an instruction stands in, or -1.
func (e *explainer) stageIndex(instruction int) int {
	if instruction < 0 {
		return -1
	}
	return e.head.Dockerfile.Instructions[instruction].Stage
}

// maxClimbed bounds how far up removed instructions are looked for, in all. No
// Dockerfile comes near it; a hostile record may.
const maxClimbed = 1_000_000

// removedBetween lists the base's instructions from vertex b up to, and without,
// vertex stop (-1 is the very top) that the head no longer has anywhere. It is
// empty if stop is not reached.
func (e *explainer) removedBetween(b, stop int) []int {
	var out []int
	seen := map[int]bool{}
	for b != stop {
		if e.climbed++; e.climbed > maxClimbed {
			return nil
		}
		v := &e.base.Vertices[b]
		if _, ok := e.reverse[v.Instruction]; !ok && v.Instruction >= 0 && !seen[v.Instruction] && e.movedTo(v.Instruction) < 0 {
			seen[v.Instruction] = true
			out = append(out, v.Instruction)
		}
		i := slices.IndexFunc(v.Inputs, func(in record.Input) bool { return !in.ByContent })
		if i < 0 {
			if stop < 0 {
				return out
			}
			return nil
		}
		b = v.Inputs[i].Vertex
	}
	return out
}

// movedTo finds the unpaired instruction of the head that has the text of an
// unpaired one of the base, or -1: it stands elsewhere now and counts as new there.
func (e *explainer) movedTo(b int) int {
	if i, ok := e.unpairedHead[e.base.Dockerfile.Instructions[b].Text]; ok {
		return i
	}
	return -1
}

// movedFrom is the other direction.
func (e *explainer) movedFrom(h int) int {
	if h >= 0 {
		if i, ok := e.unpairedBase[e.head.Dockerfile.Instructions[h].Text]; ok {
			return i
		}
	}
	return -1
}
