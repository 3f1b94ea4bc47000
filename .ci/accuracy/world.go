package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// world is all that a build depends on. A case has one before its mutations and
// one after.
type world struct {
	shape    *shape
	mark     string // of the case, so that no case finds another's results
	doc      *dockerfile
	files    map[string]file
	folders  map[string]uint32 // modes of folders, if not 755
	args     []variable
	flags    []string
	noCache  []string       // stages, or * for all
	versions map[string]int // of images and remote files: another version is other content
	contexts map[string]string
	secret   string
	loss     loss

	effects []effect
	changes []fileChange
	// touched is what a mutation has changed, so that another leaves it alone.
	touched map[string]bool
}

// newWorld is the world before any mutation. The case's mark is in every file.
func newWorld(s *shape, mark string) *world {
	w := &world{
		shape: s, mark: mark, files: map[string]file{}, folders: map[string]uint32{}, args: slices.Clone(s.args), flags: slices.Clone(s.flags),
		versions: map[string]int{}, contexts: maps.Clone(s.contexts), secret: "a secret", touched: map[string]bool{},
	}
	copies := map[*instruction]*instruction{}
	w.doc = &dockerfile{}
	for _, in := range s.doc.list {
		c := *in
		copies[in] = &c
		w.doc.list = append(w.doc.list, &c)
	}
	for p, f := range s.files {
		if f.link == "" && !isRules(p) {
			f.data += "# " + mark + "\n"
		}
		w.files[p] = f
	}
	return w
}

func isRules(p string) bool { return strings.HasSuffix(p, ".dockerignore") }

// rulesPath is the file with the rules that applies.
func (w *world) rulesPath() string {
	own := w.shape.dockerfile + ".dockerignore"
	if _, ok := w.files[own]; ok {
		return own
	}
	return ".dockerignore"
}

// given are the arguments of the build by name.
func (w *world) given() map[string]string {
	out := map[string]string{}
	for _, a := range w.args {
		out[a.name] = a.value
	}
	return out
}

// expand puts the values that the build began with into an annotation.
func (w *world) expand(text string) string {
	for _, a := range w.args {
		text = strings.ReplaceAll(text, "$"+a.name, a.value)
	}
	return text
}

// excluded says that the shape's own rules keep a path out.
func (w *world) excluded(p string) bool {
	return !strings.HasPrefix(p, "@") && match(w.shape.excluded, p)
}

// taken says that an instruction takes a path, if no rule keeps it out.
func (w *world) taken(in *instruction, p string) bool {
	var patterns []string
	for _, t := range in.takes {
		patterns = append(patterns, w.expand(t))
	}
	return match(patterns, p)
}

// takers lists the instructions that take a path.
func (w *world) takers(p string) []*instruction {
	var out []*instruction
	for _, in := range w.doc.list {
		if !in.gone && w.taken(in, p) {
			out = append(out, in)
		}
	}
	return out
}

// builtSteps are the steps that the build consists of.
func (w *world) builtSteps() map[*instruction]bool {
	out := map[*instruction]bool{}
	for _, s := range w.doc.built(w.shape.target) {
		for _, in := range s.body {
			if !in.gone && in.isStep() {
				out[in] = true
			}
		}
	}
	return out
}

// forced says that the build was told to ignore the cache for a step.
func (w *world) forced(in *instruction) bool {
	if in.word == "WORKDIR" {
		return false
	}
	if slices.Contains(w.noCache, "*") {
		return true
	}
	s := w.doc.stageOf(in)
	return s != nil && s.name != "" && slices.Contains(w.noCache, s.name)
}

// insert puts an instruction below another.
func (d *dockerfile) insert(below, in *instruction) {
	i := slices.Index(d.list, below)
	d.list = slices.Insert(d.list, i+1, in)
}

// command is the build's flags.
func (w *world) command(place func(string) string) []string {
	var out []string
	for _, a := range w.args {
		out = append(out, "--build-arg", a.name+"="+a.value)
	}
	for _, f := range w.flags {
		out = append(out, place(f))
	}
	for _, n := range w.noCache {
		if n == "*" {
			out = append(out, "--no-cache")
		} else {
			out = append(out, "--no-cache-filter", n)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.contexts)) {
		out = append(out, "--build-context", name+"="+place(w.contexts[name]))
	}
	folders := map[string]bool{}
	for p := range w.files {
		if rest, ok := strings.CutPrefix(p, "@"); ok {
			name, _, _ := strings.Cut(rest, "/")
			folders[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		out = append(out, "--build-context", name+"="+place("{contexts}/@"+name))
	}
	if w.shape.secret != "" {
		out = append(out, "--secret", fmt.Sprintf("id=%s,src=%s", w.shape.secret, place("{secret}")))
	}
	if w.shape.target != "" {
		out = append(out, "--target", w.shape.target)
	}
	return out
}
