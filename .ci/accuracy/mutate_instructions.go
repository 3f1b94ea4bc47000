package main

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

func (in *instruction) linked() bool { return strings.Contains(in.text, "--link") }

func instructionMutations() []mutation {
	return []mutation{
		{name: "RUN edited", apply: func(w *world, r *rand.Rand) bool {
			in, ok := pick(r, slices.DeleteFunc(w.unchanged("RUN"), func(in *instruction) bool { return strings.HasPrefix(in.words()[0], "[") }))
			if !ok {
				return false
			}
			if i := strings.LastIndex(in.text, "\n"); i > 0 && heredoc.MatchString(in.text) {
				in.text = in.text[:i] + "\necho edited " + w.mark + in.text[i:]
			} else {
				in.text += " && echo edited " + w.mark
			}
			return w.edited(in, []*instruction{in})
		}},
		{name: "--chmod of a COPY edited", apply: func(w *world, r *rand.Rand) bool {
			in, ok := pick(r, slices.DeleteFunc(w.unchanged("COPY"), func(in *instruction) bool { return strings.Contains(in.text, "<<") }))
			if !ok {
				return false
			}
			chmod := regexp.MustCompile(`--chmod=\d+`)
			if chmod.MatchString(in.text) {
				in.text = chmod.ReplaceAllString(in.text, "--chmod=0775")
			} else {
				in.text = "COPY --chmod=0755" + strings.TrimPrefix(in.text, "COPY")
			}
			return w.edited(in, []*instruction{in})
		}},
		{name: "WORKDIR edited", apply: func(w *world, r *rand.Rand) bool {
			in, ok := pick(r, w.unchanged("WORKDIR"))
			if !ok {
				return false
			}
			in.text += "-" + w.mark
			return w.edited(in, append(w.doc.reached(in, taint{cwd: true}, w.given()), in))
		}},
		{name: "USER edited", apply: func(w *world, r *rand.Rand) bool {
			in, ok := pick(r, slices.DeleteFunc(w.unchanged("USER"), func(in *instruction) bool { return in.words()[0] == "0:0" }))
			if !ok {
				return false
			}
			in.text = "USER 0:0"
			return w.edited(in, w.doc.reached(in, taint{user: true}, w.given()))
		}},
		{name: "SHELL edited", apply: func(w *world, r *rand.Rand) bool {
			in, ok := pick(r, w.unchanged("SHELL"))
			if !ok {
				return false
			}
			in.text = `SHELL ["/bin/sh", "-exc"]`
			return w.edited(in, w.doc.reached(in, taint{shell: true}, w.given()))
		}},
		{name: "RUN added", apply: func(w *world, r *rand.Rand) bool {
			return w.addStep(r, &instruction{text: "RUN echo added " + w.mark + " > /tmp/added", word: "RUN", added: true})
		}},
		{name: "COPY added", apply: func(w *world, r *rand.Rand) bool {
			p, ok := pick(r, w.free(func(w *world, p string) bool {
				return p[0] != '@' && !w.excluded(p) && w.files[p].link == "" && !isRules(p)
			}))
			return ok && w.addStep(r, &instruction{text: "COPY " + p + " /tmp/added-file", word: "COPY", takes: []string{p}, added: true})
		}},
		{name: "USER added", apply: func(w *world, r *rand.Rand) bool { return w.addSetting(r, "USER", "USER 0:0", taint{user: true}) }},
		{name: "SHELL added", apply: func(w *world, r *rand.Rand) bool {
			return w.addSetting(r, "SHELL", `SHELL ["/bin/sh", "-ec"]`, taint{shell: true})
		}},
		{name: "step removed", apply: removeStep},
		{name: "COPY lines swapped", alone: true, apply: swapSteps},
		{name: "stage renamed", apply: renameStage},
		{name: "instruction without a result added", apply: func(w *world, r *rand.Rand) bool {
			text, _ := pick(r, []string{"LABEL org.opencontainers.image.revision=" + w.mark, "EXPOSE 9999", "STOPSIGNAL SIGINT", `CMD ["/bin/sh"]`})
			word, _, _ := strings.Cut(text, " ")
			return w.insertAnywhere(r, &instruction{text: text, word: word, added: true})
		}},
		{name: "comment added", apply: func(w *world, r *rand.Rand) bool {
			return w.insertAnywhere(r, &instruction{text: "# Reviewed in " + w.mark + ".", added: true})
		}},
		{name: "empty line added", apply: func(w *world, r *rand.Rand) bool { return w.insertAnywhere(r, &instruction{added: true}) }},
	}
}

// edited notes an edit of an instruction.
func (w *world) edited(in *instruction, steps []*instruction) bool {
	w.claim(in.key())
	w.effects = append(w.effects, effect{kind: "instruction-changed", subjects: []string{in.word}, sites: []*instruction{in}, steps: steps})
	return true
}

