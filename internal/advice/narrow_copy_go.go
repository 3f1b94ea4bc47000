package advice

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// goContext keeps files that changed out of the build context if nothing but go build
// could read them, and it does not. Before, with this Dockerfile,
//
//	FROM golang:1.26 AS build
//	WORKDIR /src
//	COPY . .
//	RUN go build -o /app ./cmd/app
//	FROM scratch
//	COPY --from=build /app /app
//
// a change of a test or of the documentation builds the program again. After, with
//
//	**/*_test.go
//	docs
//
// in the .dockerignore, it does not. Programs that embed files or call C are left
// alone, and contexts with a .git, which go build asks whether files are missing.
func (s *scene) goContext() (candidate, bool) {
	at, changed := s.goChanges()
	if len(changed) == 0 || !slices.ContainsFunc(s.file.Instructions, func(in dockerfile.Instruction) bool {
		return in.Command == "RUN" && strings.Contains(in.Text, "go build")
	}) {
		return candidate{}, false
	}
	var lines []string
	for _, f := range changed {
		line := s.ignoreLine(f)
		named := slices.ContainsFunc(strings.Split(line, "/"), func(part string) bool {
			return !strings.Contains(part, "*") && s.names(part)
		})
		if line != "" && !named && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return candidate{}, false
	}
	slices.Sort(lines)
	var all []string // a line keeps out more than what changed
	for i, p := range s.context.Paths {
		if !fs.FileMode(s.context.Modes[i]).IsDir() && slices.ContainsFunc(lines, func(l string) bool {
			suffix, any := strings.CutPrefix(l, "**/*")
			return any && strings.HasSuffix(p, suffix) || inside(p, l)
		}) {
			all = append(all, p)
		}
	}
	if why := s.onlyGo(all); why != "" {
		s.silent(at, "%s cannot be kept out of the context: %s", list(lines), why)
		return candidate{}, false
	}
	edit, ok := s.ignoreEdit(lines)
	if !ok {
		return candidate{}, false
	}
	c, ok := s.draftFiles(-1, fmt.Sprintf("Keep %s out of the build context, as `go build` does not read them", list(lines)), edit)
	c.Line = max(1, len(s.context.Ignore))
	c.EndLine = c.Line
	return c, ok
}

// names says whether the Dockerfile has a name.
func (s *scene) names(name string) bool {
	for _, in := range s.file.Instructions {
		if hasPath(in.Text, name) {
			return true
		}
	}
	return false
}

// goChanges lists the changed files that go build does not read, and a COPY of them.
func (s *scene) goChanges() (at int, files []string) {
	if s.context == nil || s.ReadFile == nil {
		return 0, nil
	}
	for i := range s.file.Instructions {
		if s.copies[i] == nil {
			continue
		}
		for _, f := range often(s.changed(i).Files) {
			_, there := slices.BinarySearch(s.context.Paths, f)
			if there && !readByGo(f) && s.unneeded(f) == "" && !slices.Contains(files, f) {
				at, files = i, append(files, f)
			}
		}
	}
	return at, files
}

// goFiles are what go build reads of a package's folder, by go help packages.
var goFiles = []string{".go", ".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90", ".s", ".S", ".sx", ".swig", ".swigcxx", ".syso"}

func readByGo(file string) bool {
	switch path.Base(file) {
	case "go.mod", "go.sum", "go.work", "go.work.sum", "modules.txt":
		return true
	}
	if strings.HasPrefix(file, "vendor/") || strings.Contains(file, "/vendor/") {
		return true
	}
	return slices.Contains(goFiles, path.Ext(file)) && !strings.HasSuffix(file, "_test.go")
}

