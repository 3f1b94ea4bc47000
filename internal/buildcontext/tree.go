package buildcontext

import (
	"context"
	"fmt"
	"io"
	gofs "io/fs"
	"path/filepath"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/moby/buildkit/cache/contenthash"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// Tree is a folder as BuildKit's client reads it. It implements fsutil.FS and
// keeps the stat of each entry and the digest of each file that was read
// through it.
type Tree struct {
	root string
	fs   fsutil.FS

	hidden map[string]bool

	mu    sync.Mutex
	stats map[string]*types.Stat
	sums  map[string]fileSum
}

// fileSum is the digest of one entry.
type fileSum struct {
	digest [32]byte // BuildKit's, over the header and the data
	data   uint64   // of the data alone
}

// Open returns the tree of the folder dir.
func Open(dir string) (*Tree, error) {
	fs, err := fsutil.NewFS(dir)
	if err != nil {
		return nil, err
	}
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	return &Tree{root: root, fs: fs, stats: map[string]*types.Stat{}, sums: map[string]fileSum{}}, nil
}

// Hide keeps a file or folder, given by its absolute path, out of the context if
// it lies in it: what a build reports must not change the next build.
func (t *Tree) Hide(path string) {
	if p, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(p, filepath.Base(path))
	}
	rel, err := filepath.Rel(t.root, path)
	if err != nil || rel == "." || !filepath.IsLocal(rel) {
		return
	}
	if t.hidden == nil {
		t.hidden = map[string]bool{}
	}
	t.hidden[rel] = true
}

// Root is the absolute path of the folder, without symbolic links.
func (t *Tree) Root() string { return t.root }

// Walk implements fsutil.FS. An entry is read from disk once, however often the
// tree is walked: the later walks see what the daemon was sent.
func (t *Tree) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	return t.fs.Walk(ctx, target, func(p string, e gofs.DirEntry, err error) error {
		if t.hidden[p] {
			if e != nil && e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e != nil {
			e = &entry{DirEntry: e, tree: t, path: p}
		}
		return fn(p, e, err)
	})
}

type entry struct {
	gofs.DirEntry
	tree *Tree
	path string
}

func (e *entry) Info() (gofs.FileInfo, error) {
	e.tree.mu.Lock()
	st, ok := e.tree.stats[e.path]
	e.tree.mu.Unlock()
	if !ok {
		fi, err := e.DirEntry.Info()
		if err != nil {
			return nil, err
		}
		if st, ok = fi.Sys().(*types.Stat); !ok {
			return nil, fmt.Errorf("reading %s: no stat information", e.path)
		}
		// As BuildKit's client does: who owns the files on this machine is no part
		// of the context.
		st.Uid, st.Gid = 0, 0
		e.tree.mu.Lock()
		e.tree.stats[e.path] = st
		e.tree.mu.Unlock()
	}
	// The readers change what they get.
	return &fsutil.StatInfo{Stat: st.Clone()}, nil
}

// Open implements fsutil.FS. What is read to the end is hashed on the way.
func (t *Tree) Open(p string) (io.ReadCloser, error) {
	rc, err := t.fs.Open(p)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	st := t.stats[p]
	t.mu.Unlock()
	if st == nil || !gofs.FileMode(st.Mode).IsRegular() {
		return rc, nil
	}
	h, err := newHasher(st)
	if err != nil {
		return rc, nil
	}
	return &hashingReader{ReadCloser: rc, hasher: h, done: func(s fileSum) {
		t.mu.Lock()
		t.sums[p] = s
		t.mu.Unlock()
	}}, nil
}

// hashingReader hashes what passes through it and reports once, at the end of
// the file.
type hashingReader struct {
	io.ReadCloser
	hasher *hasher
	done   func(fileSum)
}

func (r *hashingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.done != nil {
		r.hasher.Write(p[:n])
		if err == io.EOF {
			r.done(r.hasher.sum())
			r.done = nil
		}
	}
	return n, err
}

// hasher computes both digests of an entry in one pass.
type hasher struct {
	header interface {
		io.Writer
		Sum([]byte) []byte
	}
	data xxhash.Digest
}

func newHasher(st *types.Stat) (*hasher, error) {
	h, err := contenthash.NewFromStat(st.Clone())
	if err != nil {
		return nil, err
	}
	s := &hasher{header: h}
	s.data.Reset()
	return s, nil
}

func (h *hasher) Write(p []byte) (int, error) {
	h.header.Write(p) // a hash never errs
	return h.data.Write(p)
}

func (h *hasher) sum() fileSum {
	var s fileSum
	copy(s.digest[:], h.header.Sum(nil))
	s.data = h.data.Sum64()
	return s
}

// hashFile reads one entry.
func (t *Tree) hashFile(p string, st *types.Stat, buf []byte) (fileSum, error) {
	h, err := newHasher(st)
	if err != nil {
		return fileSum{}, err
	}
	if gofs.FileMode(st.Mode).IsRegular() && st.Linkname == "" {
		f, err := t.fs.Open(p)
		if err != nil {
			return fileSum{}, err
		}
		defer f.Close()
		// The wrapper hides ReadFrom and WriteTo, so that buf is used.
		if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, buf); err != nil {
			return fileSum{}, err
		}
	}
	return h.sum(), nil
}