// addStep puts a step into a stage that has a shell.
func (w *world) addStep(r *rand.Rand, in *instruction) bool {
	s, ok := pick(r, slices.DeleteFunc(w.doc.built(w.shape.target), func(s *stage) bool { return !s.hasShell() }))
	if !ok || !w.claim("steps of "+s.from.key()) {
		return false
	}
	places := append([]*instruction{s.from}, s.body...)
	at, _ := pick(r, slices.DeleteFunc(places, func(p *instruction) bool { return p.gone }))
	w.doc.insert(at, in)
	w.effects = append(w.effects, effect{
		kind: "instruction-added", subjects: []string{in.word}, sites: []*instruction{in}, steps: []*instruction{in}, isNew: true,
	})
	return true
}

// addSetting puts a setting at the top of a stage where none applied before.
func (w *world) addSetting(r *rand.Rand, word, text string, t taint) bool {
	s, ok := pick(r, slices.DeleteFunc(w.doc.built(w.shape.target), func(s *stage) bool { return s.parent != nil || !s.hasShell() }))
	if !ok || !w.claim("inserted "+word) {
		return false
	}
	in := &instruction{text: text, word: word, added: true}
	w.doc.insert(s.from, in)
	w.effects = append(w.effects, effect{
		kind: "instruction-added", subjects: []string{word}, sites: []*instruction{in}, steps: w.doc.reached(in, t, w.given()),
	})
	return true
}

// removeStep takes out a step that nothing needs and that another is laid on.
func removeStep(w *world, r *rand.Rand) bool {
	lines := w.shape.doc.lines()
	var optional []string
	for _, in := range w.shape.doc.list {
		if w.shape.optional[lines[in]] {
			optional = append(optional, in.text)
		}
	}
	next := func(in *instruction) *instruction {
		body := w.doc.stageOf(in).body
		for _, b := range body[slices.Index(body, in)+1:] {
			if b.isStep() && !b.gone {
				return b
			}
		}
		return nil
	}
	in, ok := pick(r, slices.DeleteFunc(w.unchanged("RUN", "COPY", "ADD"), func(in *instruction) bool {
		n := next(in)
		return !slices.Contains(optional, in.text) || n == nil || n.linked() || n.added
	}))
	if !ok || !w.claim("steps of "+w.doc.stageOf(in).from.key()) {
		return false
	}
	w.claim(in.key())
	n := next(in)
	w.touched[n.key()] = true
	in.gone = true
	w.effects = append(w.effects, effect{kind: "instruction-changed", subjects: []string{in.word}, sites: []*instruction{n}, steps: []*instruction{n}, laid: true})
	return true
}

// swapSteps changes the order of two COPY lines. Either counts as the one that
// was moved.
func swapSteps(w *world, r *rand.Rand) bool {
	free := slices.DeleteFunc(w.unchanged("COPY"), func(in *instruction) bool {
		d := w.shape.dockerfile // swapping changes it too
		return in.linked() || w.taken(in, d) && !w.excluded(d)
	})
	var candidates []int
	for i, a := range w.doc.list[:len(w.doc.list)-1] {
		if slices.Contains(free, a) && slices.Contains(free, w.doc.list[i+1]) {
			candidates = append(candidates, i)
		}
	}
	i, ok := pick(r, candidates)
	if !ok {
		return false
	}
	a, b := w.doc.list[i], w.doc.list[i+1]
	w.doc.list[i], w.doc.list[i+1] = b, a
	w.effects = append(w.effects, effect{
		kind: "instruction-added", subjects: []string{"COPY"}, sites: []*instruction{a, b}, steps: []*instruction{a, b},
		laid: true, // one of them may now be laid on what another stage lays it on
	})
	return true
}

// renameStage gives a stage another name wherever it stands.
func renameStage(w *world, r *rand.Rand) bool {
	s, ok := pick(r, slices.DeleteFunc(w.doc.stages(), func(s *stage) bool {
		return s.name == "" || s.name == w.shape.target || slices.Contains(w.noCache, s.name)
	}))
	if !ok || !w.claim("stage "+s.name) {
		return false
	}
	name := regexp.QuoteMeta(s.name)
	is := regexp.MustCompile(`(?i)(AS +)` + name + `$`)
	from := regexp.MustCompile(`(^FROM +)` + name + `( |$)`)
	read := regexp.MustCompile(`(from=)` + name + `([ ,]|$)`)
	for _, in := range w.doc.list {
		switch in.word {
		case "FROM":
			in.text = from.ReplaceAllString(is.ReplaceAllString(in.text, "${1}"+s.name+"-renamed"), "${1}"+s.name+"-renamed${2}")
		case "COPY", "ADD", "RUN":
			in.text = read.ReplaceAllString(in.text, "${1}"+s.name+"-renamed${2}")
		}
	}
	return true
}