// onlyGo says what besides go build may read the files; it is empty if nothing does.
func (s *scene) onlyGo(files []string) string {
	for _, line := range s.context.Ignore {
		if strings.HasPrefix(strings.TrimSpace(line), "!") {
			return "the .dockerignore lets files in by name"
		}
	}
	shipped := s.shipped()
	for i, in := range s.file.Instructions {
		if slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool {
			return m.Type != "cache" && m.Type != "secret" && m.Type != "ssh" && m.Type != "tmpfs"
		}) {
			return quoted(in) + " mounts files"
		}
		if in.Command != "COPY" && in.Command != "ADD" {
			continue
		}
		c := s.copies[i]
		if from, ok := in.Flag("from"); ok {
			if s.takesSource(in, s.file.StageNamed(from), files) {
				return quoted(in) + " may take them"
			}
			continue
		}
		if c == nil && len(in.Heredocs) == 0 {
			return "what " + quoted(in) + " takes is not known"
		}
		if c == nil || !slices.ContainsFunc(files, func(f string) bool { _, ok := c.target(f); return ok }) {
			continue
		}
		if shipped == nil || slices.Contains(shipped, in.Stage) {
			return "the image that is built has them"
		}
		for _, j := range s.below(i) {
			if x := s.file.Instructions[j]; x.Command == "RUN" && !onlyBuildsGo(x) || x.Command == "ONBUILD" {
				return quoted(x) + " may read them"
			}
		}
	}
	return s.embeds()
}

// takesSource says whether a COPY --from takes one of the files where a COPY of its
// stage brought it.
func (s *scene) takesSource(in dockerfile.Instruction, stage int, files []string) bool {
	sources, _, ok := in.Paths()
	if !ok || stage < 0 {
		return !ok
	}
	for _, n := range s.lineage(stage) {
		for i := s.file.Stages[n].From; i < s.file.StageEnd(n); i++ {
			c := s.copies[i]
			if c == nil {
				continue
			}
			for _, f := range files {
				rel, ok := c.target(f)
				lands := path.Join(inDir(s.workdirs(n)[i], c.dest), rel)
				if ok && slices.ContainsFunc(sources, func(p string) bool {
					p = path.Join("/", p) // a stage's paths are taken from its root
					return strings.ContainsAny(p, "$*?[") || inside(lands, p) || strings.HasPrefix(lands, "~")
				}) {
					return true
				}
			}
		}
	}
	return false
}

// onlyBuildsGo says whether all commands of a RUN are go build and others that read
// no file of the context but its own.
func onlyBuildsGo(in dockerfile.Instruction) bool {
	sc, ok := readScript(in)
	if !ok || !sc.linear {
		return false
	}
	for _, words := range sc.commands {
		if words[0] == "go" && len(words) > 1 && slices.Contains([]string{"build", "install", "mod", "env", "version"}, words[1]) {
			continue
		}
		if a := classify(words); a.purpose == unknown || a.from != nil {
			return false
		}
	}
	return true
}

// embeds says why a program may read more than Go files of its folders.
func (s *scene) embeds() string {
	read := 0
	for i, p := range s.context.Paths {
		if p == ".git" || strings.HasPrefix(p, ".git/") {
			return "go build asks git about the files of the context"
		}
		if path.Ext(p) != ".go" || !fs.FileMode(s.context.Modes[i]).IsRegular() {
			continue
		}
		read++
		data, err := s.ReadFile(p)
		if err != nil || read > mostRead {
			return p + " cannot be looked into"
		}
		if text := string(data); strings.Contains(text, "//go:embed") || strings.Contains(text, `import "C"`) || strings.Contains(text, "\t\"C\"") {
			return p + " embeds files, or calls C"
		}
	}
	if read == 0 {
		return "there are no Go files"
	}
	return ""
}

// ignoreLine is the line of a .dockerignore that keeps a file out, and others like it.
func (s *scene) ignoreLine(file string) string {
	if strings.ContainsAny(file, "*?[]\\!#\n") {
		return ""
	}
	switch {
	case strings.HasSuffix(file, "_test.go"):
		return "**/*_test.go"
	case path.Ext(file) == ".md":
		return "**/*.md"
	}
	top, _, deep := strings.Cut(file, "/")
	if deep && !slices.ContainsFunc(s.context.Paths, func(p string) bool { return inside(p, top) && readByGo(p) }) {
		return top
	}
	return file
}
