package workflow

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	expression = regexp.MustCompile(`\$\{\{.*?\}\}`)
	ofMatrix   = regexp.MustCompile(`^\$\{\{\s*matrix\.([A-Za-z0-9_-]+)\s*\}\}$`)
	// workspace is the folder of the checkout, which paths are relative to anyway.
	workspace = regexp.MustCompile(`^\$\{\{\s*github\.workspace\s*\}\}(/|$)`)
)

// Builds says whether a step may be the one that builds a Dockerfile: context and
// file are relative to the repository.
func (s Step) Builds(context, file, target string) bool {
	own, ok := folder(s.Context)
	if !ok {
		return false
	}
	ownFile := workspace.ReplaceAllString(s.File, "")
	if ownFile == "" {
		ownFile = own + "/Dockerfile"
	}
	return s.fits(path.Clean(own), path.Clean(context)) && s.fits(path.Clean(ownFile), path.Clean(file)) && s.fits(s.Target, target)
}

// folder gives a context as a folder of the repository. A URL is none.
func folder(context string) (string, bool) {
	if rest, ok := strings.CutPrefix(context, "{{defaultContext}}"); ok {
		return path.Join(".", strings.TrimPrefix(rest, ":")), true
	}
	context = workspace.ReplaceAllString(context, "")
	return path.Join(".", context), !strings.Contains(context, "://") && !strings.HasPrefix(context, "git@")
}

// fits says whether a text with expressions can be a value.
func (s Step) fits(text, value string) bool {
	var pattern strings.Builder
	pattern.WriteString("^")
	at := 0
	for _, m := range expression.FindAllStringIndex(text, -1) {
		pattern.WriteString(regexp.QuoteMeta(text[at:m[0]]))
		at = m[1]
		of := ofMatrix.FindStringSubmatch(text[m[0]:m[1]])
		if of == nil || len(s.Matrix[of[1]]) == 0 {
			pattern.WriteString(".*")
			continue
		}
		var values []string
		for _, v := range s.Matrix[of[1]] {
			values = append(values, regexp.QuoteMeta(v))
		}
		pattern.WriteString("(?:" + strings.Join(values, "|") + ")")
	}
	pattern.WriteString(regexp.QuoteMeta(text[at:]) + "$")
	re, err := regexp.Compile("(?s)" + pattern.String())
	return err == nil && re.MatchString(value)
}

// Fits says whether a text with expressions can be a value.
func Fits(text, value string) bool { return Step{}.fits(text, value) }

// FromMatrix lists the names of the matrix that a text is made from.
func (s Step) FromMatrix(texts ...string) []string {
	var out []string
	for _, text := range texts {
		for _, m := range expression.FindAllString(text, -1) {
			if of := ofMatrix.FindStringSubmatch(m); of != nil && !slices.Contains(out, of[1]) {
				out = append(out, of[1])
			}
		}
	}
	return out
}

// moving matches what is another value at each commit or each run: the commit, the
// run, and what other steps make under the name of a commit or a time.
var moving = regexp.MustCompile(`(?i)github\.(sha|run_id|run_number|run_attempt|event\.(after|head_commit|pull_request\.head\.sha))` +
	`|(steps|needs|env)\..*(sha|commit|revision|date|time|created)`)

// EveryCommit lists the build arguments whose value is another one at each commit,
// sorted.
func (s Step) EveryCommit() []string {
	var out []string
	for _, a := range s.BuildArgs {
		name, value, _ := strings.Cut(a, "=")
		for _, x := range expression.FindAllString(value, -1) {
			if moving.MatchString(x) && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Cache is one entry of cache-from or cache-to.
type Cache struct {
	Text string // as the step has it
	Type string
	// Ref is the reference of a registry, the scope of an Actions cache, or the
	// folder; as written, with expressions.
	Ref   string
	Attrs map[string]string
}

// ParseCache reads an entry. What is no type=…,… is a reference to a registry.
func ParseCache(entry string) Cache {
	c := Cache{Text: entry, Type: "registry", Ref: entry, Attrs: map[string]string{}}
	if !strings.Contains(entry, "=") {
		return c
	}
	for field := range strings.SplitSeq(entry, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		c.Attrs[strings.ToLower(key)] = value
	}
	c.Type = c.Attrs["type"]
	switch c.Type {
	case "gha":
		c.Ref = c.Attrs["scope"]
		if c.Ref == "" {
			c.Ref = "buildkit" // as BuildKit calls it
		}
	case "local":
		c.Ref = path.Base(c.Attrs["src"] + c.Attrs["dest"])
	default:
		c.Ref = c.Attrs["ref"]
	}
	return c
}
