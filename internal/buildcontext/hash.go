package buildcontext

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"strconv"

	"github.com/cespare/xxhash/v2"
	"github.com/moby/buildkit/cache/contenthash"
	"github.com/tonistiigi/fsutil/types"
)

// fileSum is the digest of one entry.
type fileSum struct {
	digest [32]byte // BuildKit's, over the header and the data
	data   uint64   // of the data alone
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
	s := &hasher{}
	s.data.Reset()
	if header, ok := plainHeader(st); ok {
		h := sha256.New()
		h.Write(header)
		s.header = h
		return s, nil
	}
	h, err := contenthash.NewFromStat(st.Clone())
	s.header = h
	return s, err
}

// plainHeader is what contenthash.NewFromStat hashes ahead of the data of a
// regular file without links, extended attributes and special bits. Nearly all
// files are such ones, and on a hundred thousand of them the way through a tar
// header takes longer than hashing their data.
func plainHeader(st *types.Stat) ([]byte, bool) {
	mode := fs.FileMode(st.Mode)
	if mode != mode.Perm() || st.Linkname != "" || len(st.Xattrs) > 0 || st.Uid != 0 || st.Gid != 0 || st.Devmajor != 0 || st.Devminor != 0 {
		return nil, false
	}
	b := make([]byte, 0, 96)
	b = strconv.AppendUint(append(b, "namemode"...), uint64(mode), 10)
	b = strconv.AppendInt(append(b, "uid0gid0size"...), st.Size, 10)
	return append(b, "typeflag0linknameunamegnamedevmajor0devminor0"...), true
}

// Write implements io.Writer.
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

// hashEntry hashes one entry, whose data it reads from disk.
func (t *Tree) hashEntry(e *Entry, buf []byte) (fileSum, error) {
	h, err := newHasher(e.stat)
	if err != nil {
		return fileSum{}, err
	}
	if e.isFile() {
		f, err := t.fs.Open(e.node.path)
		if err != nil {
			return fileSum{}, err
		}
		defer f.Close()
		// The wrappers hide ReadFrom and WriteTo, so that buf is used.
		if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, buf); err != nil {
			return fileSum{}, err
		}
	}
	return h.sum(), nil
}
