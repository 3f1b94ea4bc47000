package replay

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"sort"
	"strings"

	"github.com/layercause/layercause/internal/buildcontext"
)

// kind is what a path of the context is.
type kind uint8

const (
	absent kind = iota
	file
	folder
	link
	module   // a submodule: a folder that a checkout leaves empty
	restless // what is another thing at each commit
)

// content is what a path is at one commit.
type content struct {
	kind kind
	// id tells one content from another; of a link it is where it leads.
	id string
}

// plain is the content of every folder that git makes.
var plain = content{folder, ""}

// change is what became of a path.
type change struct {
	path  string
	after content
}

// tree is the files of all commits of a history: what each path was when.
type tree struct {
	paths    []string // in the order of a walk
	parents  []int32  // by path: the folder that it lies in, -1 at the top
	first    []uint32 // by path: its content at the first commit
	contents []content
	sums     []sum // by path and content, see sumOf
	// by commit: what it changed, by path
	changes [][]turn
	// touched are by commit what it changed, and the folders that lie above that
	touched [][]turn
	// turns are those of one path, by path
	turns [][]turn
	pairs map[pair]uint32
}

// turn is one change of one path. Before and after are indexes into contents, the
// first of which is that of what is not there.
type turn struct {
	path          uint32
	commit        uint32
	before, after uint32
}

type pair struct{ path, content uint32 }

// newTree makes a tree of the contents at the first commit and what each later
// one changed.
func newTree(first map[string]content, changes [][]change) *tree {
	t := &tree{contents: []content{{}}, pairs: map[pair]uint32{}}
	known := map[string]bool{}
	for p := range first {
		known[p] = true
	}
	for _, list := range changes {
		for _, c := range list {
			known[c.path] = true
		}
	}
	t.paths = slices.SortedFunc(maps.Keys(known), func(a, b string) int {
		switch {
		case a == b:
			return 0
		case buildcontext.Before(a, b):
			return -1
		}
		return 1
	})
	index := make(map[string]uint32, len(t.paths))
	for i, p := range t.paths {
		index[p] = uint32(i)
	}
	t.parents = make([]int32, len(t.paths))
	for i, p := range t.paths {
		t.parents[i] = -1
		if cut := strings.LastIndexByte(p, '/'); cut > 0 {
			if of, ok := index[p[:cut]]; ok {
				t.parents[i] = int32(of)
			}
		}
	}
	interned := map[content]uint32{{}: 0}
	intern := func(c content) uint32 {
		id, ok := interned[c]
		if !ok {
			id = uint32(len(t.contents))
			interned[c] = id
			t.contents = append(t.contents, c)
		}
		return id
	}
	t.first = make([]uint32, len(t.paths))
	for p, c := range first {
		t.first[index[p]] = intern(c)
	}
	now := slices.Clone(t.first)
	t.changes, t.turns = make([][]turn, len(changes)), make([][]turn, len(t.paths))
	for i, list := range changes {
		slices.SortStableFunc(list, func(a, b change) int { return int(index[a.path]) - int(index[b.path]) })
		for _, c := range list {
			p, after := index[c.path], intern(c.after)
			if now[p] == after {
				continue
			}
			x := turn{p, uint32(i), now[p], after}
			now[p] = after
			t.changes[i] = append(t.changes[i], x)
			t.turns[p] = append(t.turns[p], x)
		}
	}
	t.touch()
	return t
}

// touch lists what each commit touches.
func (t *tree) touch() {
	t.touched = make([][]turn, len(t.changes))
	for c := 1; c < len(t.changes); c++ {
		seen := map[uint32]bool{}
		for _, x := range t.changes[c] {
			for p := int32(x.path); p >= 0 && !seen[uint32(p)]; p = t.parents[p] {
				seen[uint32(p)] = true
				t.touched[c] = append(t.touched[c], turn{uint32(p), uint32(c), t.at(uint32(p), uint32(c-1)), t.at(uint32(p), uint32(c))})
			}
		}
	}
}

// at is what a path is at a commit.
func (t *tree) at(p, commit uint32) uint32 {
	turns := t.turns[p]
	i := sort.Search(len(turns), func(i int) bool { return turns[i].commit > commit })
	if i == 0 {
		return t.first[p]
	}
	return turns[i-1].after
}

// sum is a hash over a set that things can be added to and taken from in any order:
// the sum of the hashes of the things, modulo 2^128.
type sum struct{ hi, lo uint64 }

func (s sum) plus(x sum) sum {
	lo, carry := bits.Add64(s.lo, x.lo, 0)
	hi, _ := bits.Add64(s.hi, x.hi, carry)
	return sum{hi, lo}
}

func (s sum) minus(x sum) sum {
	lo, borrow := bits.Sub64(s.lo, x.lo, 0)
	hi, _ := bits.Sub64(s.hi, x.hi, borrow)
	return sum{hi, lo}
}

// sumOf hashes a path that has a content.
func (t *tree) sumOf(p, c uint32) sum {
	if c == 0 {
		return sum{}
	}
	at, ok := t.pairs[pair{p, c}]
	if !ok {
		x := t.contents[c]
		buf := append(append(append([]byte{byte(x.kind)}, x.id...), 0), t.paths[p]...)
		d := sha256.Sum256(buf)
		at = uint32(len(t.sums))
		t.pairs[pair{p, c}] = at
		t.sums = append(t.sums, sum{binary.BigEndian.Uint64(d[:8]), binary.BigEndian.Uint64(d[8:16])})
	}
	return t.sums[at]
}

// folders adds the folders that files lie in, as a checkout makes and removes them.
// The paths of changes are those of files, and not of folders.
func folders(first map[string]content, changes [][]change) {
	held := map[string]int{} // files at or below each folder
	count := func(p string, by int, turned func(folder string)) {
		for i := strings.LastIndexByte(p, '/'); i > 0; i = strings.LastIndexByte(p[:i], '/') {
			dir := p[:i]
			held[dir] += by
			if by > 0 && held[dir] == 1 || by < 0 && held[dir] == 0 {
				turned(dir)
			}
		}
	}
	now := make(map[string]bool, len(first))
	for p := range first {
		now[p] = true
		count(p, 1, func(string) {})
	}
	for dir, n := range held {
		if n > 0 {
			first[dir] = plain
		}
	}
	for i, list := range changes {
		turned := map[string]bool{}
		note := func(dir string) { turned[dir] = true }
		for _, c := range list {
			switch is := c.after.kind != absent; {
			case is && !now[c.path]:
				count(c.path, 1, note)
				now[c.path] = true
			case !is && now[c.path]:
				count(c.path, -1, note)
				delete(now, c.path)
			}
		}
		for _, dir := range slices.Sorted(maps.Keys(turned)) {
			switch {
			case held[dir] > 0:
				changes[i] = append(changes[i], change{dir, plain})
			case !now[dir]:
				changes[i] = append(changes[i], change{dir, content{}})
			}
		}
	}
}

// inside gives a path relative to a folder, or says that it lies elsewhere.
func inside(dir, p string) (string, bool) {
	if dir == "." {
		return p, true
	}
	return strings.CutPrefix(p, dir+"/")
}
