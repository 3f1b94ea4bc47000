package replay

import (
	"context"
	"fmt"
	gofs "io/fs"

	"github.com/layercause/layercause/internal/buildcontext"
)

// epoch is a span of commits in which no link and no submodule changes and no file
// becomes a folder, so that what a filter or a selector takes can be decided once for
// all paths that are there at some time.
type epoch struct {
	tree       *tree
	start, end uint32 // the commits, half-open

	paths   []uint32              // all, in the order of a walk
	listing *buildcontext.Listing // of them
	filters map[string]*buildcontext.Filtered
	taken   map[string]*selection
}

// epochs cuts a tree's commits.
func (t *tree) epochs() []*epoch {
	const asFile, asFolder = 1, 2
	var out []*epoch
	n := uint32(len(t.changes))
	index := make(map[string]uint32, len(t.paths))
	for i, p := range t.paths {
		index[p] = uint32(i)
	}
	begin := func(start uint32) (*epoch, []uint8) {
		e := &epoch{tree: t, start: start, end: n, filters: map[string]*buildcontext.Filtered{}, taken: map[string]*selection{}}
		used := make([]uint8, len(t.paths))
		for p := range t.paths {
			used[p] = t.use(t.at(uint32(p), start))
		}
		out = append(out, e)
		return e, used
	}
	e, used := begin(0)
	for c := uint32(1); c < n; c++ {
		cut := false
		for _, x := range t.changes[c] {
			before, after := t.contents[x.before].kind, t.contents[x.after].kind
			if before == link || after == link || before == module || after == module {
				cut = true
				break
			}
			if use := used[x.path] | t.use(x.after); use == asFile|asFolder {
				cut = true
				break
			}
			used[x.path] |= t.use(x.after)
		}
		if cut {
			e.end = c
			e.settle(used)
			e, used = begin(c)
		}
	}
	e.settle(used)
	return out
}

// use says whether a content is a file's or a folder's.
func (t *tree) use(c uint32) uint8 {
	switch t.contents[c].kind {
	case absent:
		return 0
	case folder:
		return 2
	}
	return 1
}

// settle lists the paths that are used in the epoch. Of a cut one some may be those
// of the commit that comes next; nothing is ever there of them.
func (e *epoch) settle(used []uint8) {
	for p, u := range used {
		if u != 0 {
			e.paths = append(e.paths, uint32(p))
		}
	}
}

// entry is a path as the filters see it.
func (e *epoch) entry(p uint32) buildcontext.Entry {
	x := buildcontext.Entry{Path: e.tree.paths[p], Mode: 0o644}
	c := e.tree.contents[e.tree.at(p, e.start)]
	if c.kind == absent {
		// It comes later; then it stays what it is until the epoch ends.
		for _, t := range e.tree.turns[p] {
			if t.commit > e.start && t.commit < e.end && t.after != 0 {
				c = e.tree.contents[t.after]
				break
			}
		}
	}
	switch c.kind {
	case folder, module:
		x.Mode = gofs.ModeDir | 0o755
	case link:
		x.Mode, x.Link = gofs.ModeSymlink|0o777, c.id
	}
	return x
}

// forget drops what can be made again.
func (e *epoch) forget() {
	e.listing = nil
	clear(e.filters)
}

// filter gives what a source lets through.
func (e *epoch) filter(f buildcontext.Filter) (*buildcontext.Filtered, string, error) {
	key := fmt.Sprintf("%q", f)
	if known := e.filters[key]; known != nil {
		return known, key, nil
	}
	if e.listing == nil {
		entries := make([]buildcontext.Entry, len(e.paths))
		for i, p := range e.paths {
			entries[i] = e.entry(p)
		}
		e.listing = buildcontext.NewListing(entries)
	}
	out, err := e.listing.Filter(context.Background(), f)
	if err != nil {
		return nil, "", err
	}
	e.filters[key] = out
	return out, key, nil
}
