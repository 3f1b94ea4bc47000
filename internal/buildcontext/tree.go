package buildcontext

import (
	"context"
	"io"
	gofs "io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/tonistiigi/fsutil"
)

// Tree is a folder as BuildKit's client reads it. It implements fsutil.FS and
// keeps what it has read: an entry's stat is read once, however often the tree
// is walked, and a file that is sent to the daemon is hashed on the way.
type Tree struct {
	root  string
	fs    fsutil.FS
	top   *folder
	index *Index

	hidden map[string]bool

	mu sync.Mutex
	// reading counts the walks and the files that the daemon is at, walked is how
	// far the longest of its walks came, and idle when the last one ended.
	reading int
	walked  int
	idle    time.Time
}

// Open returns the tree of the folder dir. The index tells the digests of files
// that have not changed; it may be nil.
func Open(dir string, index *Index) (*Tree, error) {
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
	return &Tree{root: root, fs: fs, top: &folder{}, index: index}, nil
}

// Hide keeps a file or folder, given by its absolute path, out of the context if
// it lies in it: what a build reports must not change the next build. It has to
// be called before the first walk.
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

// Walk implements fsutil.FS.
func (t *Tree) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	t.began()
	entries := 0
	defer func() { t.ended(entries) }()
	return t.walk(ctx, target, false, func(p string, e gofs.DirEntry, err error) error {
		entries++
		return fn(p, e, err)
	})
}

// Open implements fsutil.FS. What is read to the end is hashed on the way.
func (t *Tree) Open(p string) (io.ReadCloser, error) {
	rc, err := t.fs.Open(p)
	if err != nil {
		return nil, err
	}
	n := t.find(p)
	if n == nil || n.stat == nil || !n.hasData() || n.sum.Load() != nil {
		return rc, nil
	}
	h, err := newHasher(n.stat)
	if err != nil {
		return rc, nil
	}
	t.began()
	return &hashingReader{ReadCloser: rc, hasher: h, tree: t, node: n}, nil
}

func (t *Tree) began() {
	t.mu.Lock()
	t.reading++
	t.mu.Unlock()
}

func (t *Tree) ended(walked int) {
	t.mu.Lock()
	t.reading--
	t.walked = max(t.walked, walked)
	t.idle = time.Now()
	t.mu.Unlock()
}

// settleTime is how long nothing must have been read before the daemon is taken
// to have all that it wants.
const settleTime = 30 * time.Millisecond

// settle waits until the daemon has come by the given number of entries and asks
// for no more of them, or the build is done.
func (t *Tree) settle(ctx context.Context, entries int, done <-chan struct{}) {
	tick := time.NewTicker(settleTime / 3)
	defer tick.Stop()
	for {
		t.mu.Lock()
		settled := t.reading == 0 && t.walked >= entries && time.Since(t.idle) > settleTime
		t.mu.Unlock()
		if settled {
			return
		}
		select {
		case <-tick.C:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// hashingReader hashes what passes through it and keeps the digest at the end of
// the file.
type hashingReader struct {
	io.ReadCloser
	hasher *hasher
	tree   *Tree
	node   *node
	done   bool
	closed bool
}

// Read implements io.Reader.
func (r *hashingReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if !r.done {
		r.hasher.Write(p[:n])
		if err == io.EOF {
			r.done = true
			sum := r.hasher.sum()
			r.node.sum.Store(&sum)
		}
	}
	return n, err
}

// Close implements io.Closer.
func (r *hashingReader) Close() error {
	if !r.closed {
		r.closed = true
		r.tree.ended(0)
	}
	return r.ReadCloser.Close()
}
