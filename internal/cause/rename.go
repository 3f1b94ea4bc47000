package cause

import (
	"cmp"
	"encoding/binary"
	gofs "io/fs"
	"path"
	"slices"
	"sort"

	"github.com/layercause/layercause/internal/record"
)

// renames finds files of the same content among those that were added and those
// that were removed.
type renames struct {
	added, removed []print
}

// print is the content of a regular file: two files of equal prints are the same
// one under two names.
type print struct {
	data  uint64
	size  int64
	entry int
}

func (p print) compare(q print) int {
	return cmp.Or(cmp.Compare(p.data, q.data), cmp.Compare(p.size, q.size))
}

func printOf(m *record.Manifest, i int) print {
	return print{binary.LittleEndian.Uint64(m.Data[i*record.DataSize:]), m.Sizes[i], i}
}

func (c *comparison) findRenames() *renames {
	if c.renames == nil {
		c.renames = &renames{prints(c.head, added), prints(c.base, removed)}
	}
	return c.renames
}

func prints(s *side, d difference) []print {
	out := make([]print, 0, len(s.entry))
	for n, i := range s.entry {
		if s.change[n] == d && gofs.FileMode(s.of.Modes[i]).IsRegular() {
			out = append(out, printOf(s.of, int(i)))
		}
	}
	slices.SortFunc(out, func(a, b print) int { return cmp.Or(a.compare(b), cmp.Compare(a.entry, b.entry)) })
	return out
}

// maxTwins is how many files of one content are told apart by their names.
const maxTwins = 64

// same lists the files of a content that are taken.
func same(all []print, p print, ranges [][2]int) []int {
	i := sort.Search(len(all), func(i int) bool { return all[i].compare(p) >= 0 })
	var out []int
	for ; i < len(all) && all[i].compare(p) == 0; i++ {
		if within(ranges, all[i].entry) {
			out = append(out, all[i].entry)
		}
		if len(out) > maxTwins {
			return nil
		}
	}
	return out
}

// renamedFrom is the path that an added file had before, or empty.
func (s *fileSet) renamedFrom(i int) string {
	if !gofs.FileMode(s.h.Modes[i]).IsRegular() {
		return ""
	}
	r, p := s.findRenames(), printOf(s.h, i)
	j := counterfile(p, i, s.h.Paths, same(r.added, p, s.hr), s.o.Paths, same(r.removed, p, s.or))
	if j < 0 {
		return ""
	}
	return s.o.Paths[j]
}

// renamedTo is the path that a removed file has now, or empty.
func (s *fileSet) renamedTo(j int) string {
	if !gofs.FileMode(s.o.Modes[j]).IsRegular() {
		return ""
	}
	r, p := s.findRenames(), printOf(s.o, j)
	i := counterfile(p, j, s.o.Paths, same(r.removed, p, s.or), s.h.Paths, same(r.added, p, s.hr))
	if i < 0 {
		return ""
	}
	return s.h.Paths[i]
}

// counterfile finds the one file on the other side that a file of the same content
// can be, or -1: there is only one on each side, or only one of the name. Empty
// files are all alike, so their names have to be equal.
func counterfile(p print, i int, own []string, mine []int, other []string, theirs []int) int {
	if p.size > 0 && len(mine) == 1 && len(theirs) == 1 {
		return theirs[0]
	}
	name := path.Base(own[i])
	named := func(paths []string, list []int) (at, n int) {
		for _, x := range list {
			if path.Base(paths[x]) == name {
				at, n = x, n+1
			}
		}
		return at, n
	}
	_, n := named(own, mine)
	at, m := named(other, theirs)
	if n == 1 && m == 1 {
		return at
	}
	return -1
}
