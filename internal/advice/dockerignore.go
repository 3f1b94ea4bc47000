package advice

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// From these sizes on, files that no image needs are worth a line even if none
// of them changed: they are read, hashed and sent in every build.
const (
	worthBytes = 1 << 20
	worthFiles = 100
)

// dockerignore keeps out of the build context what a COPY of everything takes
// and no image needs. It speaks where such files changed and made the COPY miss,
// or where they are many. With this Dockerfile and no .dockerignore:
//
//	FROM golang:1.26
//	COPY . .
//	RUN go build -o /app .
//
// an edit of the Dockerfile's comments re-runs go build. After, with
//
//	.git
//	Dockerfile
//	.dockerignore
//
// in the .dockerignore, it does not. What the Dockerfile names anywhere is never
// proposed, nor what the .dockerignore lets in on purpose.
func dockerignore(s *scene) []candidate {
	if s.context == nil {
		return nil
	}
	var lines []string
	var all []*keptOut
	for _, k := range s.sweep() {
		if k.worth() && !s.wants(k) && (k.line != ".git" || s.sparesGit()) {
			lines, all = append(lines, k.line), append(all, k)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	named := list(lines)
	if own := s.ownRules(); own != "" && !slices.Contains(lines, own) {
		lines = append(lines, own)
	}
	edit, ok := s.ignoreEdit(lines)
	if !ok {
		return nil
	}
	bytes, files := int64(0), 0
	for _, k := range all {
		bytes, files = bytes+k.bytes, files+k.files
	}
	c, ok := s.draftFiles(-1, fmt.Sprintf("Keep %s out of the build context (%s, %s)", named, count(files), size(bytes)), edit)
	c.Line = max(1, len(s.context.Ignore))
	if c.Line > 1 && s.context.Ignore[c.Line-1] == "" {
		c.Line-- // the file ends with a newline
	}
	c.EndLine = c.Line
	c.sound = bytes >= worthBytes || files > worthFiles
	for _, k := range all {
		for _, name := range k.declared() {
			c.Declares = append(c.Declares, Difference{Path: name, Change: "removed"})
		}
		if programs, _ := s.stamped(); k.line == ".git" && len(programs) > 0 {
			c.Assumes = append(c.Assumes, "No program needs to know the commit that it was built from: go build writes it into one as long as there is a .git.")
			for _, name := range programs {
				c.Declares = append(c.Declares, Difference{Path: "/**/" + name, Change: "content"})
			}
		}
	}
	for _, own := range lines[len(all):] {
		c.Declares = append(c.Declares, Difference{Path: "/**/" + own, Change: "removed"})
	}
	if !ok {
		return nil
	}
	return []candidate{c}
}

// sparesGit says whether what is built is the same without a .git, or differs in known
// programs only.
func (s *scene) sparesGit() bool {
	if p := s.manifestsAskGit(); p != "" {
		s.silent(-1, ".git may be needed: %s takes something from it", p)
		return false
	}
	if _, ok := s.stamped(); !ok {
		s.silent(-1, ".git may be needed: go build writes the commit into a program as long as it is there")
		return false
	}
	return true
}

// declared are patterns of the paths in an image that the line keeps out of it: a
// COPY may bring them to any folder.
func (k *keptOut) declared() []string {
	name := strings.TrimPrefix(k.line, "**/")
	return []string{"/**/" + name, "/**/" + name + "/**"}
}

// ownRules is the path of the .dockerignore, if a COPY takes it or would take a
// new one: then it has to keep itself out. The patch would change the image, and
// each later edit of the rules lose the cache.
func (s *scene) ownRules() string {
	file := ".dockerignore"
	if s.context.IgnorePath != "" {
		rel, below := relativeTo(s.Head.Invocation.Context, s.context.IgnorePath)
		if _, seen := slices.BinarySearch(s.context.Paths, rel); !below || !seen {
			return ""
		}
		file = rel
	}
	if !s.taken(file) {
		return ""
	}
	return file
}

// relativeTo gives a path of the repository as one of the context.
func relativeTo(context, file string) (string, bool) {
	context, file = path.Clean(context), path.Clean(file)
	if context == "." {
		return file, true
	}
	return strings.CutPrefix(file, context+"/")
}

// keptOut is a line for the .dockerignore and what it matches.
type keptOut struct {
	line    string
	bytes   int64
	files   int
	changed []string
}

func (k *keptOut) worth() bool {
	return len(k.changed) > 0 || k.bytes > worthBytes || k.files > worthFiles
}

// sweep matches every context file that a COPY takes with its folder, and every
// changed one, against what no image needs.
func (s *scene) sweep() []*keptOut {
	found := map[string]*keptOut{}
	var order []string
	hit := func(file string) *keptOut {
		line := s.unneeded(file)
		if line == "" || !s.taken(file) {
			return nil
		}
		if found[line] == nil {
			found[line] = &keptOut{line: line}
			order = append(order, line)
		}
		return found[line]
	}
	for i, file := range s.context.Paths {
		if k := hit(file); k != nil && !fs.FileMode(s.context.Modes[i]).IsDir() {
			k.bytes, k.files = k.bytes+s.context.Sizes[i], k.files+1
		}
	}
	for i := range s.file.Instructions {
		for _, file := range often(s.changed(i).Files) {
			if k := hit(file); k != nil && !slices.Contains(k.changed, file) {
				k.changed = append(k.changed, file)
			}
		}
	}
	slices.Sort(order)
	var out []*keptOut
	for _, line := range order {
		if found[line].files > 0 { // a file that is gone needs no line
			out = append(out, found[line])
		}
	}
	return out
}

// taken says whether a COPY or ADD takes the file because it takes its folder.
func (s *scene) taken(file string) bool {
	for _, c := range s.copies {
		if c.takesFolder(file) {
			return true
		}
	}
	return false
}

// wants says whether the Dockerfile names what the line matches, so that it may
// be needed, or the .dockerignore lets it in.
func (s *scene) wants(k *keptOut) bool {
	name := strings.TrimPrefix(k.line, "**/")
	if strings.HasPrefix(name, "*.") {
		name = name[1:]
	}
	for _, line := range s.context.Ignore {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "!") {
			return true // what is let in by name may lie below it
		}
	}
	for _, in := range s.file.Instructions {
		if hasPath(in.Text, name) || name == ".git" && in.Command == "RUN" && usesGit(in.Text) {
			return true
		}
	}
	return false
}

// hasPath says whether a text has the name as a part of a path or a word.
func hasPath(text, name string) bool {
	inside := func(c byte) bool {
		return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for at := 0; ; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		before := start == 0 || !inside(text[start-1]) && text[start-1] != '.' || name[0] == '.'
		if before && (end == len(text) || !inside(text[end])) {
			return true
		}
		at = start + 1
	}
}

// usesGit says whether a command may ask git about the sources it runs in.
func usesGit(text string) bool {
	for _, w := range []string{"git", "goreleaser", "setuptools_scm", "versioneer", "lerna", "gitversion", "jgitver", "make"} {
		if hasPath(text, w) {
			return true
		}
	}
	return false
}

// ignoreEdit adds the lines to the .dockerignore that applied, or makes one.
func (s *scene) ignoreEdit(lines []string) (FileEdit, bool) {
	text := strings.Join(lines, "\n") + "\n"
	if s.context.IgnorePath == "" {
		// If it is there, the record should have it.
		return FileEdit{path.Join(s.Head.Invocation.Context, ".dockerignore"), nil, []byte(text)},
			!slices.Contains(s.context.Paths, ".dockerignore")
	}
	before := strings.Join(s.context.Ignore, "\n")
	if !local(s.context.IgnorePath) {
		return FileEdit{}, false
	}
	if before != "" && !strings.HasSuffix(before, "\n") {
		text = "\n" + text
	}
	if strings.Contains(before, "\r\n") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	after := before + text
	return FileEdit{s.context.IgnorePath, []byte(before), []byte(after)}, true
}
