package replay

import (
	"fmt"
	"slices"

	"github.com/layercause/layercause/internal/buildcontext"
)

// selection is what an operation takes of the context in one epoch.
type selection struct {
	epoch *epoch
	// takes says of each path whether it is taken, if it is there.
	takes []uint8
	// sums are over all that is there, by commit since the epoch's start.
	sums []sum
	// restless says that something is taken that changes with every commit.
	restless bool
}

// How a path is taken.
const (
	// A folder that is only made for what is taken of it tells nothing of its own,
	// unless it is no ordinary one.
	madeFor uint8 = iota + 1
	taken
)

// take decides what the selectors take of what the filter lets through.
func (e *epoch) take(f buildcontext.Filter, selectors []buildcontext.Selector) (*selection, error) {
	through, key, err := e.filter(f)
	if err != nil {
		return nil, err
	}
	key += fmt.Sprintf("%#v", selectors)
	if known := e.taken[key]; known != nil {
		return known, nil
	}
	s := &selection{epoch: e, takes: make([]uint8, len(e.tree.paths))}
	for _, x := range selectors {
		all, err := through.Select(x)
		if err != nil {
			return nil, err
		}
		own, err := through.SelectOwn(x)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			for _, i := range through.At[r[0]:r[1]] {
				s.takes[e.paths[i]] = max(s.takes[e.paths[i]], madeFor)
			}
		}
		for _, r := range own {
			for i := r[0]; i < r[1]; i++ {
				if !through.Made[i] {
					s.takes[e.paths[through.At[i]]] = taken
				}
			}
		}
	}
	s.add()
	e.taken[key] = s
	return s, nil
}

// add makes the sums.
func (s *selection) add() {
	t := s.epoch.tree
	var now sum
	for _, p := range s.epoch.paths {
		now = now.plus(s.weight(p, t.at(p, s.epoch.start)))
		if c := t.contents[t.at(p, s.epoch.start)]; s.takes[p] != 0 && c.kind == restless {
			s.restless = true
		}
	}
	s.sums = append(make([]sum, 0, s.epoch.end-s.epoch.start), now)
	for c := s.epoch.start + 1; c < s.epoch.end; c++ {
		for _, x := range t.changes[c] {
			now = now.minus(s.weight(x.path, x.before)).plus(s.weight(x.path, x.after))
		}
		s.sums = append(s.sums, now)
	}
}

// weight is what a path adds to the sum.
func (s *selection) weight(p, c uint32) sum {
	switch s.takes[p] {
	case taken:
		return s.epoch.tree.sumOf(p, c)
	case madeFor:
		if s.epoch.tree.contents[c] != plain {
			return s.epoch.tree.sumOf(p, c)
		}
	}
	return sum{}
}

// sum is what is taken at a commit.
func (s *selection) sum(commit uint32) sum { return s.sums[commit-s.epoch.start] }

// changed lists the paths that are another thing in s at the commit now than they
// were in before at the commit then; before is nil if nothing is known of what was
// taken then. Folders are only named if no file is.
func (s *selection) changed(now uint32, before *selection, then uint32) []string {
	t := s.epoch.tree
	var files, folders []string
	look := func(p uint32) {
		is, was := t.at(p, now), t.at(p, then)
		if s.takes[p] == 0 {
			is = 0
		}
		if before == nil && s.takes[p] == 0 || before != nil && before.takes[p] == 0 {
			was = 0
		}
		if is == was {
			return
		}
		if k := t.contents[max(is, was)].kind; k == folder && (is == 0 || was == 0) {
			folders = append(folders, t.paths[p]+"/")
			return
		}
		files = append(files, t.paths[p])
	}
	if before == nil || slices.Equal(before.takes, s.takes) {
		seen := map[uint32]bool{}
		for c := then + 1; c <= now; c++ {
			for _, x := range t.changes[c] {
				if !seen[x.path] {
					seen[x.path] = true
					look(x.path)
				}
			}
		}
	} else {
		for p := range t.paths {
			look(uint32(p))
		}
	}
	if s.restless {
		files = append(files, ".git")
	}
	if len(files) == 0 {
		files = folders
	}
	slices.Sort(files)
	return slices.Compact(files)
}
