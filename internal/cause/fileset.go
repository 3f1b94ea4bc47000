package cause

import (
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
	return slices.ContainsFunc(s.parts, func(p part) bool { return s.count(p) > 0 })
}

// counts counts the files by what differs of them.
func (s *fileSet) counts() (by [differences]int, total int) {
	for _, p := range s.parts {
		for d, n := range s.countsOf(p) {
			by[d] += n
			total += n
		}
	}
	return by, total
}

// countsOf counts those of a part.
func (s *fileSet) countsOf(p part) (by [differences]int) {
	for d, counts := range s.only {
		if counts {
			by[d] = int(p.before[p.to][d] - p.before[p.from][d])
		}
	}
	return by
}

// count counts all of a part.
func (s *fileSet) count(p part) int {
	if !s.ruled && s.only[content] {
		return p.to - p.from // all are differences of files
	}
	n := 0
	for _, k := range s.countsOf(p) {
		n += k
	}
	return n
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
