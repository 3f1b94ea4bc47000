package advice

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/workflow"
)

// Workflow is a file of GitHub Actions.
type Workflow struct {
	Path string // relative to the repository
	Text []byte
}

// builder is a step of a workflow that may be the one that ran this build.
type builder struct {
	workflow.Step
	text []byte // of the file, with credentials in URLs struck out
}

// readWorkflows finds the steps that may have run this build.
func (s *scene) readWorkflows() {
	for _, w := range s.Workflows {
		text := []byte(record.RedactURLs(string(w.Text)))
		steps, err := workflow.Read(w.Path, text)
		if err != nil {
			s.silences = append(s.silences, Silence{Why: err.Error()})
			continue
		}
		for _, x := range steps {
			if x.Builds(s.Head.Invocation.Context, s.Head.Dockerfile.Path, s.Head.Invocation.Target) {
				s.builders = append(s.builders, builder{x, text})
			}
		}
	}
}

// use is an entry of a step's cache-from or cache-to.
type use struct {
	builder
	workflow.Cache
}

// uses finds where workflows name a cache of the record: in cache-from or cache-to.
func (s *scene) uses(input string, c *record.CacheAccess) []use {
	var out []use
	for _, b := range s.builders {
		list := b.CacheFrom
		if input == "cache-to" {
			list = b.CacheTo
		}
		for _, entry := range list {
			x := workflow.ParseCache(entry)
			if x.Type == c.Type && workflow.Fits(x.Ref, c.Ref) {
				out = append(out, use{b, x})
			}
		}
	}
	return out
}

// change is an edit of a step's inputs.
type stepChange func(step workflow.Step, text []byte) ([]byte, error)

// rewrite makes one change after the other, each in what those before left of the
// step's file.
func rewrite(at []builder, changes []stepChange) ([]FileEdit, error) {
	var out []FileEdit
	for n, b := range at {
		i := slices.IndexFunc(out, func(e FileEdit) bool { return e.Path == b.Path })
		if i < 0 {
			i = len(out)
			out = append(out, FileEdit{b.Path, b.text, b.text})
		}
		steps, err := workflow.Read(b.Path, out[i].After)
		if err != nil {
			return nil, err
		}
		k := slices.IndexFunc(steps, func(x workflow.Step) bool { return x.Job == b.Job && x.Number == b.Number })
		if k < 0 {
			return nil, workflow.ErrUnsafe
		}
		if out[i].After, err = changes[n](steps[k], out[i].After); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(out, func(e FileEdit) bool { return bytes.Equal(e.Before, e.After) }), nil
}

// draftUses makes a candidate that gives each entry another text. It reports false
// where there is none, or where a file cannot be edited.
func (s *scene) draftUses(title string, uses []use, text func(use) string) (candidate, bool) {
	var at []builder
	var changes []stepChange
	for _, u := range uses {
		input := "cache-to"
		if slices.Contains(u.CacheFrom, u.Text) && !slices.Contains(u.CacheTo, u.Text) {
			input = "cache-from"
		}
		with := text(u)
		if with == "" || with == u.Text {
			return candidate{}, false
		}
		at = append(at, u.builder)
		changes = append(changes, func(step workflow.Step, text []byte) ([]byte, error) {
			return step.Replace(text, input, u.Text, with)
		})
	}
	return s.draftSteps(title, at, changes)
}

// draftSteps makes a candidate of changes of steps. It stands at the first line
// that changes.
func (s *scene) draftSteps(title string, at []builder, changes []stepChange) (candidate, bool) {
	edits, err := rewrite(at, changes)
	if err != nil || len(edits) == 0 {
		if err != nil {
			s.silent(-1, "%v", err)
		}
		return candidate{}, false
	}
	c, ok := s.draftFiles(-1, title, edits...)
	if !ok || leaks(c.Patch) {
		s.silent(-1, "a patch of %s would show a credential", edits[0].Path)
		return candidate{}, false
	}
	before, after := bytes.SplitAfter(edits[0].Before, []byte("\n")), bytes.SplitAfter(edits[0].After, []byte("\n"))
	for c.Line = 1; c.Line < min(len(before), len(after)) && bytes.Equal(before[c.Line-1], after[c.Line-1]); {
		c.Line++
	}
	c.EndLine = c.Line
	return c, true
}

// assigned matches a variable and its value in a line of a workflow.
var assigned = regexp.MustCompile(`([A-Za-z0-9_]+)["']?\s*[:=]\s*["']?([^\s"']*)`)

// leaks says whether a patch shows the value of what is named like a secret, and
// not only an expression that names one.
func leaks(patch string) bool {
	for line := range strings.Lines(patch) {
		for _, m := range assigned.FindAllStringSubmatch(line, -1) {
			if secretName(m[1]) && m[2] != "" && m[2] != "|" && !strings.HasPrefix(m[2], "${{") && !strings.HasPrefix(m[2], "$") {
				return true
			}
		}
	}
	return false
}

// orRemark is the candidate, or, if there is none, a remark at the Dockerfile's first
// line that says what flag does the same, if one does.
func (s *scene) orRemark(c candidate, ok bool, title, flag string) candidate {
	if ok {
		return c
	}
	if flag != "" {
		title = fmt.Sprintf("%s: `%s`", title, flag)
	}
	return candidate{sound: true, Suggestion: Suggestion{
		Title: oneLine(title), File: s.Head.Dockerfile.Path, Line: 1, EndLine: 1,
	}}
}

// exports and imports are the record's caches that were written and read, and that
// somebody named: what "cache: auto" chose is no input that an edit could change.
func (s *scene) exports() []*record.CacheAccess { return s.caches(record.Export) }
func (s *scene) imports() []*record.CacheAccess { return s.caches(record.Import) }

func (s *scene) caches(d record.Direction) []*record.CacheAccess {
	var out []*record.CacheAccess
	for i := range s.Head.Caches {
		switch c := &s.Head.Caches[i]; {
		case c.Direction == d && c.Chosen:
			s.silent(-1, "cache: auto chose %s", c.Ref)
		case c.Direction == d:
			out = append(out, c)
		}
	}
	return out
}

// flagOf is a cache as a flag names it.
func flagOf(flag string, c *record.CacheAccess, more string) string {
	text := "type=" + c.Type
	switch {
	case c.Type == "gha" && c.Ref != "buildkit":
		text += ",scope=" + c.Ref
	case c.Type == "registry":
		text += ",ref=" + c.Ref
	}
	return "--" + flag + " " + text + more
}
