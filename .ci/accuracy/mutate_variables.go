package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

func variableMutations() []mutation {
	return []mutation{
		{name: "build argument given another value", apply: giveArgument},
		{name: "build argument given that nothing declares", apply: func(w *world, _ *rand.Rand) bool {
			if !w.claim("argument NOBODY_READS") {
				return false
			}
			w.args = append(w.args, variable{"NOBODY_READS", w.mark, true})
			return true
		}},
		{name: "default of an ARG edited", apply: editDefault},
		{name: "ARG added", apply: func(w *world, r *rand.Rand) bool {
			in := &instruction{text: "ARG ADDED_ARG=" + w.mark, word: "ARG", added: true}
			if !w.insertAnywhere(r, in) {
				return false
			}
			steps := w.doc.reached(in, taint{args: map[string]bool{"ADDED_ARG": true}}, w.given())
			w.effects = append(w.effects, effect{kind: "build-arg", subjects: []string{"ADDED_ARG"}, sites: []*instruction{in}, steps: steps})
			return true
		}},
		{name: "ARG removed", apply: func(w *world, r *rand.Rand) bool { return removeVariables(w, r, "ARG") }},
		{name: "ARG lines swapped", apply: func(w *world, r *rand.Rand) bool { return swapVariables(w, r, "ARG") }},
		{name: "ENV edited", apply: editEnv},
		{name: "variable taken out of an ENV", apply: shortenEnv},
		{name: "ENV added", apply: func(w *world, r *rand.Rand) bool {
			in := &instruction{text: "ENV ADDED_ENV=" + w.mark, word: "ENV", added: true}
			if !w.insertAnywhere(r, in) {
				return false
			}
			steps := w.doc.reached(in, taint{env: map[string]bool{"ADDED_ENV": true}}, w.given())
			w.effects = append(w.effects, effect{kind: "env", subjects: []string{"ADDED_ENV"}, sites: []*instruction{in}, steps: steps})
			return true
		}},
		{name: "ENV removed", apply: func(w *world, r *rand.Rand) bool { return removeVariables(w, r, "ENV") }},
		{name: "ENV lines swapped", apply: func(w *world, r *rand.Rand) bool { return swapVariables(w, r, "ENV") }},
	}
}

// value is another value for an argument.
func (w *world) value(r *rand.Rand, v variable) (string, bool) {
	allowed, ok := w.shape.values[v.name]
	if !ok {
		return v.value + "-" + w.mark, true
	}
	return pick(r, slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return a == v.value }))
}

func giveArgument(w *world, r *rand.Rand) bool {
	a, ok := pick(r, w.args)
	if !ok || w.shape.fixed[a.name] {
		return false
	}
	v, ok := w.value(r, a)
	if !ok || !w.claim("argument "+a.name) {
		return false
	}
	i := slices.Index(w.args, a)
	w.args[i].value = v
	for _, in := range w.doc.list {
		if in.gone || in.word != "ARG" || !in.declares(a.name) {
			continue
		}
		w.touched[in.key()] = true
		var steps []*instruction
		if s := w.doc.stageOf(in); s == nil {
			steps = w.startingFrom(map[string]bool{a.name: true})
		} else {
			steps = w.doc.reached(in, taint{args: map[string]bool{a.name: true}}, w.given())
		}
		w.effects = append(w.effects, effect{
			kind: "build-arg", subjects: []string{a.name}, sites: []*instruction{in}, steps: steps, laid: w.doc.stageOf(in) == nil,
		})
	}
	return true
}

// startingFrom lists the steps laid on an image whose name reads one of the
// variables, or one that reads them.
func (w *world) startingFrom(names map[string]bool) []*instruction {
	for _, in := range w.doc.header() {
		for _, v := range in.variables() {
			_, given := w.given()[v.name]
			if v.hasValue && !given && (taint{args: names}).reads(v.value) {
				names[v.name] = true
			}
		}
	}
	var out []*instruction
	for _, s := range w.doc.stages() {
		if (taint{args: names}).reads(s.image) {
			w.touched[s.from.key()] = true
			out = append(out, w.doc.below(s)...)
		}
	}
	return out
}

func editDefault(w *world, r *rand.Rand) bool {
	in, ok := pick(r, slices.DeleteFunc(w.unchanged("ARG"), func(in *instruction) bool {
		v := in.variables()
		_, given := w.given()[v[0].name]
		return len(v) != 1 || !v[0].hasValue || given || w.shape.fixed[v[0].name]
	}))
	if !ok {
		return false
	}
	v := in.variables()[0]
	to, ok := w.value(r, v)
	if !ok || !w.claim("argument "+v.name) {
		return false
	}
	w.claim(in.key())
	in.text = fmt.Sprintf("ARG %s=%s", v.name, to)
	e := effect{kind: "build-arg", subjects: []string{v.name}, sites: []*instruction{in}}
	if w.doc.stageOf(in) != nil {
		e.steps = w.doc.reached(in, taint{args: map[string]bool{v.name: true}}, w.given())
		w.effects = append(w.effects, e)
		return true
	}
	// Above the first FROM: what starts from an image that it names, and the stages
	// that declare it again without a default of their own.
	e.laid = true
	names := map[string]bool{v.name: true}
	e.steps = w.startingFrom(names)
	for _, again := range w.doc.list {
		if again.word != "ARG" || again.gone || w.doc.stageOf(again) == nil {
			continue
		}
		for _, a := range again.variables() {
			if _, given := w.given()[a.name]; names[a.name] && !a.hasValue && !given {
				e.steps = append(e.steps, w.doc.reached(again, taint{args: map[string]bool{a.name: true}}, w.given())...)
			}
		}
	}
	w.effects = append(w.effects, e)
	return true
}

