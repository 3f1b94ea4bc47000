package cause

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"

	"github.com/layercause/layercause/internal/record"
)

// fileChanges compares the context files that two operations take.
func (e *explainer) fileChanges(v, b *record.Vertex) []string {
	var out []string
	differ := differing(v, b)
	for _, t := range v.Takes {
		i := slices.IndexFunc(b.Takes, func(x record.Take) bool { return x.Input == t.Input })
		if i < 0 || b.Takes[i].Digest == t.Digest {
			continue
		}
		old := b.Takes[i]
		if t.Manifest >= len(e.head.Manifests) || old.Manifest >= len(e.base.Manifests) {
			continue
		}
		if differ[fmt.Sprintf("select:%d", t.Input)] {
			continue // it takes other paths: what chose them is the cause
		}
		changed := e.compare(t.Manifest, old.Manifest).take(t.Files, old.Files)
		rules := changed.narrowed(letIn, keptOut)
		files := changed.narrowed(content, otherType, link, added, removed, mode, xattr)
		if rules.any() {
			c := e.at(ContextRules, v.Instruction)
			c.bring(rules)
			c.Subject = cmp.Or(changed.h.IgnorePath, changed.o.IgnorePath, ".dockerignore")
			line := c.Subject
			if before, after, at, ok := editedRule(changed.o.Ignore, changed.h.Ignore); ok {
				c.Evidence.Before, c.Evidence.After = before, after
				if at > 0 {
					line = fmt.Sprintf("line %d of %s", at, c.Subject)
				}
			}
			c.Detail = fmt.Sprintf("%s now %s", line, letInOrKeptOut(&rules))
			out = append(out, e.add(fmt.Sprintf("rules %d", v.Instruction), c))
		}
		if files.any() || !rules.any() {
			c := e.at(ContextFiles, v.Instruction)
			c.bring(files)
			if len(c.Evidence.Files) > 0 {
				c.Subject = c.Evidence.Files[0].Path
			}
			c.Detail = describe(&files, c.Evidence.Files)
			out = append(out, e.add(fmt.Sprintf("files %d", v.Instruction), c))
		}
	}
	return out
}

// bring gives a cause its files: all of a few, of many the most telling ones and a
// summary.
func (c *Cause) bring(files fileSet) {
	c.files, c.Context = files, files.h.Name
	c.Evidence.Files = files.list()
	if _, n := files.counts(); n > len(c.Evidence.Files) {
		c.Evidence.FileCount, c.Evidence.Folders = n, files.folders()
	}
}

// AllFiles gives every file that changed, in no order that means anything. The
// evidence lists the most telling ones.
func (c *Cause) AllFiles() iter.Seq[FileChange] {
	if c.files.comparison == nil {
		return slices.Values(c.Evidence.Files)
	}
	return c.files.all()
}

// editedRule finds the one line that was added, removed or edited, and its number
// now, which is 0 if it is gone. It is not ok if there were several.
func editedRule(before, after []string) (was, is string, line int, ok bool) {
	top, end, oldEnd := trim(after, before, 0, len(after), 0, len(before))
	if end-top > 1 || oldEnd-top > 1 {
		return "", "", 0, false
	}
	if oldEnd > top {
		was = before[top]
	}
	if end > top {
		is, line = after[top], top+1
	}
	return was, is, line, true
}

func ignoreMatcher(lines []string) func(string) bool {
	var patterns []string
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		not := strings.HasPrefix(l, "!")
		l = strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(l, "!")), "/")
		if not {
			l = "!" + l
		}
		patterns = append(patterns, l)
	}
	m, err := patternmatcher.New(patterns)
	if err != nil {
		return func(string) bool { return false }
	}
	return func(p string) bool {
		ok, err := m.MatchesOrParentMatches(p)
		return err == nil && ok
	}
}

func letInOrKeptOut(rules *fileSet) string {
	by, _ := rules.counts()
	in, out := by[letIn], by[keptOut]
	first := rules.list()[0].Path
	switch {
	case out == 0:
		return fmt.Sprintf("lets %s in", count(in, first))
	case in == 0:
		return fmt.Sprintf("keeps %s out", count(out, first))
	default:
		return fmt.Sprintf("lets %d files in and keeps %d out", in, out)
	}
}

func count(n int, one string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d files", n)
}

// describe is the sentence for changed files.
func describe(files *fileSet, listed []FileChange) string {
	if len(listed) == 0 {
		return "what it takes of the context differs, in no single file"
	}
	by, n := files.counts()
	first := listed[0]
	if n == 2 && cmp.Or(first.RenamedFrom, first.RenamedTo) == listed[1].Path {
		if first.RenamedFrom != "" {
			first = listed[1]
		}
		return fmt.Sprintf("%s was renamed to %s", first.Path, first.RenamedTo)
	}
	verb := map[string]string{
		"content": "changed", "mode": "has other permissions", "type": "is of another type", "link": "points elsewhere",
		"xattr": "has other extended attributes", "added": "was added", "removed": "was removed",
	}
	switch {
	case n == 1:
		return fmt.Sprintf("%s %s", first.Path, verb[first.Change])
	case by[mode] == n:
		return fmt.Sprintf("%d files have other permissions, among them %s", n, first.Path)
	case by[added] == n, by[removed] == n:
		return fmt.Sprintf("%d files were %s, among them %s", n, first.Change, first.Path)
	default:
		return fmt.Sprintf("%d files changed, among them %s", n, first.Path)
	}
}
