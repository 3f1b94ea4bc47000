package cause

import (
	"bytes"
	gofs "io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// difference is what differs of one context file.
type difference uint8

// The differences, those first that tell most of why a step ran.
const (
	equal difference = iota
	content
	otherType
	link
	added
	removed
	mode
	xattr
	// letIn and keptOut are added and removed by the .dockerignore.
	letIn
	keptOut
	differences // how many there are
)

// word is the difference as the report has it.
func (d difference) word() string {
	return [differences]string{"", "content", "type", "link", "added", "removed", "mode", "xattr", "added", "removed"}[d]
}

// comparison is what differs between two manifests. Operations that take
// different files of the same two share it, so that each entry is looked at once.
type comparison struct {
	h, o *record.Manifest
	// twin and back are the entries of the same path on the other side, or -1;
	// nil if both manifests list the same paths.
	twin, back []int32
	// twins counts the entries before each one that have a twin.
	twinsH, twinsO []int32
	mixed          bool // the twins stand in another order
	ruled          bool // .dockerignore was edited
	// head has what differs or was added, base what was removed.
	head, base *side
	renames    *renames
	rowOf      map[string]int // scratch of [fileSet.rows]
}

// side is what differs among the entries of one manifest, in their order.
type side struct {
	of     *record.Manifest
	entry  []int32 // ascending indexes
	change []difference
	// before counts the differences that stand before each; it is one longer.
	before [][differences]int32
	levels []level // by depth of folders; see [side.level]
}

func (s *side) add(i int, d difference) {
	if n := len(s.entry); n == cap(s.entry) {
		// Where thousands differ most do: then there is room for all at once.
		if n = max(64, 2*n); n > 4096 {
			n = len(s.of.Paths) + n/2
		}
		s.entry, s.change, s.before = slices.Grow(s.entry, n), slices.Grow(s.change, n), slices.Grow(s.before, n+1)
		if len(s.before) == 0 {
			s.before = s.before[:1]
		}
	}
	n := s.before[len(s.before)-1]
	n[d]++
	s.entry, s.change, s.before = append(s.entry, int32(i)), append(s.change, d), append(s.before, n)
}

func (s *side) path(n int) string { return s.of.Paths[s.entry[n]] }

// maxComparisons bounds how many are kept. Builds have a few contexts; a hostile
// record may pair each of many with each.
const maxComparisons = 8

// compare compares two manifests, once.
func (e *explainer) compare(h, o int) *comparison {
	pair := [2]int{h, o}
	c := e.compared[pair]
	if c == nil {
		if len(e.compared) >= maxComparisons {
			clear(e.compared)
		}
		c = newComparison(&e.head.Manifests[h], &e.base.Manifests[o])
		e.compared[pair] = c
	}
	return c
}

func newComparison(h, o *record.Manifest) *comparison {
	c := &comparison{h: h, o: o, rowOf: map[string]int{}}
	if !slices.Equal(h.Paths, o.Paths) {
		c.pairEntries()
	}
	c.compareEntries([][2]int{{0, len(h.Paths)}}, [][2]int{{0, len(o.Paths)}})
	return c
}

// pairEntries finds the entries of equal paths. Manifests have the same order, so
// mostly only what stands between the first and the last difference is looked up.
func (c *comparison) pairEntries() {
	h, o := c.h.Paths, c.o.Paths
	c.twin, c.back = slices.Repeat([]int32{-1}, len(h)), slices.Repeat([]int32{-1}, len(o))
	pair := func(i, j int) { c.twin[i], c.back[j] = int32(j), int32(i) }
	top, end := 0, 0
	for ; top < min(len(h), len(o)) && h[top] == o[top]; top++ {
		pair(top, top)
	}
	for ; end < min(len(h), len(o))-top && h[len(h)-1-end] == o[len(o)-1-end]; end++ {
		pair(len(h)-1-end, len(o)-1-end)
	}
	at := make(map[string]int, len(o)-end-top)
	for j := top; j < len(o)-end; j++ {
		at[o[j]] = j
	}
	for i := top; i < len(h)-end; i++ {
		if j, ok := at[h[i]]; ok && c.back[j] < 0 {
			pair(i, j)
		}
	}
	c.twinsH, c.twinsO = counted(c.twin), counted(c.back)
	last := int32(-1)
	for _, j := range c.twin {
		if j >= 0 {
			c.mixed = c.mixed || j < last
			last = j
		}
	}
}

// counted counts the entries with a twin before each.
func counted(twin []int32) []int32 {
	out := make([]int32, len(twin)+1)
	for i, j := range twin {
		out[i+1] = out[i]
		if j >= 0 {
			out[i+1]++
		}
	}
	return out
}

// take is what differs between two selections of the entries.
func (c *comparison) take(hr, or [][2]int) fileSet {
	if !c.alike(hr, or) {
		c = c.restricted(hr, or)
	}
	s := fileSet{comparison: c, hr: hr, or: or}
	s.pick(c.head, hr, c.addedFolder)
	s.pick(c.base, or, c.removedFolder)
	return s
}

// alike says that two selections take the same of the paths that both sides have.
func (c *comparison) alike(hr, or [][2]int) bool {
	if c.twin == nil {
		return slices.Equal(hr, or)
	}
	return !c.mixed && slices.Equal(ranked(hr, c.twinsH), ranked(or, c.twinsO))
}

// ranked gives ranges in numbers of twins.
func ranked(ranges [][2]int, twins []int32) [][2]int32 {
	var out [][2]int32
	for _, r := range ranges {
		from, to := twins[r[0]], twins[r[1]]
		switch n := len(out); {
		case from == to:
		case n > 0 && out[n-1][1] == from:
			out[n-1][1] = to
		default:
			out = append(out, [2]int32{from, to})
		}
	}
	return out
}

// restricted compares two selections that do not take the same paths, such as
// those of a link that led to another folder before.
func (c *comparison) restricted(hr, or [][2]int) *comparison {
	r := &comparison{h: c.h, o: c.o, rowOf: map[string]int{}}
	r.twin, r.back = slices.Repeat([]int32{-1}, len(c.h.Paths)), slices.Repeat([]int32{-1}, len(c.o.Paths))
	for _, x := range hr {
		for i := x[0]; i < x[1]; i++ {
			j := i
			if c.twin != nil {
				j = int(c.twin[i])
			}
			if j >= 0 && within(or, j) {
				r.twin[i], r.back[j] = int32(j), int32(i)
			}
		}
	}
	r.compareEntries(hr, or)
	return r
}

// within says that an index lies in one of the ranges, which are in order.
func within(ranges [][2]int, i int) bool {
	n := sort.Search(len(ranges), func(n int) bool { return ranges[n][1] > i })
	return n < len(ranges) && ranges[n][0] <= i
}

// compareEntries fills both sides.
func (c *comparison) compareEntries(hr, or [][2]int) {
	c.head, c.base = &side{of: c.h}, &side{of: c.o}
	was, now := c.rules()
	c.ruled = !slices.Equal(c.h.Ignore, c.o.Ignore)
	for _, r := range hr {
		if c.twin == nil {
			c.compareBlocks(r)
			continue
		}
		for i := r[0]; i < r[1]; i++ {
			switch j := c.twin[i]; {
			case j >= 0:
				if d := compareEntry(c.h, i, c.o, int(j)); d != equal {
					c.head.add(i, d)
				}
			case c.addedFolder(i) && parentOf(c.h, i):
			case was(c.h.Paths[i]):
				c.head.add(i, letIn)
			default:
				c.head.add(i, added)
			}
		}
	}
	if c.back == nil {
		return
	}
	for _, r := range or {
		for j := r[0]; j < r[1]; j++ {
			switch {
			case c.back[j] >= 0, c.removedFolder(j) && parentOf(c.o, j):
			case now(c.o.Paths[j]):
				c.base.add(j, keptOut)
			default:
				c.base.add(j, removed)
			}
		}
	}
}

// compareBlocks compares the entries of equal paths block by block: in most builds
// few files out of many have changed.
func (c *comparison) compareBlocks(r [2]int) {
	const block = 256
	for start := r[0]; start < r[1]; start += block {
		end := min(r[1], start+block)
		from, to := start*record.DigestSize, end*record.DigestSize
		if bytes.Equal(c.h.Digests[from:to], c.o.Digests[from:to]) {
			continue
		}
		for i := start; i < end; i++ {
			if d := compareEntry(c.h, i, c.o, i); d != equal {
				c.head.add(i, d)
			}
		}
	}
}

// rules are matchers for what .dockerignore kept out before and keeps out now, if
// it was edited.
func (c *comparison) rules() (was, now func(string) bool) {
	if slices.Equal(c.h.Ignore, c.o.Ignore) {
		never := func(string) bool { return false }
		return never, never
	}
	return ignoreMatcher(c.o.Ignore), ignoreMatcher(c.h.Ignore)
}

// addedFolder says that an entry is a folder that was added.
func (c *comparison) addedFolder(i int) bool {
	return c.twin != nil && c.twin[i] < 0 && gofs.FileMode(c.h.Modes[i]).IsDir()
}

func (c *comparison) removedFolder(j int) bool {
	return c.back != nil && c.back[j] < 0 && gofs.FileMode(c.o.Modes[j]).IsDir()
}

// parentOf says that the entry behind a folder lies in it.
func parentOf(m *record.Manifest, i int) bool {
	return i+1 < len(m.Paths) && below(m.Paths[i+1], m.Paths[i])
}

func below(path, folder string) bool {
	return len(path) > len(folder) && path[len(folder)] == '/' && strings.HasPrefix(path, folder)
}

// compareEntry names what differs between two entries of the same path.
func compareEntry(h *record.Manifest, i int, o *record.Manifest, j int) difference {
	digest := func(m *record.Manifest, n int) []byte {
		return m.Digests[n*record.DigestSize : (n+1)*record.DigestSize]
	}
	data := func(m *record.Manifest, n int) []byte { return m.Data[n*record.DataSize : (n+1)*record.DataSize] }
	a, b := gofs.FileMode(h.Modes[i]), gofs.FileMode(o.Modes[j])
	switch {
	case bytes.Equal(digest(h, i), digest(o, j)):
		return equal
	case a.Type() != b.Type():
		return otherType
	case h.Links[i] != o.Links[j]:
		return link
	case a.IsRegular() && (h.Sizes[i] != o.Sizes[j] || !bytes.Equal(data(h, i), data(o, j))):
		return content
	case a != b:
		return mode
	default:
		return xattr
	}
}
