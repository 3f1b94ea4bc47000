package cause

import (
	"encoding/binary"
	gofs "io/fs"
	"math/bits"
	"path"

	"github.com/layercause/layercause/internal/record"
)

// renames finds files of the same content among those that were added and those
// that were removed.
type renames struct {
	added, removed prints
}

func (c *comparison) findRenames() *renames {
	if c.renames == nil {
		c.renames = &renames{printsOf(c.head, added), printsOf(c.base, removed)}
	}
	return c.renames
}

// print is the content of a regular file: two files of equal prints are the same
// one under two names.
type print struct {
	data uint64
	size int64
}

func printOf(m *record.Manifest, i int) print {
	return print{binary.LittleEndian.Uint64(m.Data[i*record.DataSize:]), m.Sizes[i]}
}

// prints finds the entries of a side by their content: chains of entries by the
// last bits of their data's hash. A place of 0 is the end of a chain.
type prints struct {
	*side
	first, next []int32
}

func printsOf(s *side, d difference) prints {
	p := prints{s, make([]int32, 1<<bits.Len(uint(len(s.entry)))), make([]int32, len(s.entry))}
	for n := len(s.entry) - 1; n >= 0; n-- {
		if i := int(s.entry[n]); s.change[n] == d && gofs.FileMode(s.of.Modes[i]).IsRegular() {
			at := p.chain(printOf(s.of, i))
			p.next[n], p.first[at] = p.first[at], int32(n+1)
		}
	}
	return p
}

func (p prints) chain(x print) uint64 { return x.data & uint64(len(p.first)-1) }

// maxTwins is how many files of one content are told apart by their names, and
// maxChain how many are looked at.
const (
	maxTwins = 64
	maxChain = 1024
)

// same lists the files of a content that are taken.
func (p prints) same(x print, ranges [][2]int) []int {
	var out []int
	seen := 0
	for n := p.first[p.chain(x)]; n > 0; n = p.next[n-1] {
		i := int(p.entry[n-1])
		if printOf(p.of, i) == x && within(ranges, i) {
			out = append(out, i)
		}
		if seen++; seen > maxChain || len(out) > maxTwins {
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
	j := counterfile(p, i, s.h.Paths, r.added.same(p, s.hr), s.o.Paths, r.removed.same(p, s.or))
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
	i := counterfile(p, j, s.o.Paths, r.removed.same(p, s.or), s.h.Paths, r.added.same(p, s.hr))
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
