package buildcontext

import (
	"io"

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
	h, err := contenthash.NewFromStat(st.Clone())
	if err != nil {
		return nil, err
	}
	s := &hasher{header: h}
	s.data.Reset()
	return s, nil
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
