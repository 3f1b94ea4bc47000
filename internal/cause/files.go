package cause

import (
	"bytes"
	"fmt"
	gofs "io/fs"
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
		h, o := &e.head.Manifests[t.Manifest], &e.base.Manifests[old.Manifest]
		if differ[fmt.Sprintf("select:%d", t.Input)] {
			continue // it takes other paths: what chose them is the cause
		}
		var changes []FileChange
		if e.samePaths(t.Manifest, old.Manifest) && slices.Equal(t.Files, old.Files) {
			changes = compareSame(h, o, t.Files)
		} else {
			changes = compareFiles(h, t.Files, o, old.Files)
		}
		rules, files := splitByRules(changes, h, o)
		if len(rules) > 0 {
			c := e.at(ContextRules, v.Instruction)
			c.Subject = nonEmpty(h.IgnorePath, o.IgnorePath, ".dockerignore")
			c.Evidence.Files = rules
			c.Detail = fmt.Sprintf("%s now %s", c.Subject, letInOrKeptOut(rules))
			out = append(out, e.add(fmt.Sprintf("rules %d", v.Instruction), c))
		}
		if len(files) > 0 || len(rules) == 0 {
			c := e.at(ContextFiles, v.Instruction)
			c.Evidence.Files = files
			if len(files) > 0 {
				c.Subject = files[0].Path
			}
			c.Detail = describe(files)
			out = append(out, e.add(fmt.Sprintf("files %d", v.Instruction), c))
		}
	}
	return out
}

// samePaths says that two manifests list the same paths, which is asked once for
// each pair of them.
func (e *explainer) samePaths(h, o int) bool {
	pair := [2]int{h, o}
	same, known := e.same[pair]
	if !known {
		same = slices.Equal(e.head.Manifests[h].Paths, e.base.Manifests[o].Paths)
		e.same[pair] = same
	}
	return same
}

// compareSame lists what differs between two selections of the same entries, block
// by block: in most builds few files out of many have changed.
func compareSame(h, o *record.Manifest, ranges [][2]int) []FileChange {
	const block = 256
	var out []FileChange
	for _, r := range ranges {
		for start := r[0]; start < r[1]; start += block {
			end := min(r[1], start+block)
			from, to := start*record.DigestSize, end*record.DigestSize
			if bytes.Equal(h.Digests[from:to], o.Digests[from:to]) {
				continue
			}
			for i := start; i < end; i++ {
				if change := compareEntry(h, i, o, i); change != "" {
					out = append(out, FileChange{Path: h.Paths[i], Change: change})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// compareFiles lists what differs between two selections, by path. A folder is
// listed only if nothing below it is.
func compareFiles(h *record.Manifest, hr [][2]int, o *record.Manifest, or [][2]int) []FileChange {
	before := map[string]int{}
	for _, r := range or {
		for i := r[0]; i < r[1]; i++ {
			before[o.Paths[i]] = i
		}
	}
	var out []FileChange
	for _, r := range hr {
		for i := r[0]; i < r[1]; i++ {
			p := h.Paths[i]
			j, ok := before[p]
			if !ok {
				out = append(out, FileChange{Path: p, Change: "added"})
				continue
			}
			delete(before, p)
			if change := compareEntry(h, i, o, j); change != "" {
				out = append(out, FileChange{Path: p, Change: change})
			}
		}
	}
	for p := range before {
		out = append(out, FileChange{Path: p, Change: "removed"})
	}
	slices.SortFunc(out, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return withoutFolders(out)
}

// withoutFolders drops added and removed folders whose files are listed.
func withoutFolders(in []FileChange) []FileChange {
	parents := map[string]bool{}
	for _, c := range in {
		for i, r := range c.Path {
			if r == '/' {
				parents[c.Path[:i]] = true
			}
		}
	}
	return slices.DeleteFunc(in, func(c FileChange) bool {
		return (c.Change == "added" || c.Change == "removed") && parents[c.Path]
	})
}

// compareEntry names what differs between two entries of the same path.
func compareEntry(h *record.Manifest, i int, o *record.Manifest, j int) string {
	digest := func(m *record.Manifest, n int) []byte {
		return m.Digests[n*record.DigestSize : (n+1)*record.DigestSize]
	}
	data := func(m *record.Manifest, n int) []byte { return m.Data[n*record.DataSize : (n+1)*record.DataSize] }
	a, b := gofs.FileMode(h.Modes[i]), gofs.FileMode(o.Modes[j])
	switch {
	case bytes.Equal(digest(h, i), digest(o, j)):
		return ""
	case a.Type() != b.Type():
		return "type"
	case h.Links[i] != o.Links[j]:
		return "link"
	case a.IsRegular() && (h.Sizes[i] != o.Sizes[j] || !bytes.Equal(data(h, i), data(o, j))):
		return "content"
	case a != b:
		return "mode"
	default:
		return "xattr"
	}
}

// splitByRules separates files that appeared or vanished because .dockerignore
// changed from those that really did.
func splitByRules(changes []FileChange, h, o *record.Manifest) (rules, files []FileChange) {
	if slices.Equal(h.Ignore, o.Ignore) {
		return nil, changes
	}
	was, now := ignoreMatcher(o.Ignore), ignoreMatcher(h.Ignore)
	for _, c := range changes {
		switch {
		case c.Change == "added" && was(c.Path), c.Change == "removed" && now(c.Path):
			rules = append(rules, c)
		default:
			files = append(files, c)
		}
	}
	return rules, files
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

func letInOrKeptOut(rules []FileChange) string {
	in, out := 0, 0
	for _, c := range rules {
		if c.Change == "added" {
			in++
		} else {
			out++
		}
	}
	switch {
	case out == 0:
		return fmt.Sprintf("lets %s in", count(in, rules[0].Path))
	case in == 0:
		return fmt.Sprintf("keeps %s out", count(out, rules[0].Path))
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
func describe(files []FileChange) string {
	if len(files) == 0 {
		return "what it takes of the context differs, in no single file"
	}
	verb := map[string]string{
		"content": "changed", "mode": "has other permissions", "type": "is of another type", "link": "points elsewhere",
		"xattr": "has other extended attributes", "added": "was added", "removed": "was removed",
	}
	if len(files) == 1 {
		return fmt.Sprintf("%s %s", files[0].Path, verb[files[0].Change])
	}
	same := true
	for _, f := range files {
		same = same && f.Change == files[0].Change
	}
	switch {
	case !same:
		return fmt.Sprintf("%d files changed, among them %s", len(files), files[0].Path)
	case files[0].Change == "mode":
		return fmt.Sprintf("%d files have other permissions, among them %s", len(files), files[0].Path)
	case files[0].Change == "added" || files[0].Change == "removed":
		return fmt.Sprintf("%d files were %s, among them %s", len(files), files[0].Change, files[0].Path)
	default:
		return fmt.Sprintf("%d files changed, among them %s", len(files), files[0].Path)
	}
}
