package report

import (
	"sort"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// hasEvidence says that a cause has more to show than its clause in the table
// tells already.
func hasEvidence(c *Cause) bool {
	e := &c.Evidence
	return len(e.Files) > 1 || e.Before != "" || e.After != "" || e.Error != "" || e.Cache != "" ||
		len(e.Compared) > 0 || len(e.Searched) > 0 || len(e.NeededBy) > 0
}

// evidence is what each cause rests on, folded.
func (v *view) evidence(files, causes int) string {
	var b strings.Builder
	told := 0
	for i := range v.Causes {
		c := &v.Causes[i]
		if !hasEvidence(c) {
			continue
		}
		if told == causes {
			b.WriteString("\nAnd more, in report.json.\n")
			break
		}
		told++
		b.WriteByte('\n')
		v.causeEvidence(&b, c, files)
	}
	if told == 0 {
		return ""
	}
	return folded("Evidence", strings.TrimLeft(b.String(), "\n"))
}

func (v *view) causeEvidence(b *strings.Builder, c *Cause, files int) {
	b.WriteString("**")
	v.namedLine(headOf(c.Instruction), c.File, c.Line, c.EndLine).markdown(b, false)
	b.WriteString("** (" + kindName(c.Kind) + ")\n\n")
	for _, s := range v.facts(c) {
		b.WriteString("- ")
		s.markdown(b, false)
		b.WriteByte('\n')
	}
	for _, s := range fileFacts(c.Evidence.Files, files) {
		b.WriteString("- ")
		s.markdown(b, false)
		b.WriteByte('\n')
	}
}

// kindName is a kind as it stands in the list of causes. Another text is not a
// kind.
func kindName(k cause.Kind) string {
	if len(k) > 40 || !only(string(k), func(c byte) bool { return isLetter(c) || c == '-' }) {
		return "other"
	}
	return string(k)
}

// facts are the single pieces of evidence of a cause.
func (v *view) facts(c *Cause) []sentence {
	var facts []sentence
	e := &c.Evidence
	if c.Detail != "" {
		facts = append(facts, prose(c.Detail, detailLimit))
	}
	add := func(label, text string) {
		if text != "" {
			facts = append(facts, words(label).code(text, detailLimit))
		}
	}
	add("cache: ", e.Cache)
	add("before: ", e.Before)
	add("after: ", e.After)
	add("error: ", e.Error)
	if w := e.Writer; w != nil {
		add("last written by the record: ", w.Record)
		add("at the commit: ", w.Commit)
		add("of: ", w.Ref)
	}
	if len(e.Compared) > 0 {
		facts = append(facts, listFact("compared, and equal: ", e.Compared))
	}
	if len(e.Searched) > 0 {
		facts = append(facts, listFact("looked for an earlier build in ", e.Searched))
	}
	if needed := v.neededBy(c); len(needed) > 0 {
		facts = append(facts, words("needed by ").with(needed))
	}
	return facts
}

func listFact(label string, items []string) sentence {
	s := words(label)
	for i, it := range items {
		if i == 20 {
			return s.say(" and " + itoa(len(items)-i) + " more")
		}
		if i > 0 {
			s = s.say(", ")
		}
		s = s.with(prose(it, nameLimit))
	}
	return s
}

// fileFacts lists changed files. More than limit are summed up by folder: nobody
// reads a thousand names, but where they lie tells a lot.
func fileFacts(files []cause.FileChange, limit int) []sentence {
	var facts []sentence
	if len(files) <= limit {
		for _, f := range files {
			facts = append(facts, code(f.Path, 120).say(" "+changed(f.Change)))
		}
		return facts
	}
	folders := byFolder(files, limit)
	for i, f := range folders {
		if i == limit {
			rest := 0
			for _, g := range folders[i:] {
				rest += g.files
			}
			facts = append(facts, words(count(rest, "file")+" in "+count(len(folders)-i, "other folder")))
			break
		}
		facts = append(facts, code(f.name, 120).say(": "+f.changes))
	}
	return facts
}

// folder is a folder and how many files below it changed.
type folder struct {
	name    string
	files   int
	changes string // "15 files: 12 changed, 3 added"
}

// byFolder counts files by the folders they lie in, the most first. Folders are
// cut at the depth that gives at most limit of them, if there is one.
func byFolder(files []cause.FileChange, limit int) []folder {
	var names map[string]map[string]int
	for depth := 4; depth > 0; depth-- {
		names = make(map[string]map[string]int)
		for _, f := range files {
			n := folderName(f.Path, depth)
			if names[n] == nil {
				names[n] = make(map[string]int)
			}
			names[n][changedMany(f.Change)]++
		}
		if len(names) <= limit {
			break
		}
	}
	folders := make([]folder, 0, len(names))
	for n, by := range names {
		f := folder{name: n}
		var kinds []string
		for k := range by {
			kinds = append(kinds, k)
		}
		sort.Slice(kinds, func(i, j int) bool {
			if by[kinds[i]] != by[kinds[j]] {
				return by[kinds[i]] > by[kinds[j]]
			}
			return kinds[i] < kinds[j]
		})
		for _, k := range kinds {
			f.files += by[k]
			f.changes += ", " + itoa(by[k]) + " " + k
		}
		if len(kinds) == 1 {
			f.changes = count(f.files, "file") + " " + kinds[0]
		} else {
			f.changes = count(f.files, "file") + " (" + f.changes[2:] + ")"
		}
		folders = append(folders, f)
	}
	sort.Slice(folders, func(i, j int) bool {
		if folders[i].files != folders[j].files {
			return folders[i].files > folders[j].files
		}
		return folders[i].name < folders[j].name
	})
	return folders
}

// changedMany is [changed] for a number of files.
func changedMany(change string) string {
	switch c := changed(change); c {
	case "links elsewhere":
		return "linking elsewhere"
	case "added", "removed", "changed":
		return c
	default:
		return "with" + strings.TrimPrefix(c, "has")
	}
}

// folderName is the folder of a file, cut to a depth.
func folderName(path string, depth int) string {
	parts := strings.Split(path, "/")
	parts = parts[:len(parts)-1]
	if len(parts) == 0 {
		return "./"
	}
	return strings.Join(parts[:min(depth, len(parts))], "/") + "/"
}