func editEnv(w *world, r *rand.Rand) bool {
	in, ok := pick(r, w.unchanged("ENV"))
	if !ok {
		return false
	}
	v, ok := pick(r, slices.DeleteFunc(in.variables(), func(v variable) bool {
		return w.shape.fixed[v.name] || v.name == "PATH" || strings.HasPrefix(v.value, `"`)
	}))
	if !ok || !w.claim(in.key()) {
		return false
	}
	in.text = strings.Replace(in.text, v.name+"="+v.value, v.name+"="+v.value+"-"+w.mark, 1)
	steps := w.doc.reached(in, taint{env: map[string]bool{v.name: true}}, w.given())
	w.effects = append(w.effects, effect{kind: "instruction-changed", subjects: []string{"ENV"}, sites: []*instruction{in}, steps: steps})
	return true
}

// shortenEnv takes the last of several variables out of a line.
func shortenEnv(w *world, r *rand.Rand) bool {
	in, ok := pick(r, slices.DeleteFunc(w.unchanged("ENV"), func(in *instruction) bool {
		v := in.variables()
		last := v[len(v)-1]
		return len(v) < 2 || w.shape.fixed[last.name] || !strings.HasSuffix(in.text, last.name+"="+last.value) ||
			slices.ContainsFunc(w.doc.list, func(other *instruction) bool {
				return other != in && (other.declares(last.name) || other.word != "RUN" && slices.Contains(refs(other.text), last.name))
			})
	}))
	if !ok || !w.claim(in.key()) {
		return false
	}
	v := in.variables()
	last := v[len(v)-1]
	in.text = strings.TrimRight(strings.TrimSuffix(in.text, last.name+"="+last.value), " \\\n")
	steps := w.doc.reached(in, taint{env: map[string]bool{last.name: true}}, w.given())
	w.effects = append(w.effects, effect{kind: "instruction-changed", subjects: []string{"ENV"}, sites: []*instruction{in}, steps: steps})
	return true
}

// insertAnywhere puts an instruction into a stage, below any other.
func (w *world) insertAnywhere(r *rand.Rand, in *instruction) bool {
	s, ok := pick(r, w.doc.built(w.shape.target))
	if !ok || !w.claim("inserted "+in.word) {
		return false
	}
	places := append([]*instruction{s.from}, s.body...)
	at, _ := pick(r, slices.DeleteFunc(places, func(p *instruction) bool { return p.gone }))
	w.doc.insert(at, in)
	return true
}

// removeVariables takes out a line whose variables nothing but a RUN reads.
func removeVariables(w *world, r *rand.Rand, word string) bool {
	in, ok := pick(r, slices.DeleteFunc(w.unchanged(word), func(in *instruction) bool {
		return slices.ContainsFunc(in.variables(), func(v variable) bool {
			if v.name == "PATH" || w.shape.fixed[v.name] {
				return true
			}
			return slices.ContainsFunc(w.doc.list, func(other *instruction) bool {
				reads := other.word != "RUN" && slices.Contains(refs(other.text), v.name)
				return other != in && (reads || other.declares(v.name))
			})
		})
	}))
	if !ok || !w.claim(in.key()) {
		return false
	}
	kind := map[string]string{"ARG": "build-arg", "ENV": "env"}[word]
	for _, v := range in.variables() {
		_, given := w.given()[v.name]
		if !v.hasValue && !given || w.doc.stageOf(in) == nil {
			continue // it was in no environment
		}
		names := map[string]bool{v.name: true}
		t := taint{env: names}
		if word == "ARG" {
			t = taint{args: names}
			w.claim("argument " + v.name)
		}
		w.effects = append(w.effects, effect{kind: kind, subjects: []string{v.name}, steps: w.doc.reached(in, t, w.given())})
	}
	in.gone = true
	return true
}

// swapVariables changes the order of two neighbours, and no value.
func swapVariables(w *world, r *rand.Rand, word string) bool {
	type neighbours struct{ a, b *instruction }
	var candidates []neighbours
	free := w.unchanged(word)
	for i, a := range w.doc.list[:len(w.doc.list)-1] {
		b := w.doc.list[i+1]
		if !slices.Contains(free, a) || !slices.Contains(free, b) || w.doc.stageOf(a) == nil {
			continue
		}
		ok := true
		for _, x := range []*instruction{a, b} {
			v := x.variables()
			_, given := w.given()[v[0].name]
			ok = ok && len(v) == 1 && (v[0].hasValue || given) && len(refs(x.text)) == 0
			for _, other := range w.doc.list {
				ok = ok && (other == x || !other.declares(v[0].name))
			}
		}
		if ok {
			candidates = append(candidates, neighbours{a, b})
		}
	}
	n, ok := pick(r, candidates)
	if !ok {
		return false
	}
	w.claim(n.a.key())
	w.claim(n.b.key())
	i := slices.Index(w.doc.list, n.a)
	w.doc.list[i], w.doc.list[i+1] = n.b, n.a
	kind := map[string]string{"ARG": "build-arg", "ENV": "env"}[word]
	names := []string{n.a.variables()[0].name, n.b.variables()[0].name}
	w.claim("argument " + names[0])
	w.claim("argument " + names[1])
	t := taint{env: map[string]bool{names[0]: true}}
	if word == "ARG" {
		t = taint{args: map[string]bool{names[0]: true}}
	}
	// Only the environment of a RUN has an order.
	steps := slices.DeleteFunc(w.doc.reached(n.a, t, w.given()), func(in *instruction) bool { return in.word != "RUN" })
	w.effects = append(w.effects, effect{kind: kind, subjects: names, sites: []*instruction{n.a, n.b}, steps: steps})
	return true
}
