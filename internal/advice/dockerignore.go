package advice

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
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
func dockerignore(s *scene) []Suggestion {
	if s.context == nil {
		return nil
	}
	var lines []string
	var all []*keptOut
	for _, k := range s.sweep() {
		if k.worth() && !s.wants(k) {
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
	file, patch := s.ignorePatch(lines)
	if patch == "" {
		return nil
	}
	bytes, files := int64(0), 0
	out := map[string]bool{}
	for _, k := range all {
		bytes, files = bytes+k.bytes, files+k.files
		for _, p := range k.changed {
			out[p] = true
		}
	}
	causes := s.silenced(out)
	saved := s.saved(causes, func(*record.Step) bool { return true })
	title := fmt.Sprintf("Keep %s out of the build context (%s, %s)", named, count(files), size(bytes))
	line := max(1, len(s.context.Ignore))
	return []Suggestion{{
		Title: title, File: file, Line: line, EndLine: line, Patch: patch, Predicted: s.predict(causes, saved),
	}}
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
	seen := map[string]bool{}
	for i := range s.Causes {
		if s.Causes[i].Kind != cause.ContextFiles {
			continue
		}
		for x := range s.Causes[i].AllFiles() {
			if seen[x.Path] {
				continue
			}
			seen[x.Path] = true
			if k := hit(x.Path); k != nil {
				k.changed = append(k.changed, x.Path)
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

// silenced lists the causes whose files are all kept out.
func (s *scene) silenced(out map[string]bool) []*cause.Cause {
	var causes []*cause.Cause
	for i := range s.Causes {
		c := &s.Causes[i]
		kept := c.Kind == cause.ContextFiles && len(c.Evidence.Files) > 0
		for x := range c.AllFiles() {
			if kept = kept && out[x.Path]; !kept {
				break
			}
		}
		if kept {
			causes = append(causes, c)
		}
	}
	return causes
}

// ignorePatch adds the lines to the .dockerignore that applied, or makes one.
func (s *scene) ignorePatch(lines []string) (file, patch string) {
	text := strings.Join(lines, "\n") + "\n"
	if s.context.IgnorePath == "" {
		file = path.Join(s.Head.Invocation.Context, ".dockerignore")
		if slices.Contains(s.context.Paths, ".dockerignore") {
			return "", "" // it is there, yet the record does not have it
		}
		return file, dockerfile.Diff(file, nil, []byte(text))
	}
	file = s.context.IgnorePath
	before, sure, ok := s.ignoreText()
	if !ok || !local(file) {
		return "", ""
	}
	if strings.Contains(before, "\r\n") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	after := before + text
	switch {
	case before != "" && !strings.HasSuffix(before, "\n"):
		after = before + "\n" + text
	case !sure && strings.Count(before, "\n") > 3:
		after = text + before // so that the patch does not reach the end
	}
	patch = dockerfile.Diff(file, []byte(before), []byte(after))
	if strings.Contains(patch, struck) {
		return "", ""
	}
	return file, patch
}

// ignoreText is the .dockerignore byte for byte. The record has its lines; that
// the last one ends with a newline shows in the file's size, if the context has
// the file, and is not sure else.
func (s *scene) ignoreText() (text string, sure, ok bool) {
	text = strings.Join(s.context.Ignore, "\n")
	rel, below := relativeTo(s.Head.Invocation.Context, s.context.IgnorePath)
	i, found := slices.BinarySearch(s.context.Paths, rel)
	if !found || !below {
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text, false, true
	}
	switch size := s.context.Sizes[i]; size {
	case int64(len(text)):
		return text, true, true
	case int64(len(text)) + 1:
		return text + "\n", true, true
	}
	return "", false, false
}
