package buildcontext

import (
	gofs "io/fs"
	"path"
	"sort"
	"strings"

	"github.com/moby/patternmatcher"
)

// Select returns what a selector takes of the snapshot, as half-open ranges of
// indexes into its entries. It follows the daemon's rules: wildcards match
// whole paths and take the folder below a match, include and exclude patterns
// are relative to the path that was named, links on the way to it are followed.
func (s *Snapshot) Select(sel Selector) ([][2]int, error) { return s.take(sel, true) }

// SelectOwn is [Snapshot.Select] without the folders that are only made for what is
// taken of them.
func (s *Snapshot) SelectOwn(sel Selector) ([][2]int, error) { return s.take(sel, false) }

func (s *Snapshot) take(sel Selector, made bool) ([][2]int, error) {
	p := path.Join("/", sel.Path)
	var roots []string
	switch {
	case sel.Wildcard:
		var last string
		for i := range s.Entries {
			name := "/" + s.Entries[i].Path
			if last != "" && strings.HasPrefix(name, last+"/") {
				continue
			}
			ok, err := path.Match(p, name)
			if err != nil {
				return nil, err
			}
			if ok {
				roots = append(roots, name)
				last = name
			}
		}
	default:
		roots = []string{p}
	}

	var out ranges
	for _, root := range roots {
		if err := s.selectBelow(root, sel, made, &out); err != nil {
			return nil, err
		}
	}
	return MergeRanges(out), nil
}

// selectBelow adds what the patterns take at and below one path, and with made the
// folders that are made for it.
func (s *Snapshot) selectBelow(root string, sel Selector, made bool, out *ranges) error {
	resolved := root
	if sel.FollowLinks || sel.Wildcard || len(sel.IncludePatterns)+len(sel.ExcludePatterns) > 0 {
		resolved = s.resolve(root, 0)
	}
	if resolved != root {
		// The link itself is part of what a change of it changes.
		if i, ok := s.find(root); ok {
			out.add(i, i+1)
		}
	}
	start, end := s.subtree(resolved)
	if len(sel.IncludePatterns) == 0 && len(sel.ExcludePatterns) == 0 {
		out.add(start, end)
		return nil
	}
	include, err := matcher(sel.IncludePatterns)
	if err != nil {
		return err
	}
	exclude, err := matcher(sel.ExcludePatterns)
	if err != nil {
		return err
	}
	var above []int // the folders that the entry lies in
	for i := start; i < end; i++ {
		e := &s.Entries[i]
		for len(above) > 0 && !strings.HasPrefix(e.Path, s.Entries[above[len(above)-1]].Path+"/") {
			above = above[:len(above)-1]
		}
		name := strings.TrimPrefix(strings.TrimPrefix("/"+e.Path, resolved), "/")
		ok, err := matches(name, include, exclude)
		if err != nil {
			return err
		}
		if ok {
			// A folder is made for what is taken of it, with its own mode.
			for _, j := range above {
				out.add(j, j+1)
			}
			above = above[:0]
			out.add(i, i+1)
			// BuildKit takes what the links at the top lead to, all of it.
			if root == "/" && sel.FollowLinks && e.Mode&gofs.ModeSymlink != 0 && !strings.Contains(e.Path, "/") {
				out.add(s.subtree(s.resolve("/"+e.Path, 0)))
			}
		}
		if made && e.Mode.IsDir() {
			above = append(above, i)
		}
	}
	return nil
}

// matches says that the patterns let a name through.
func matches(name string, include, exclude *patternmatcher.PatternMatcher) (bool, error) {
	if include != nil {
		if ok, err := include.MatchesOrParentMatches(name); err != nil || !ok {
			return false, err
		}
	}
	if exclude != nil {
		if skip, err := exclude.MatchesOrParentMatches(name); err != nil || skip {
			return false, err
		}
	}
	return true, nil
}

func matcher(patterns []string) (*patternmatcher.PatternMatcher, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	return patternmatcher.New(patterns)
}

// maxLinks bounds how many links are followed, as path resolution in Linux does.
const maxLinks = 40

// resolve follows the symbolic links on the way to p, inside the snapshot.
func (s *Snapshot) resolve(p string, depth int) string {
	if p == "/" || depth > maxLinks {
		return p
	}
	parent := s.resolve(path.Dir(p), depth)
	p = path.Join(parent, path.Base(p))
	i, ok := s.find(p)
	if !ok || s.Entries[i].Mode&gofs.ModeSymlink == 0 {
		return p
	}
	target := s.Entries[i].Link
	if !path.IsAbs(target) {
		target = path.Join(parent, target)
	}
	return s.resolve(path.Join("/", target), depth+1)
}

// find returns the index of the entry with the absolute path p.
func (s *Snapshot) find(p string) (int, bool) {
	p = strings.TrimPrefix(p, "/")
	i := sort.Search(len(s.Entries), func(i int) bool { return !less(s.Entries[i].Path, p) })
	return i, i < len(s.Entries) && s.Entries[i].Path == p
}

// subtree returns the range of the entry with the absolute path p and of all
// below it.
func (s *Snapshot) subtree(p string) (start, end int) {
	if p == "/" {
		return 0, len(s.Entries)
	}
	start, ok := s.find(p)
	if !ok {
		return start, start
	}
	prefix := strings.TrimPrefix(p, "/") + "/"
	n := sort.Search(len(s.Entries)-start-1, func(i int) bool {
		return !strings.HasPrefix(s.Entries[start+1+i].Path, prefix)
	})
	return start, start + 1 + n
}

// less orders paths as a walk does: by name, folder by folder.
func less(a, b string) bool {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' || b[i] == '/' {
			return a[i] == '/'
		}
		return a[i] < b[i]
	}
	return len(a) < len(b)
}

type ranges [][2]int

func (r *ranges) add(start, end int) {
	if start >= end {
		return
	}
	if n := len(*r); n > 0 && (*r)[n-1][1] == start {
		(*r)[n-1][1] = end
		return
	}
	*r = append(*r, [2]int{start, end})
}

// MergeRanges returns half-open ranges in order, without overlaps.
func MergeRanges(r [][2]int) [][2]int {
	sort.Slice(r, func(i, j int) bool { return r[i][0] < r[j][0] })
	var out [][2]int
	for _, x := range r {
		if n := len(out); n > 0 && x[0] <= out[n-1][1] {
			out[n-1][1] = max(out[n-1][1], x[1])
			continue
		}
		out = append(out, x)
	}
	return out
}
