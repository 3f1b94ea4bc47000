package buildcontext

import (
	"context"
	"crypto/sha256"
	"errors"
	gofs "io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/moby/buildkit/cache/contenthash"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
	"golang.org/x/sync/errgroup"
)

// Filter is what a local source lets through; the fields are the attributes of
// the source operation.
type Filter struct {
	FollowPaths     []string
	IncludePatterns []string
	ExcludePatterns []string
}

// Entry is one file, folder or link of a snapshot.
type Entry struct {
	Path   string // relative, with slashes
	Mode   gofs.FileMode
	Size   int64  // in bytes
	Link   string // target of a symbolic link, or the first path of a hard link
	Digest [32]byte
	Data   uint64
	stat   *types.Stat
	node   *node
}

// Snapshot is the list of entries that a local source gives the daemon, in the
// order of a walk: a folder before its entries, these by name.
type Snapshot struct {
	Entries []Entry
	// Unread counts the files that the index knew, so that they were not read.
	Unread int

	index   *Index
	sumOnce sync.Once
	sum     [32]byte

	once    sync.Once
	content contenthash.CacheContext
	err     error
}

// few is how many files are hashed at once. Of more, the daemon will ask for
// most, and what it asks for is hashed on the way to it.
const few = 64

// Snapshot lists what passes the filter and hashes, on all cores, what is
// neither known to the index nor read by the daemon. Done says that the build
// has ended, so that the daemon reads no more.
func (t *Tree) Snapshot(ctx context.Context, f Filter, done <-chan struct{}) (*Snapshot, error) {
	s := &Snapshot{index: t.index}
	if err := t.list(ctx, s, f); err != nil {
		return nil, err
	}
	missing := 0
	for i := range s.Entries {
		e := &s.Entries[i]
		switch {
		case !e.isFile():
		case e.node.known:
			s.Unread++
		case e.node.sum.Load() == nil:
			missing++
		}
	}
	if missing > few {
		t.settle(ctx, len(s.Entries), done)
	}
	return s, t.hash(ctx, s)
}

// isFile says that the entry has data. A further name of a file has it too:
// BuildKit gives it the digest of the first one.
func (e *Entry) isFile() bool { return e.Mode.IsRegular() }

// list finds the entries.
func (t *Tree) list(ctx context.Context, s *Snapshot, f Filter) error {
	fs, err := fsutil.NewFilterFS(sharedTree{t}, &fsutil.FilterOpt{
		FollowPaths: f.FollowPaths, IncludePatterns: f.IncludePatterns, ExcludePatterns: f.ExcludePatterns,
	})
	if err != nil {
		return err
	}
	links := map[string]string{} // as in fsutil.WithHardlinkReset
	at, dir := t.top, "."
	return fs.Walk(ctx, "", func(p string, d gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, ok := d.(*fsutil.DirEntryInfo)
		if !ok {
			return errors.New("a walk gave an entry without its stat")
		}
		st := info.Stat
		if d := filepath.Dir(p); d != dir {
			at, dir = t.top, d
			if d != "." {
				at = t.find(d).folder
			}
		}
		n := at.find(filepath.Base(p))
		e := Entry{Path: filepath.ToSlash(p), Mode: gofs.FileMode(st.Mode), Size: st.Size, stat: st, node: n}
		if n.linked && e.Mode&gofs.ModeSymlink == 0 {
			e.stat = resetLink(links, p, st)
		}
		e.Link = filepath.ToSlash(e.stat.Linkname)
		s.Entries = append(s.Entries, e)
		return nil
	})
}

// resetLink makes the first name of a file that passes the filter the file, and
// the later ones links to it.
func resetLink(links map[string]string, p string, st *types.Stat) *types.Stat {
	if to := st.Linkname; to != "" {
		st = st.Clone()
		if first, ok := links[to]; !ok {
			links[to], st.Linkname = p, ""
		} else {
			st.Linkname = first
		}
	}
	links[p] = p
	return st
}

// sharedTree gives the tree's own stats.
type sharedTree struct{ *Tree }

// Walk implements fsutil.FS.
func (t sharedTree) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	return t.walk(ctx, target, true, fn)
}

// hash fills in the digests of the snapshot's entries.
func (t *Tree) hash(ctx context.Context, s *Snapshot) error {
	const batch = 64
	var next atomic.Int64
	eg, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		eg.Go(func() error {
			buf := make([]byte, 64<<10)
			for {
				end := int(next.Add(batch))
				if end-batch >= len(s.Entries) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				for i := end - batch; i < min(end, len(s.Entries)); i++ {
					if err := t.fill(&s.Entries[i], buf); err != nil {
						return err
					}
				}
			}
		})
	}
	return eg.Wait()
}

func (t *Tree) fill(e *Entry, buf []byte) error {
	if e.isFile() {
		if sum := e.node.sum.Load(); sum != nil {
			e.Digest, e.Data = sum.digest, sum.data
			return nil
		}
	}
	sum, err := t.hashEntry(e, buf)
	if err != nil {
		return err
	}
	e.Digest, e.Data = sum.digest, sum.data
	if e.isFile() {
		e.node.sum.Store(&sum)
	}
	return nil
}

// Sum is equal for two snapshots that give the same.
func (s *Snapshot) Sum() [32]byte {
	s.sumOnce.Do(func() {
		h := sha256.New()
		var buf []byte
		for i := range s.Entries {
			e := &s.Entries[i]
			buf = append(append(append(buf[:0], e.Path...), 0), e.Digest[:]...)
			if e.Link != "" {
				buf = append(append(append(buf, 1), e.Link...), 0)
			}
			h.Write(buf)
		}
		h.Sum(s.sum[:0])
	})
	return s.sum
}
