package report

import (
	"slices"
	"sort"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// fileFacts lists changed files. More than limit are summed up by folder: nobody
// reads a thousand names, but where they lie tells a lot.
func (v *view) fileFacts(e *cause.Evidence, limit int) []sentence {
	if e.FileCount > len(e.Files) {
		return folderFacts(summed(e.Folders), e.FileCount, limit)
	}
	if lines := renamesJoined(e.Files); len(lines) <= limit {
		return v.fileList(lines)
	}
	return folderFacts(byFolder(e.Files, limit), len(e.Files), limit)
}

// fileList lists files one by one, with the commits that changed them.
func (v *view) fileList(files []cause.FileChange) []sentence {
	facts := make([]sentence, 0, len(files))
	for _, f := range files {
		s := fileName(f, 120).say(" " + fileVerb(f))
		if isHash(f.Commit) {
			s = append(s.say(" in "), span{text: f.Commit[:7], code: true, link: v.Links.commit(f.Commit)})
		}
		facts = append(facts, s)
	}
	return facts
}

// fileName is a file, or where it was renamed from and to.
func fileName(f cause.FileChange, limit int) sentence {
	switch {
	case f.RenamedFrom != "":
		return code(f.RenamedFrom, limit).say(" -> ").code(f.Path, limit)
	case f.RenamedTo != "":
		return code(f.Path, limit).say(" -> ").code(f.RenamedTo, limit)
	}
	return code(f.Path, limit)
}

// fileVerb is what happened to a file.
func fileVerb(f cause.FileChange) string {
	if f.RenamedFrom != "" || f.RenamedTo != "" {
		return "renamed"
	}
	return changed(f.Change)
}

// renamesJoined drops the old name of a renamed file where the new one is listed
// too and tells both.
func renamesJoined(files []cause.FileChange) []cause.FileChange {
	told := map[string]bool{}
	for _, f := range files {
		if f.RenamedFrom != "" {
			told[f.RenamedFrom] = true
		}
	}
	if len(told) == 0 {
		return files
	}
	return slices.DeleteFunc(slices.Clone(files), func(f cause.FileChange) bool { return f.RenamedTo != "" && told[f.Path] })
}

// summed are folders that were summed up before.
func summed(in []cause.Folder) []folder {
	folders := make([]folder, 0, len(in))
	for _, f := range in {
		by := map[string]int{}
		for change, n := range f.Changes {
			by[changedMany(change)] += n
		}
		name := strings.TrimSuffix(f.Path, "/") + "/"
		folders = append(folders, newFolder(name, by))
	}
	return folders
}

// folderFacts lists folders, and how many of all files lie in none of them.
func folderFacts(folders []folder, files, limit int) []sentence {
	var facts []sentence
	for i, f := range folders {
		if i == limit {
			break
		}
		facts = append(facts, code(f.name, 120).say(": "+f.changes))
		files -= f.files
	}
	if files > 0 {
		facts = append(facts, words(count(files, "file")+" in other folders"))
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
		folders = append(folders, newFolder(n, by))
	}
	sort.Slice(folders, func(i, j int) bool {
		if folders[i].files != folders[j].files {
			return folders[i].files > folders[j].files
		}
		return folders[i].name < folders[j].name
	})
	return folders
}

// newFolder words what changed in a folder.
func newFolder(name string, by map[string]int) folder {
	f := folder{name: name}
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
	switch len(kinds) {
	case 0:
		f.changes = count(f.files, "file")
	case 1:
		f.changes = count(f.files, "file") + " " + kinds[0]
	default:
		f.changes = count(f.files, "file") + " (" + f.changes[2:] + ")"
	}
	return f
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
