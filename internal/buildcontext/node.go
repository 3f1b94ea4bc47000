package buildcontext

import (
	"errors"
	"fmt"
	gofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/containerd/continuity/sysx"
	"github.com/tonistiigi/fsutil/types"
)

// node is one entry of the tree on disk.
type node struct {
	path   string
	entry  gofs.DirEntry
	folder *folder // nil if it is none

	once   sync.Once
	err    error
	stat   *types.Stat // never changed once it is there
	id     fileID
	state  fileState
	linked bool // it has several names
	known  bool // the index knew its digest

	sum atomic.Pointer[fileSum]
}

// fileID names a file on this machine.
type fileID struct{ device, inode uint64 }

// fileState is what must be unchanged for a file to be taken as unchanged. The
// time of the last status change is set by the kernel alone, whatever is changed.
type fileState struct {
	changed, modified int64 // nanoseconds since 1970
	size              int64 // bytes
	mode              uint32
}

func (n *node) hasData() bool { return gofs.FileMode(n.stat.Mode).IsRegular() }

// read returns the stat that is sent to the daemon. It is the one that fsutil's
// own file system would give, without the file's owner, which is no part of the
// context; the names of linked files are told by the walk.
func (n *node) read(t *Tree) (*types.Stat, error) {
	n.once.Do(func() { n.stat, n.err = n.load(t) })
	return n.stat, n.err
}

func (n *node) load(t *Tree) (*types.Stat, error) {
	fi, err := n.entry.Info()
	if err != nil {
		return nil, err
	}
	sys, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("reading %s: no stat information", n.path)
	}
	st := &types.Stat{Path: n.path, Mode: uint32(fi.Mode()), ModTime: fi.ModTime().UnixNano()}
	n.id = fileID{uint64(sys.Dev), sys.Ino}
	n.state = fileState{changed: sys.Ctim.Nano(), modified: st.ModTime, size: fi.Size(), mode: st.Mode}
	local := filepath.Join(t.root, n.path)
	if !fi.IsDir() {
		st.Size = fi.Size()
		n.linked = sys.Nlink > 1
		if sys.Mode&(syscall.S_IFBLK|syscall.S_IFCHR) != 0 {
			st.Devmajor, st.Devminor = major(uint64(sys.Rdev)), minor(uint64(sys.Rdev))
		}
		if fi.Mode()&gofs.ModeSymlink != 0 {
			if st.Linkname, err = os.Readlink(local); err != nil {
				return nil, err
			}
		}
	}
	var plain bool
	if fi.Mode().IsRegular() {
		if sum, bare, ok := t.index.lookup(n.id, n.state); ok {
			n.sum.Store(&sum)
			n.known, plain = true, bare
		}
	}
	if !plain {
		if st.Xattrs, err = xattrs(local); err != nil {
			return nil, err
		}
	}
	st.Mode &^= uint32(gofs.ModeSocket)
	return st, nil
}

// xattrs reads extended attributes as fsutil does.
func xattrs(path string) (map[string][]byte, error) {
	names, err := sysx.LListxattr(path)
	if errors.Is(err, syscall.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the extended attributes of %s: %w", path, err)
	}
	var out map[string][]byte
	for _, name := range names {
		if strings.HasPrefix(name, "com.apple.") {
			continue
		}
		if v, err := sysx.LGetxattr(path, name); err == nil {
			if out == nil {
				out = map[string][]byte{}
			}
			out[name] = v
		}
	}
	return out, nil
}

// The numbers of a device in the form of fsutil.
func major(device uint64) int64 { return int64((device >> 8) & 0xfff) }
func minor(device uint64) int64 { return int64((device & 0xff) | ((device >> 12) & 0xfff00)) }
