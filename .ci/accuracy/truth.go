package main

import (
	"cmp"
	"slices"
	"strings"
)

// effect is what a mutation does to steps other than by files of the context.
type effect struct {
	kind string
	// subjects are names of which the cause has one; none is any.
	subjects []string
	// sites are the instructions of which the cause names one. Without any it is
	// the first step that is affected.
	sites []*instruction
	// steps are those whose own work differs. They have to miss.
	steps []*instruction
	// laid says that the steps are laid on something else than before: new steps and
	// such as do not miss are among them.
	laid bool
	// isNew says that the steps were not there before.
	isNew bool
	// forced says that the cache was to be ignored: the steps are those that were
	// told so.
	forced bool
}

// fileChange is a file of the context that differs.
type fileChange struct {
	path, change string
	rules        bool // it was let in or kept out
	// unseen says that a daemon that has the files of the build before does not see
	// the change.
	unseen bool
}

// expected is one cause that the report has to have.
type expected struct {
	kind     string
	lines    []int
	subjects []string
	files    []fileChange
	// everywhere says that there is one or more of the kind, at whatever lines.
	everywhere bool
}

// observed is the fate of the steps at each line, as the daemon had it.
type observed map[int][]string

func (o observed) missed(line int) bool { return slices.Contains(o[line], "miss") }

func (o observed) hasMisses() bool {
	for line := range o {
		if o.missed(line) {
			return true
		}
	}
	return false
}

// causes says which causes a report must have, and which steps did not miss
// although they had to, in which case the truth itself is in doubt.
func (w *world) causes(before string, o observed) (out []expected, doubts []string) {
	lines := w.doc.lines()
	built := w.builtSteps()
	twins := w.twins(built)
	live := func(e effect) []*instruction {
		var out []*instruction
		for _, in := range w.doc.list { // in the order of the file
			switch {
			case !built[in] || e.forced && !w.forced(in) || !e.forced && !slices.Contains(e.steps, in):
			case twins[in] != nil && w.affects(e, twins[in]):
			case in.added && !e.laid && !e.isNew:
			case o.missed(lines[in]):
				out = append(out, in)
			case !e.laid:
				doubts = append(doubts, in.text)
			}
		}
		return out
	}
	for _, e := range w.effects {
		steps := live(e)
		if len(steps) == 0 {
			continue
		}
		sites := e.sites
		if len(sites) == 0 {
			sites = steps[:1]
		}
		var at []int
		for _, s := range sites {
			at = append(at, lines[s])
		}
		out = append(out, expected{kind: e.kind, lines: at, subjects: e.subjects})
	}
	if w.loss.kind != "" {
		if !o.hasMisses() {
			doubts = append(doubts, "any of them")
		}
		return []expected{{kind: w.loss.kind, everywhere: true}}, doubts
	}
	changes := w.changes
	if w.doc.String() != before {
		changes = append(slices.Clone(changes), fileChange{path: w.shape.dockerfile, change: "content"})
	}
	for _, in := range w.doc.list {
		if in.gone || in.added || !built[in] || twins[in] != nil {
			continue
		}
		var files, rules []fileChange
		for _, c := range changes {
			switch {
			case !w.taken(in, c.path), c.unseen && !o.missed(lines[in]):
			case c.rules:
				rules = append(rules, c)
			case !w.excluded(c.path):
				files = append(files, c)
			}
		}
		if len(files)+len(rules) > 0 && !o.missed(lines[in]) {
			doubts = append(doubts, in.text)
			continue
		}
		if len(files) > 0 {
			out = append(out, expected{kind: "context-files", lines: []int{lines[in]}, files: sorted(files)})
		}
		if len(rules) > 0 {
			out = append(out, expected{kind: "context-rules", lines: []int{lines[in]}, files: sorted(rules)})
		}
	}
	return out, doubts
}

// affects says that a step is one of those of an effect, or of another one of the
// same kind and subject.
func (w *world) affects(e effect, step *instruction) bool {
	return slices.ContainsFunc(w.effects, func(other effect) bool {
		return other.kind == e.kind && slices.Equal(other.subjects, e.subjects) && slices.Contains(other.steps, step)
	})
}

// twins are steps of stages that begin alike, by the first of each: BuildKit makes
// one operation of them, which is lost once and for one cause.
func (w *world) twins(built map[*instruction]bool) map[*instruction]*instruction {
	out := map[*instruction]*instruction{}
	first := map[string]*instruction{}
	chains := map[*instruction]string{} // of the last step of each stage, by its FROM
	settings := map[*instruction][]string{}
	for _, s := range w.doc.stages() {
		chain, set := "FROM "+w.expandDefaults(s.image), []string(nil)
		if s.parent != nil {
			chain, set = chains[s.parent.from], slices.Clone(settings[s.parent.from])
		}
		for _, in := range s.body {
			switch {
			case in.gone || in.word == "":
			case in.isStep():
				chain += "\n" + in.text
				// A setting counts for a RUN, and for others if they read it.
				for _, set := range set {
					if in.word == "RUN" || len(refs(in.text)) > 0 || strings.HasPrefix(set, "WORKDIR") || strings.HasPrefix(set, "USER") {
						chain += "\n" + set
					}
				}
				if in.word == "WORKDIR" {
					set = append(set, in.text)
				}
				if built[in] && first[chain] != nil {
					out[in] = first[chain]
				} else if built[in] {
					first[chain] = in
				}
			case slices.Contains([]string{"ARG", "ENV", "USER", "SHELL"}, in.word):
				set = append(set, in.text)
			}
		}
		chains[s.from], settings[s.from] = chain, set
	}
	return out
}

// sorted is in order and without the name of a named context.
func sorted(files []fileChange) []fileChange {
	for i, f := range files {
		if strings.HasPrefix(f.path, "@") {
			_, files[i].path, _ = strings.Cut(f.path, "/")
		}
	}
	slices.SortFunc(files, func(a, b fileChange) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.change, b.change))
	})
	return files
}
