package buildcontext

import (
	"context"
	gofs "io/fs"
	"path/filepath"
	"runtime"
	"sync"

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
}

// Snapshot is the list of entries that a local source gives the daemon, in the
// order of a walk: a folder before its entries, these by name.
type Snapshot struct {
	Entries []Entry
	// Unread counts the files that the index knew, so that they were not read.
	Unread int

	once    sync.Once
	content contenthash.CacheContext
	err     error
}

// Snapshot lists what passes the filter and hashes what has not been read
// through the tree and is not known to the index, on all cores. Index may be nil.
func (t *Tree) Snapshot(ctx context.Context, f Filter, index *Index) (*Snapshot, error) {
	fs, err := fsutil.NewFilterFS(t, &fsutil.FilterOpt{
		FollowPaths: f.FollowPaths, IncludePatterns: f.IncludePatterns, ExcludePatterns: f.ExcludePatterns,
	})
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	err = fs.Walk(ctx, "", func(p string, e gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		st := fi.Sys().(*types.Stat)
		s.Entries = append(s.Entries, Entry{
			Path: filepath.ToSlash(p), Mode: gofs.FileMode(st.Mode), Size: st.Size, Link: st.Linkname, stat: st,
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, t.hash(ctx, s, index)
}

// hash fills in the digests of the snapshot's entries.
func (t *Tree) hash(ctx context.Context, s *Snapshot, index *Index) error {
	const batch = 256
	var mu sync.Mutex
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(runtime.GOMAXPROCS(0))
	for start := 0; start < len(s.Entries); start += batch {
		part := s.Entries[start:min(start+batch, len(s.Entries))]
		eg.Go(func() error {
			buf := make([]byte, 64<<10)
			unread := 0
			for i := range part {
				if err := ctx.Err(); err != nil {
					return err
				}
				known, err := t.hashEntry(&part[i], index, buf)
				if err != nil {
					return err
				}
				if known {
					unread++
				}
			}
			mu.Lock()
			s.Unread += unread
			mu.Unlock()
			return nil
		})
	}
	return eg.Wait()
}

func (t *Tree) hashEntry(e *Entry, index *Index, buf []byte) (known bool, err error) {
	local := filepath.FromSlash(e.Path)
	t.mu.Lock()
	sum, ok := t.sums[local]
	t.mu.Unlock()
	if !ok && e.Mode.IsRegular() && e.Link == "" && e.Size > 0 {
		sum, known = index.lookup(filepath.Join(t.root, local), e)
		ok = known
	}
	if !ok {
		if sum, err = t.hashFile(local, e.stat, buf); err != nil {
			return false, err
		}
	}
	e.Digest, e.Data = sum.digest, sum.data
	if !known {
		index.add(filepath.Join(t.root, local), e)
	}
	return known, nil
}
