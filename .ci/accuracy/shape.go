package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"
)

// shape is a Dockerfile with its context, after the pattern of real projects;
// testdata/shapes/README.md describes the file.
type shape struct {
	name       string
	dockerfile string // its path
	doc        *dockerfile
	files      map[string]file // those of a named context NAME start with @NAME/
	excluded   []string
	args       []variable
	values     map[string][]string // of an argument, where not any will do
	images     []string
	contexts   map[string]string // named contexts that are images
	remotes    []string
	flags      []string
	target     string
	secret     string
	// fixed are names of variables, paths and lines that no mutation changes, since
	// the build would fail; optional are lines that can be taken out.
	fixed    map[string]bool
	optional map[int]bool
}

// file is a file of the context or, with a link, a symbolic link.
type file struct {
	data string
	mode uint32
	link string
	// touched counts how often it got another time.
	touched int
}

func readShapes(dir string) ([]*shape, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("there are no shapes in %s", dir)
	}
	var out []*shape
	for _, p := range paths {
		s, err := readShape(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func readShape(p string) (*shape, error) {
	a, err := txtar.ParseFile(p)
	if err != nil {
		return nil, err
	}
	s := &shape{
		name: strings.TrimSuffix(filepath.Base(p), ".txtar"), dockerfile: "Dockerfile",
		files: map[string]file{}, values: map[string][]string{}, contexts: map[string]string{},
		fixed: map[string]bool{}, optional: map[int]bool{},
	}
	truth := ""
	for _, f := range a.Files {
		if f.Name == "truth" {
			truth = string(f.Data)
			continue
		}
		s.files[f.Name] = file{data: string(f.Data), mode: 0o644}
	}
	if err := s.head(string(a.Comment)); err != nil {
		return nil, err
	}
	d, ok := s.files[s.dockerfile]
	if !ok {
		return nil, fmt.Errorf("there is no %s", s.dockerfile)
	}
	delete(s.files, s.dockerfile)
	s.doc = parse(d.data)
	if err := s.annotate(truth); err != nil {
		return nil, err
	}
	return s, s.check()
}

// head reads the settings above the files.
func (s *shape) head(text string) error {
	for n, line := range strings.Split(text, "\n") {
		w := strings.Fields(line)
		if len(w) == 0 || strings.HasPrefix(w[0], "#") {
			continue
		}
		bad := fmt.Errorf("line %d: %q is no setting", n+1, line)
		if len(w) < 2 {
			return bad
		}
		name, value, _ := strings.Cut(w[1], "=")
		switch w[0] {
		case "arg":
			s.args = append(s.args, variable{name, value, true})
		case "values":
			s.values[w[1]] = w[2:]
		case "image":
			s.images = append(s.images, w[1])
		case "context":
			s.contexts[name] = value
		case "remote":
			s.remotes = append(s.remotes, w[1])
		case "flags":
			s.flags = append(s.flags, w[1:]...)
		case "target":
			s.target = w[1]
		case "secret":
			s.secret = w[1]
		case "file":
			s.dockerfile = w[1]
		case "fixed":
			for _, what := range w[1:] {
				s.fixed[what] = true
			}
		case "optional":
			for _, l := range w[1:] {
				line, err := strconv.Atoi(l)
				if err != nil {
					return bad
				}
				s.optional[line] = true
			}
		case "link":
			s.files[w[2]] = file{link: w[1]}
		case "chmod":
			mode, err := strconv.ParseUint(w[1], 8, 32)
			f, ok := s.files[w[2]]
			if err != nil || !ok {
				return bad
			}
			f.mode = uint32(mode)
			s.files[w[2]] = f
		default:
			return bad
		}
	}
	return nil
}

// annotate reads what each line takes of the context, and what .dockerignore
// keeps out.
func (s *shape) annotate(text string) error {
	at := map[int]*instruction{}
	for in, n := range s.doc.lines() {
		at[n] = in
	}
	for _, line := range strings.Split(text, "\n") {
		key, rest, ok := strings.Cut(line, ":")
		switch {
		case strings.TrimSpace(line) == "":
		case key == "excluded" && ok:
			s.excluded = strings.Fields(rest)
		default:
			n, err := strconv.Atoi(key)
			if err != nil || !ok || at[n] == nil || !at[n].isStep() {
				return fmt.Errorf("the truth has %q, where no step starts", line)
			}
			at[n].takes = strings.Fields(rest)
		}
	}
	return nil
}

// check finds what was forgotten: each instruction that takes files says which,
// and no annotation is without a file.
func (s *shape) check() error {
	for in, n := range s.doc.lines() {
		takes := false
		switch in.word {
		case "COPY", "ADD":
			from := reads.FindStringSubmatch(in.text)
			takes = !strings.Contains(in.text, "<<") && !strings.Contains(in.text, "{http}") &&
				(from == nil || s.isFolder(from[1]))
		case "RUN":
			for _, m := range strings.Split(in.text, "--mount=")[1:] {
				m, _, _ = strings.Cut(m, " ")
				from := reads.FindStringSubmatch(m)
				takes = takes || strings.Contains(m, "type=bind") && (from == nil || s.isFolder(from[1]))
			}
		}
		if takes != (len(in.takes) > 0) {
			return fmt.Errorf("line %d: what it takes is not said, or it takes nothing", n)
		}
		for _, p := range in.takes {
			if p == "./" || strings.HasPrefix(p, "!") || strings.Contains(p, "$") {
				continue
			}
			if !slices.ContainsFunc(s.paths(), func(f string) bool { return match([]string{p}, f) }) {
				return fmt.Errorf("line %d: nothing matches %s", n, p)
			}
		}
	}
	for _, p := range s.excluded {
		if !slices.ContainsFunc(s.paths(), func(f string) bool { return match([]string{strings.TrimPrefix(p, "!")}, f) }) {
			return fmt.Errorf("nothing is excluded by %s", p)
		}
	}
	if len(s.doc.stages()) == 0 {
		return errors.New("there is no FROM")
	}
	return nil
}

// isFolder says that a name is a named context whose files are in the shape.
func (s *shape) isFolder(name string) bool {
	for p := range s.files {
		if strings.HasPrefix(p, "@"+name+"/") {
			return true
		}
	}
	return false
}

// paths lists all files, the Dockerfile too, in order.
func (s *shape) paths() []string {
	out := []string{s.dockerfile}
	for p := range s.files {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// match says that one of the patterns of an annotation stands for a path: a
// folder with all below it (src/, ./), a name in any folder (**/*.md), or a path
// (package.json, *.txt). A later !pattern takes some out again.
func match(patterns []string, p string) bool {
	out := false
	for _, pattern := range patterns {
		pattern, not := strings.CutPrefix(pattern, "!")
		if matchOne(pattern, p) {
			out = !not
		}
	}
	return out
}

func matchOne(pattern, p string) bool {
	if pattern == "./" {
		return !strings.HasPrefix(p, "@")
	}
	if strings.HasSuffix(pattern, "/") {
		return strings.HasPrefix(p, pattern)
	}
	if rest, ok := strings.CutPrefix(pattern, "**/"); ok {
		ok, _ := path.Match(rest, path.Base(p))
		return ok
	}
	ok, _ := path.Match(pattern, p)
	return ok
}
