package buildcontext

import (
	"context"
	"errors"
	"io"
	gofs "io/fs"
	"path/filepath"
	"sort"
	"strings"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// Listing is a context of which only the list of entries is known, as that of a
// commit is. It tells what filters and selectors take of it.
type Listing struct {
	entries []Entry
	ends    []int // by entry, the index after the last one below it
}

// NewListing takes entries in the order of a walk, see [Snapshot]: each folder that
// an entry lies in stands before it. Only their paths, modes and links are looked at.
func NewListing(entries []Entry) *Listing {
	l := &Listing{entries: entries, ends: make([]int, len(entries))}
	var above []int
	for i := range entries {
		for len(above) > 0 && !strings.HasPrefix(entries[i].Path, entries[above[len(above)-1]].Path+"/") {
			l.ends[above[len(above)-1]] = i
			above = above[:len(above)-1]
		}
		if l.ends[i] = i + 1; entries[i].Mode.IsDir() {
			above = append(above, i)
		}
	}
	for _, i := range above {
		l.ends[i] = len(entries)
	}
	return l
}

// Before says whether a walk comes by the path a before it comes by b.
func Before(a, b string) bool { return less(a, b) }

// Filtered is what a source's filter lets through of a listing. Nothing is known of
// the data of its entries, so that it tells what selectors take ([Snapshot.Select]) and
// has no checksums.
type Filtered struct {
	Snapshot
	// At are the entries' indexes in the listing.
	At []int
	// Made says of an entry that it is a folder which does not pass by itself, but is
	// made for what is in it.
	Made []bool
}

// Filter gives what passes a source's filter.
func (l *Listing) Filter(ctx context.Context, f Filter) (*Filtered, error) {
	at := 0
	fs, err := fsutil.NewFilterFS(listed{l, &at}, &fsutil.FilterOpt{
		FollowPaths: f.FollowPaths, IncludePatterns: f.IncludePatterns, ExcludePatterns: f.ExcludePatterns,
	})
	if err != nil {
		return nil, err
	}
	out := &Filtered{}
	next := 0
	err = fs.Walk(ctx, "", func(p string, _ gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for p = filepath.ToSlash(p); l.entries[next].Path != p; next++ {
		}
		// A folder that is made for what is in it is told of when that is come by.
		out.Entries, out.At, out.Made = append(out.Entries, l.entries[next]), append(out.At, next), append(out.Made, next != at)
		return nil
	})
	return out, err
}

// listed is a listing as a file system without data. At is the entry that a walk is
// at.
type listed struct {
	*Listing
	at *int
}

// Open implements fsutil.FS.
func (l listed) Open(p string) (io.ReadCloser, error) {
	return nil, &gofs.PathError{Op: "open", Path: p, Err: errors.New("only the list of entries is known")}
}

// Walk implements fsutil.FS.
func (l listed) Walk(ctx context.Context, target string, fn gofs.WalkDirFunc) error {
	start, end := 0, len(l.entries)
	if target = filepath.ToSlash(strings.Trim(filepath.Clean(target), string(filepath.Separator))); target != "" && target != "." {
		start = sort.Search(len(l.entries), func(i int) bool { return !less(l.entries[i].Path, target) })
		if start == len(l.entries) || l.entries[start].Path != target {
			return &gofs.PathError{Op: "lstat", Path: target, Err: gofs.ErrNotExist}
		}
		end = l.ends[start]
	}
	err := l.walk(ctx, start, end, fn)
	if err == filepath.SkipDir || err == filepath.SkipAll {
		return nil
	}
	return err
}

// walk goes through the entries of one folder.
func (l listed) walk(ctx context.Context, start, end int, fn gofs.WalkDirFunc) error {
	for i := start; i < end; i = l.ends[i] {
		if err := ctx.Err(); err != nil {
			return err
		}
		*l.at = i
		e := listedEntry{&l.entries[i]}
		err := fn(filepath.FromSlash(e.Path), e, nil)
		if err == nil && e.IsDir() {
			err = l.walk(ctx, i+1, l.ends[i], fn)
		}
		switch {
		case err == nil:
		case err == filepath.SkipDir && e.IsDir():
		case err == filepath.SkipDir:
			return nil // the rest of this folder
		default:
			return err
		}
	}
	return nil
}

// listedEntry is an entry as a walk shows it.
type listedEntry struct{ *Entry }

// Name implements fs.DirEntry.
func (e listedEntry) Name() string { return e.Path[strings.LastIndexByte(e.Path, '/')+1:] }

// IsDir implements fs.DirEntry.
func (e listedEntry) IsDir() bool { return e.Mode.IsDir() }

// Type implements fs.DirEntry.
func (e listedEntry) Type() gofs.FileMode { return e.Mode.Type() }

// Info implements fs.DirEntry.
func (e listedEntry) Info() (gofs.FileInfo, error) {
	return &fsutil.StatInfo{Stat: &types.Stat{
		Path: filepath.FromSlash(e.Path), Mode: uint32(e.Mode), Size: e.Size, Linkname: e.Link,
	}}, nil
}
