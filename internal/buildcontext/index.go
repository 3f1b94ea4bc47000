package buildcontext

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"sync"
	"time"
)

// Index remembers digests between builds: of files, by what the file system says
// of them, and of what operations took. As in git's index, a file that was
// changed in the second before it was looked at is not remembered ("racily
// clean"), since its times might stay the same at the next change.
//
// A nil Index knows nothing and keeps nothing.
type Index struct {
	path  string
	start time.Time
	// loaded is closed when the file has been read; files and sums are not
	// changed from then on.
	loaded chan struct{}
	files  map[fileID]fileEntry
	sums   map[[32]byte][32]byte

	mu   sync.Mutex
	next map[[32]byte][32]byte // checksums that this build used
}

// fileEntry is what is known of a file.
type fileEntry struct {
	state fileState
	// bare says that it has no extended attributes. To give it one changes its
	// state.
	bare bool
	sum  fileSum
}

// OpenIndex begins to read the index for the folder root below dir, and returns
// at once. A missing or damaged index is empty: it is only a shortcut. Now is
// the start of the build.
func OpenIndex(dir, root string, now time.Time) *Index {
	sum := sha256.Sum256([]byte(root))
	x := &Index{
		path: filepath.Join(dir, hex.EncodeToString(sum[:16])), start: now,
		loaded: make(chan struct{}), next: map[[32]byte][32]byte{},
	}
	go func() {
		defer close(x.loaded)
		x.files, x.sums = readIndex(x.path)
	}()
	return x
}

// lookup returns the digest of a file that has not changed.
func (x *Index) lookup(id fileID, state fileState) (sum fileSum, bare, ok bool) {
	if x == nil {
		return fileSum{}, false, false
	}
	<-x.loaded
	e, ok := x.files[id]
	if !ok || e.state != state {
		return fileSum{}, false, false
	}
	return e.sum, e.bare, true
}

// racy says that a file may change once more and look the same.
func (x *Index) racy(s fileState) bool {
	return x.start.UnixNano()-max(s.changed, s.modified) < int64(time.Second)
}

func (x *Index) checksum(key [32]byte) ([32]byte, bool) {
	if x == nil {
		return [32]byte{}, false
	}
	<-x.loaded
	sum, ok := x.sums[key]
	if ok {
		x.keepChecksum(key, sum)
	}
	return sum, ok
}

func (x *Index) keepChecksum(key, sum [32]byte) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.next[key] = sum
}

// Limits on what is remembered beyond what this build used.
const (
	spareFiles = 10_000
	spareSums  = 64
)

// SaveIndex writes what this build saw of the tree, and some of what it did not:
// another target of the same folder may want it. It writes nothing if everything
// was known, and replaces the file in one step.
func (t *Tree) SaveIndex() error {
	x := t.index
	if x == nil {
		return nil
	}
	<-x.loaded
	files, fresh := map[fileID]fileEntry{}, false
	t.top.each(func(n *node) {
		sum := n.sum.Load()
		if sum == nil || n.stat == nil || !n.hasData() || x.racy(n.state) {
			return
		}
		files[n.id] = fileEntry{state: n.state, bare: len(n.stat.Xattrs) == 0, sum: *sum}
		fresh = fresh || !n.known
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	for key := range x.next {
		if _, ok := x.sums[key]; !ok {
			fresh = true
		}
	}
	if !fresh {
		return nil
	}
	spare := len(files) + spareFiles
	for id, e := range x.files {
		if _, ok := files[id]; !ok && spare > 0 {
			files[id] = e
			spare--
		}
	}
	spare = len(x.next) + spareSums
	for key, sum := range x.sums {
		if _, ok := x.next[key]; !ok && len(x.next) < spare {
			x.next[key] = sum
		}
	}
	return writeIndex(x.path, files, x.next)
}

// each calls fn for every entry that was read.
func (f *folder) each(fn func(*node)) {
	for i := range f.nodes {
		fn(&f.nodes[i])
		if sub := f.nodes[i].folder; sub != nil {
			sub.each(fn)
		}
	}
}
