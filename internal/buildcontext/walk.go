package buildcontext

import (
	"context"
	"errors"
	gofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// folder is what was read of one folder. It is read when a walk first comes to
// it, so that nothing is read of a folder that the filters keep out.
type folder struct {
	path  string // relative to the tree's root, empty for the root itself
	once  sync.Once
	nodes []node // by name
	err   error
}

func (t *Tree) read(f *folder) ([]node, error) {
	f.once.Do(func() {
		list, err := os.ReadDir(filepath.Join(t.root, f.path))
		f.err = err
		if t.hidden != nil {
			list = slices.DeleteFunc(list, func(e gofs.DirEntry) bool { return t.hidden[filepath.Join(f.path, e.Name())] })
		}
		f.nodes = make([]node, len(list))
		for i, e := range list {
			f.nodes[i].entry, f.nodes[i].path = e, filepath.Join(f.path, e.Name())
			if e.IsDir() {
				f.nodes[i].folder = &folder{path: f.nodes[i].path}
			}
		}
	})
	return f.nodes, f.err
}

// walk goes through the tree as filepath.WalkDir and fsutil's own file system
// do. With shared, the stats that it gives must not be changed.
func (t *Tree) walk(ctx context.Context, target string, shared bool, fn gofs.WalkDirFunc) error {
	if target = strings.Trim(filepath.Clean(target), string(filepath.Separator)); target != "" && target != "." {
		return t.fs.Walk(ctx, target, func(p string, e gofs.DirEntry, err error) error {
			if t.hidden[p] {
				if e != nil && e.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
			if e != nil {
				e = &plainEntry{e}
			}
			return fn(p, e, err)
		})
	}
	w := walker{ctx: ctx, tree: t, shared: shared, links: map[fileID]string{}, fn: func(p string, e gofs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = fn(p, e, err)
		if err != nil && (errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
			return filepath.SkipDir // it vanished while it was looked at
		}
		return err
	}}
	err := w.folder(t.top, nil)
	if err == filepath.SkipDir || err == filepath.SkipAll {
		return nil
	}
	return err
}

// walker is one walk through a tree.
type walker struct {
	ctx    context.Context
	tree   *Tree
	shared bool
	links  map[fileID]string // the first path of each file with several names
	fn     gofs.WalkDirFunc
}

// folder walks through what is in f; self is its entry, nil for the root.
func (w *walker) folder(f *folder, self gofs.DirEntry) error {
	nodes, err := w.tree.read(f)
	if err != nil {
		if self == nil {
			return err
		}
		if err := w.fn(f.path, self, err); err != nil {
			return err
		}
	}
	entries := make([]entry, len(nodes))
	for i := range nodes {
		entries[i] = entry{node: &nodes[i], walker: w}
		err := w.fn(nodes[i].path, &entries[i], nil)
		if err == nil && nodes[i].folder != nil {
			err = w.folder(nodes[i].folder, &entries[i])
		}
		switch {
		case err == nil:
		case err == filepath.SkipDir && nodes[i].folder != nil:
		case err == filepath.SkipDir:
			return nil // the rest of this folder
		default:
			return err
		}
	}
	return nil
}

// entry is a node as one walk sees it.
type entry struct {
	node   *node
	walker *walker
}

// Name implements fs.DirEntry.
func (e *entry) Name() string { return e.node.entry.Name() }

// IsDir implements fs.DirEntry.
func (e *entry) IsDir() bool { return e.node.entry.IsDir() }

// Type implements fs.DirEntry.
func (e *entry) Type() gofs.FileMode { return e.node.entry.Type() }

// Info implements fs.DirEntry. Which of a file's names is a link to which is a
// matter of the walk: the first that it comes by is the file.
func (e *entry) Info() (gofs.FileInfo, error) {
	st, err := e.node.read(e.walker.tree)
	if err != nil {
		return nil, err
	}
	if !e.node.linked {
		if !e.walker.shared {
			st = st.Clone()
		}
		return &fsutil.StatInfo{Stat: st}, nil
	}
	st = st.Clone()
	if first, ok := e.walker.links[e.node.id]; !ok {
		e.walker.links[e.node.id] = e.node.path
	} else if first != e.node.path {
		st.Linkname = first
	}
	return &fsutil.StatInfo{Stat: st}, nil
}

// plainEntry is an entry of a walk that looks at one path only.
type plainEntry struct{ gofs.DirEntry }

// Info implements fs.DirEntry.
func (e *plainEntry) Info() (gofs.FileInfo, error) {
	fi, err := e.DirEntry.Info()
	if err != nil {
		return nil, err
	}
	if st, ok := fi.Sys().(*types.Stat); ok {
		st.Uid, st.Gid = 0, 0
	}
	return fi, nil
}

// find returns the node of a path that was walked by, or nil.
func (t *Tree) find(p string) *node {
	f := t.top
	for {
		name, rest, more := strings.Cut(p, string(filepath.Separator))
		n := f.find(name)
		if n == nil || !more {
			return n
		}
		if f, p = n.folder, rest; f == nil {
			return nil
		}
	}
}

func (f *folder) find(name string) *node {
	i := sort.Search(len(f.nodes), func(i int) bool { return f.nodes[i].entry.Name() >= name })
	if i == len(f.nodes) || f.nodes[i].entry.Name() != name {
		return nil
	}
	return &f.nodes[i]
}
