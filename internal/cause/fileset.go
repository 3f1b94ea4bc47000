package cause

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// maxFiles and maxFolders bound what the evidence of a cause lists.
const (
	maxFiles   = 20
	maxFolders = 20
)

// fileSet is what differs among the files that an operation takes: parts of the
// two sides of a comparison, so that a cause of many files costs no more than one
// of few.
type fileSet struct {
	*comparison
	hr, or [][2]int
	parts  []part
	// only are the differences that count.
	only [differences]bool
}

// part is a span of a side's differences.
type part struct {
	*side
	from, to int
}

// pick adds what differs within the ranges of a side. A folder that was added
// or removed is listed only if nothing below it is taken: the sides leave out the
// folders with entries, and here come back those whose entries are not taken.
func (s *fileSet) pick(of *side, ranges [][2]int, gone func(int) bool) {
	bare := &side{of: of.of}
	for n, r := range ranges {
		from := sort.Search(len(of.entry), func(i int) bool { return int(of.entry[i]) >= r[0] })
		to := from + sort.Search(len(of.entry)-from, func(i int) bool { return int(of.entry[from+i]) >= r[1] })
		if from < to {
			s.parts = append(s.parts, part{of, from, to})
		}
		last := r[1] - 1
		if r[0] > last || !gone(last) || !parentOf(of.of, last) {
			continue
		}
		if n+1 < len(ranges) && below(of.of.Paths[ranges[n+1][0]], of.of.Paths[last]) {
			continue
		}
		bare.add(last, s.bareFolder(of, last))
	}
	if len(bare.entry) > 0 {
		s.parts = append(s.parts, part{bare, 0, len(bare.entry)})
	}
}

func (s *fileSet) bareFolder(of *side, i int) difference {
	was, now := s.rules()
	switch p := of.of.Paths[i]; {
	case of.of == s.h && was(p):
		return letIn
	case of.of == s.h:
		return added
	case now(p):
		return keptOut
	}
	return removed
}

// narrowed is the set of those differences only.
func (s fileSet) narrowed(only ...difference) fileSet {
	s.only = [differences]bool{}
	for _, d := range only {
		s.only[d] = true
	}
	return s
}

// any says that there is a file.
func (s *fileSet) any() bool {
	_, n := s.counts()
	return n > 0
}

// counts counts the files by what differs of them.
func (s *fileSet) counts() (by [differences]int, total int) {
	for _, p := range s.parts {
		for d := range by {
			if s.only[d] {
				n := int(p.before[p.to][d] - p.before[p.from][d])
				by[d] += n
				total += n
			}
		}
	}
	return by, total
}

// all gives every file.
func (s *fileSet) all() iter.Seq[FileChange] {
	return func(yield func(FileChange) bool) {
		for _, p := range s.parts {
			for n := p.from; n < p.to; n++ {
				if s.only[p.change[n]] && !yield(FileChange{Path: p.path(n), Change: p.change[n].word()}) {
					return
				}
			}
		}
	}
}

// list gives the files by path, of more than maxFiles those whose difference
// tells most.
func (s *fileSet) list() []FileChange {
	type item struct {
		*side
		n int
	}
	var found []item
	by, _ := s.counts()
	for d, n := range by {
		want := min(maxFiles, len(found)+n)
		for _, p := range s.parts {
			for i := p.from; i < p.to && len(found) < want; i++ {
				if p.change[i] == difference(d) {
					found = append(found, item{p.side, i})
				}
			}
		}
	}
	slices.SortStableFunc(found, func(a, b item) int { return strings.Compare(a.path(a.n), b.path(b.n)) })
	out := make([]FileChange, len(found))
	for i, f := range found {
		out[i] = FileChange{Path: f.path(f.n), Change: f.change[f.n].word()}
		switch entry := int(f.entry[f.n]); f.change[f.n] {
		case added:
			out[i].RenamedFrom = s.renamedFrom(entry)
		case removed:
			out[i].RenamedTo = s.renamedTo(entry)
		}
	}
	return out
}

// maxDepth bounds how deep the folders of a summary lie.
const maxDepth = 8

// folders sums the files up by folder, cut at the deepest level that gives no
// more than maxFolders. If even the top level has more, the largest are listed.
func (s *fileSet) folders() []Folder {
	var rows []row
	for depth := 1; depth <= maxDepth; depth++ {
		deeper := s.rows(depth)
		if depth > 1 && len(deeper) > maxFolders {
			break
		}
		rows = deeper
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(b.files, a.files), cmp.Compare(a.path, b.path)) })
	rows = rows[:min(len(rows), maxFolders)]
	out := make([]Folder, len(rows))
	for i, r := range rows {
		out[i] = Folder{Path: r.path, Files: int(r.files), Changes: map[string]int{}}
		for d, n := range r.by {
			if n > 0 {
				out[i].Changes[difference(d).word()] += int(n)
			}
		}
	}
	return out
}

// row counts the files of a folder.
type row struct {
	path  string
	files int32
	by    [differences]int32
}

// rows counts by folders of a depth. It stops below the top level once there are
// too many.
func (s *fileSet) rows(depth int) []row {
	var rows []row
	at := map[string]int{}
	for _, p := range s.parts {
		runs := p.level(depth)
		first := sort.Search(len(runs), func(i int) bool { return runs[i].end > p.from })
		for _, r := range runs[first:] {
			if r.end-r.length >= p.to {
				break
			}
			from, to := max(p.from, r.end-r.length), min(p.to, r.end)
			n, ok := at[r.folder]
			if !ok {
				if depth > 1 && len(rows) > maxFolders {
					return rows
				}
				n = len(rows)
				at[r.folder] = n
				rows = append(rows, row{path: r.folder})
			}
			for d := range rows[n].by {
				if s.only[d] {
					files := p.before[to][d] - p.before[from][d]
					rows[n].by[d] += files
					rows[n].files += files
				}
			}
		}
	}
	return slices.DeleteFunc(rows, func(r row) bool { return r.files == 0 })
}

// run is a span of a side's differences that lie in one folder.
type run struct {
	folder string
	end    int // index behind the last
	length int
}

// level gives the runs of folders cut at a depth.
func (s *side) level(depth int) []run {
	for len(s.levels) < depth {
		var runs []run
		for n := range s.entry {
			f := folderOf(s.path(n), len(s.levels)+1)
			if last := len(runs) - 1; last >= 0 && runs[last].folder == f {
				runs[last].end, runs[last].length = n+1, runs[last].length+1
				continue
			}
			runs = append(runs, run{f, n + 1, 1})
		}
		s.levels = append(s.levels, runs)
	}
	return s.levels[depth-1]
}

// folderOf is the folder that a path lies in, cut at a depth.
func folderOf(path string, depth int) string {
	end := 0
	for range depth {
		i := strings.IndexByte(path[end:], '/')
		if i < 0 {
			break
		}
		end += i + 1
	}
	if end < 2 {
		return "."
	}
	return path[:end-1]
}
