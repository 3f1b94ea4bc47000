package replay

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/buildcontext"
)

// selection is what an operation takes of the context in one epoch.
type selection struct {
	epoch *epoch
	// taken are the paths that are taken, if they are there. A folder that is only made
	// for what is taken of it tells nothing of its own, unless it is no ordinary one.
	taken, made set
	// sums are over all that is there, by commit since the epoch's start.
	sums []sum
	// hung are folders that are taken, but let through only for what is in them.
	hung []hung
	// restless says that something is taken that changes with every commit.
	restless bool
}

// set is a set of paths.
type set []uint64

func newSet(paths int) set      { return make(set, (paths+63)/64) }
func (s set) add(p uint32)      { s[p/64] |= 1 << (p % 64) }
func (s set) has(p uint32) bool { return s[p/64]&(1<<(p%64)) != 0 }

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
	s := &selection{epoch: e, taken: newSet(len(e.tree.paths)), made: newSet(len(e.tree.paths))}
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
				s.made.add(e.paths[i])
			}
		}
		for _, r := range own {
			for i := r[0]; i < r[1]; i++ {
				if p := e.paths[through.At[i]]; !through.Made[i] {
					s.taken.add(p)
				} else if len(x.IncludePatterns)+len(x.ExcludePatterns) > 0 {
					s.hung = append(s.hung, hung{folder: p, of: below(through, i)})
				}
			}
		}
	}
	s.add()
	e.taken[key] = s
	return s, nil
}

// hung is a folder that is there if one of some other paths is.
type hung struct {
	folder uint32
	of     map[int]bool // indexes into the epoch's paths
}

// below lists what passes a filter by itself in a folder.
func below(through *buildcontext.Filtered, folder int) map[int]bool {
	out := map[int]bool{}
	prefix := through.Entries[folder].Path + "/"
	for i := folder + 1; i < len(through.Entries) && strings.HasPrefix(through.Entries[i].Path, prefix); i++ {
		if !through.Made[i] {
			out[through.At[i]] = true
		}
	}
	return out
}

// add makes the sums. They are over the files that are taken and there, and over the
// folders in which nothing of that is: the others are there with what is in them,
// whether a rule names them or not.
func (s *selection) add() {
	t, e := s.epoch.tree, s.epoch
	held := make([]int32, len(t.paths)) // by folder, what is taken and there below it
	count := func(p uint32, by int32) {
		for up := t.parents[p]; up >= 0; up = t.parents[up] {
			held[up] += by
		}
	}
	for _, p := range e.paths {
		c := t.at(p, e.start)
		if c == 0 || !s.taken.has(p) {
			continue
		}
		count(p, 1)
		s.restless = s.restless || t.contents[c].kind == restless
	}
	var now sum
	for _, p := range e.paths {
		now = now.plus(s.weight(p, t.at(p, e.start), held))
	}
	s.sums = append(make([]sum, 0, e.end-e.start), now.plus(s.hanging(e.start, held)))
	for c := e.start + 1; c < e.end; c++ {
		for _, x := range t.touched[c] {
			now = now.minus(s.weight(x.path, x.before, held))
		}
		for _, x := range t.touched[c] {
			switch {
			case !s.taken.has(x.path):
			case x.before == 0 && x.after != 0:
				count(x.path, 1)
			case x.before != 0 && x.after == 0:
				count(x.path, -1)
			}
		}
		for _, x := range t.touched[c] {
			now = now.plus(s.weight(x.path, x.after, held))
		}
		s.sums = append(s.sums, now.plus(s.hanging(c, held)))
	}
}

// weight is what a path adds to the sum.
func (s *selection) weight(p, c uint32, held []int32) sum {
	t := s.epoch.tree
	switch of := t.contents[c]; {
	case of.kind == folder && of != plain && s.takes(p), s.taken.has(p) && (of.kind != folder || held[p] == 0):
		return t.sumOf(p, c)
	}
	return sum{}
}

// hanging is what the hung folders add.
func (s *selection) hanging(commit uint32, held []int32) sum {
	t := s.epoch.tree
	var out sum
	for _, h := range s.hung {
		if s.taken.has(h.folder) || held[h.folder] > 0 {
			continue
		}
		for i := range h.of {
			if t.at(s.epoch.paths[i], commit) != 0 {
				out = out.plus(t.sumOf(h.folder, t.at(h.folder, commit)))
				break
			}
		}
	}
	return out
}

// takes says that a path is taken, if only to put something into it.
func (s *selection) takes(p uint32) bool { return s.taken.has(p) || s.made.has(p) }

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
		if !s.takes(p) {
			is = 0
		}
		if before == nil && !s.takes(p) || before != nil && !before.takes(p) {
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
	if before == nil || slices.Equal(before.taken, s.taken) && slices.Equal(before.made, s.made) {
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
