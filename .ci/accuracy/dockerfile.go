package main

import (
	"regexp"
	"slices"
	"strings"
)

// dockerfile is a Dockerfile as the truth sees it: instructions as text. It has a
// parser of its own, small and for the shapes alone, so that the truth shares
// nothing with what it judges.
type dockerfile struct {
	list []*instruction
}

// instruction is one instruction, or a comment or empty line between two.
type instruction struct {
	text string
	word string // RUN, COPY, …; empty for a comment or an empty line
	// takes are the paths of the context that it takes, annotated by hand.
	takes []string
	added bool // by a mutation
	gone  bool // removed by a mutation; it keeps its place, so that what is below it can be found
}

// stage is a FROM and what follows it.
type stage struct {
	name   string
	from   *instruction
	image  string // what it starts from, with its variables; empty for another stage
	parent *stage
	body   []*instruction
}

var heredoc = regexp.MustCompile(`<<-?["']?([A-Z]+)["']?`)

func parse(text string) *dockerfile {
	d := &dockerfile{}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		trimmed := strings.TrimSpace(l)
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			d.list = append(d.list, &instruction{text: l})
			continue
		}
		in := &instruction{text: l}
		for strings.HasSuffix(lines[i], `\`) || i+1 < len(lines) && in.text != l && strings.HasPrefix(strings.TrimSpace(lines[i]), "#") {
			i++
			in.text += "\n" + lines[i]
		}
		if m := heredoc.FindStringSubmatch(in.text); m != nil {
			for lines[i] != m[1] {
				i++
				in.text += "\n" + lines[i]
			}
		}
		word, _, _ := strings.Cut(trimmed, " ")
		in.word = strings.ToUpper(word)
		d.list = append(d.list, in)
	}
	return d
}

func (d *dockerfile) String() string {
	var b strings.Builder
	for _, in := range d.list {
		if !in.gone {
			b.WriteString(in.text + "\n")
		}
	}
	return b.String()
}

// lines is the first line of each instruction.
func (d *dockerfile) lines() map[*instruction]int {
	out := map[*instruction]int{}
	n := 1
	for _, in := range d.list {
		if !in.gone {
			out[in] = n
			n += 1 + strings.Count(in.text, "\n")
		}
	}
	return out
}

// isStep says that an instruction has a result that can be cached.
func (in *instruction) isStep() bool {
	return slices.Contains([]string{"RUN", "COPY", "ADD", "WORKDIR"}, in.word)
}

// words are the arguments without flags.
func (in *instruction) words() []string {
	fields := strings.Fields(strings.ReplaceAll(in.text, "\\\n", " "))[1:]
	return slices.DeleteFunc(fields, func(f string) bool { return strings.HasPrefix(f, "--") })
}

// header lists the instructions above the first FROM.
func (d *dockerfile) header() []*instruction {
	i := slices.IndexFunc(d.list, func(in *instruction) bool { return in.word == "FROM" })
	return d.list[:i]
}

func (d *dockerfile) stages() []*stage {
	var out []*stage
	for _, in := range d.list {
		if in.word == "FROM" {
			w := in.words()
			s := &stage{from: in, image: w[0]}
			if len(w) == 3 {
				s.name = w[2]
			}
			if p := named(out, w[0]); p != nil {
				s.parent, s.image = p, ""
			}
			out = append(out, s)
		} else if len(out) > 0 {
			s := out[len(out)-1]
			s.body = append(s.body, in)
		}
	}
	return out
}

func named(list []*stage, name string) *stage {
	for _, s := range list {
		if s.name != "" && s.name == name {
			return s
		}
	}
	return nil
}

// stageOf finds an instruction's stage, or nil above the first FROM.
func (d *dockerfile) stageOf(in *instruction) *stage {
	for _, s := range d.stages() {
		if s.from == in || slices.Contains(s.body, in) {
			return s
		}
	}
	return nil
}

var reads = regexp.MustCompile(`(?:--from=|[ ,]from=|,from=)([^ ,\\]+)`)

// built lists the stages that a target needs; the last one without a name.
func (d *dockerfile) built(target string) []*stage {
	all := d.stages()
	var out []*stage
	var visit func(s *stage)
	visit = func(s *stage) {
		if s == nil || slices.Contains(out, s) {
			return
		}
		out = append(out, s)
		visit(s.parent)
		for _, in := range s.body {
			if in.gone || !in.isStep() {
				continue
			}
			for _, m := range reads.FindAllStringSubmatch(in.text, -1) {
				visit(named(all, m[1]))
			}
		}
	}
	if target != "" {
		visit(named(all, target))
	} else {
		visit(all[len(all)-1])
	}
	return out
}

// root is what a stage starts from in the end.
func (s *stage) root() *stage {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

// hasShell says that a RUN can run in the stage.
func (s *stage) hasShell() bool { return s.root().image != "scratch" }

var reference = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// refs lists the variables that a text names.
func refs(text string) []string {
	var out []string
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// variable is a name and, if hasValue, what an ARG or ENV gives it.
type variable struct {
	name, value string
	hasValue    bool
}

var assignment = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*)=("[^"]*"|[^ \n]*)`)

// variables lists what an ARG or ENV declares.
func (in *instruction) variables() []variable {
	if in.word != "ARG" && in.word != "ENV" {
		return nil
	}
	text := strings.ReplaceAll(in.text, "\\\n", " ")
	_, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	var out []variable
	for _, m := range assignment.FindAllStringSubmatch(rest, -1) {
		out = append(out, variable{m[1], m[2], true})
	}
	if len(out) == 0 && in.word == "ARG" {
		for _, name := range strings.Fields(rest) {
			out = append(out, variable{name: name})
		}
	}
	return out
}

func (in *instruction) declares(name string) bool {
	return slices.ContainsFunc(in.variables(), func(v variable) bool { return v.name == name })
}
