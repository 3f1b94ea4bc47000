package buildcontext

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	gofs "io/fs"
	"os"
	"path"

	"github.com/moby/buildkit/cache"
	"github.com/moby/buildkit/cache/contenthash"
	"github.com/moby/buildkit/identity"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/snapshot"
	"github.com/moby/buildkit/solver/llbsolver/ops/opsutils"
	"github.com/moby/buildkit/util/cachedigest"
	"github.com/opencontainers/go-digest"
	"github.com/tonistiigi/fsutil"
)

// Selector is what one action of an operation reads of its input.
type Selector = opsutils.Selector

// Checksum is BuildKit's content digest of what the selectors take, the one
// that enters the cache key of a COPY, an ADD or a bind mount.
func (s *Snapshot) Checksum(ctx context.Context, selectors []Selector) (digest.Digest, error) {
	if len(selectors) == 0 {
		selectors = []Selector{{}}
	}
	key, err := s.checksumKey(selectors)
	if err != nil {
		return "", err
	}
	if sum, ok := s.index.checksum(key); ok {
		return digest.NewDigestFromBytes(digest.SHA256, sum[:]), nil
	}
	s.once.Do(func() { s.content, s.err = s.tree(ctx) })
	if s.err != nil {
		return "", s.err
	}
	sums := make([][]byte, len(selectors))
	for i, sel := range selectors {
		d, err := s.content.Checksum(ctx, noMount{}, path.Join("/", sel.Path), contenthash.ChecksumOpts{
			FollowLinks: sel.FollowLinks, Wildcard: sel.Wildcard,
			IncludePatterns: sel.IncludePatterns, ExcludePatterns: sel.ExcludePatterns, RequiredPaths: sel.RequiredPaths,
		}, nil)
		if err != nil {
			return "", err
		}
		sums[i] = []byte(d)
	}
	d, err := cachedigest.FromBytes(bytes.Join(sums, []byte{0}), cachedigest.TypeDigestList)
	if err != nil {
		return "", err
	}
	if raw, err := hex.DecodeString(d.Encoded()); err == nil && len(raw) == 32 && d.Algorithm() == digest.SHA256 {
		s.index.keepChecksum(key, [32]byte(raw))
	}
	return d, nil
}

// checksumKey digests all that a checksum depends on.
func (s *Snapshot) checksumKey(selectors []Selector) ([32]byte, error) {
	text, err := json.Marshal(selectors)
	if err != nil {
		return [32]byte{}, err
	}
	sum := s.Sum()
	return sha256.Sum256(append(sum[:], text...)), nil
}

// tree feeds the entries into BuildKit's content hash.
func (s *Snapshot) tree(ctx context.Context) (contenthash.CacheContext, error) {
	cc, err := contenthash.GetCacheContext(ctx, metadata{id: identity.NewID()})
	if err != nil {
		return nil, err
	}
	for i := range s.Entries {
		e := &s.Entries[i]
		fi := hashed{&fsutil.StatInfo{Stat: e.stat}, digest.NewDigestFromBytes(digest.SHA256, e.Digest[:])}
		if err := cc.HandleChange(fsutil.ChangeKindAdd, e.Path, fi, nil); err != nil {
			return nil, err
		}
	}
	return cc, nil
}

type hashed struct {
	gofs.FileInfo
	digest digest.Digest
}

func (h hashed) Digest() digest.Digest { return h.digest }

// metadata stands for the daemon's record of a snapshot, of which the content
// hash reads only the ID as long as nothing is stored.
type metadata struct {
	cache.RefMetadata
	id string
}

func (m metadata) ID() string                         { return m.id }
func (m metadata) GetExternal(string) ([]byte, error) { return nil, os.ErrNotExist }
func (m metadata) SetExternal(string, []byte) error   { return nil }

// noMount refuses: every digest is known before one is asked for.
type noMount struct{}

func (noMount) Mount(context.Context, bool, session.Group) (snapshot.Mountable, error) {
	return nil, errors.New("the content hash asked for a file that was not listed")
}
