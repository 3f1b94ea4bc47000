package cause

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// maxDepth bounds how deep the folders of a summary lie.
const maxDepth = 8

// folders sums the files up by folder, cut at the deepest level that gives no
// more than maxFolders. If even the top level has more, the largest are listed.
func (s *fileSet) folders() []Folder {
	rows, _ := s.rows(1, len(s.h.Paths)+len(s.o.Paths))
	for depth := 2; depth <= maxDepth && len(rows) <= maxFolders; depth++ {
		deeper, ok := s.rows(depth, maxFolders)
		if !ok {
			break
		}
		rows = deeper
	}
	largest := make([]int, len(rows))
	for i := range largest {
		largest[i] = i
	}
	slices.SortFunc(largest, func(a, b int) int {
		return cmp.Or(cmp.Compare(rows[b].files, rows[a].files), strings.Compare(rows[a].path, rows[b].path))
	})
	out := make([]Folder, min(len(rows), maxFolders))
	for i, n := range largest[:len(out)] {
		r := &rows[n]
		out[i] = Folder{Path: r.path, Files: r.files, Changes: map[string]int{}}
		for _, p := range append(r.more, r.span) {
			for d, n := range s.countsOf(p) {
				if n > 0 {
					out[i].Changes[difference(d).word()] += n
				}
			}
		}
	}
	return out
}

// row is a folder and the files in it that changed.
type row struct {
	path  string
	files int
	// span is where they stand; with more where other folders lie between them.
	span part
	more []part
}

// rows sums up by folders of a depth. It is not ok if they are more than most.
func (s *fileSet) rows(depth, most int) (rows []row, ok bool) {
	clear(s.rowOf)
	rows = make([]row, 0, 2*maxFolders)
	for _, p := range s.parts {
		runs := p.level(depth)
		first := sort.Search(len(runs), func(i int) bool { return runs[i].end > p.from })
		for from := p.from; from < p.to; first++ {
			r := runs[first]
			span := part{p.side, from, min(p.to, r.end)}
			from = r.end
			files := s.count(span)
			if files == 0 {
				continue
			}
			if n, known := s.rowOf[r.folder]; known {
				rows[n].files += files
				rows[n].more = append(rows[n].more, span)
				continue
			}
			if len(rows) == most {
				return nil, false
			}
			s.rowOf[r.folder] = len(rows)
			rows = append(rows, row{path: r.folder, files: files, span: span})
		}
	}
	return rows, true
}

// level cuts a side into runs of entries that lie in one folder of a depth.
type level []run

type run struct {
	folder string
	end    int // index behind the last entry
}

// level gives the runs of folders cut at a depth.
func (s *side) level(depth int) level {
	for len(s.levels) < depth {
		var l level
		deeper := false
		for n := range s.entry {
			path, depth := s.path(n), len(s.levels)+1
			f := folderOf(path, depth)
			deeper = deeper || strings.IndexByte(path[min(len(path), len(f)+1):], '/') >= 0 && f != "."
			if last := len(l) - 1; last >= 0 && l[last].folder == f {
				l[last].end = n + 1
				continue
			}
			l = append(l, run{f, n + 1})
		}
		s.levels = append(s.levels, l)
		for !deeper && len(s.levels) < maxDepth {
			s.levels = append(s.levels, l)
		}
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
