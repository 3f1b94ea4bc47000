package buildcontext

import (
	"bytes"
	"io/fs"
	"testing"

	"github.com/moby/buildkit/cache/contenthash"
	"github.com/tonistiigi/fsutil/types"
)

// Whatever the entry, the digest is the one that BuildKit's own code computes.
func FuzzHasher(f *testing.F) {
	for _, mode := range []fs.FileMode{
		0, 0o644, 0o755, 0o664, 0o777, fs.ModeSetuid | 0o755, fs.ModeSticky | 0o600, fs.ModeDir | 0o755,
		fs.ModeSymlink | 0o777, fs.ModeNamedPipe | 0o600, fs.ModeDevice | 0o660, fs.ModeCharDevice | fs.ModeDevice | 0o660,
	} {
		f.Add(uint32(mode), []byte("data"), "", "", int64(0))
	}
	f.Add(uint32(0o644), []byte{}, "other", "", int64(0))
	f.Add(uint32(0o644), []byte("x"), "", "user.note", int64(0))
	f.Add(uint32(0o644), []byte("x"), "", "", int64(7))
	f.Fuzz(func(t *testing.T, mode uint32, data []byte, link, xattr string, device int64) {
		st := &types.Stat{Path: "a", Mode: mode, Size: int64(len(data)), ModTime: 5, Linkname: link, Devmajor: device}
		if xattr != "" {
			st.Xattrs = map[string][]byte{xattr: data}
		}
		want, wantErr := contenthash.NewFromStat(st.Clone())
		h, err := newHasher(st)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("error %v, BuildKit's %v", err, wantErr)
		}
		if err != nil {
			return
		}
		want.Write(data)
		h.Write(data)
		if sum := h.sum(); !bytes.Equal(sum.digest[:], want.Sum(nil)) {
			t.Errorf("digest %x, BuildKit's %x", sum.digest, want.Sum(nil))
		}
	})
}
