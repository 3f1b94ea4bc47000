package cacheindex

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/opencontainers/go-digest"
)

// ErrNone says that the cache could be asked and has no index: it was never
// written, is of another scope, or was removed.
var ErrNone = errors.New("there is no index")

// errType is a type of cache that has no index to read.
var errType = errors.New("its index cannot be read")

// Index is a cache's index as it was read.
type Index struct {
	Digest  digest.Digest // of the index as it is stored
	Configs []types.CacheConfig
	// Sizes are the layers that the cache lists, in bytes as they are stored.
	Sizes map[digest.Digest]int64
}

// Size is what all layers of the cache have together, in bytes.
func (x *Index) Size() int64 {
	var sum int64
	for _, n := range x.Sizes {
		if sum += n; sum < 0 {
			return math.MaxInt64 // a hostile index
		}
	}
	return sum
}

// list adds a layer.
func (x *Index) list(layer digest.Digest, size int64) {
	if x.Sizes == nil {
		x.Sizes = map[digest.Digest]int64{}
	}
	x.Sizes[layer] = max(0, size)
}

// Cache names a cache as BuildKit's client would: a type, and the attributes of
// the importer, credentials included.
type Cache struct {
	Type  string
	Attrs map[string]string
}

// Credentials answers with a user and a password, or an empty user and a token,
// for a registry's host.
type Credentials func(host string) (user, secret string, err error)

// maxIndex bounds what is read of an index. BuildKit itself reads no more than a
// megabyte of one from a registry.
const maxIndex = 32 << 20

// Read reads the index of a cache. It returns [ErrNone] if there is none. Nothing
// else of the cache is read. Its errors hold no credentials.
func Read(ctx context.Context, c Cache, auth Credentials) (*Index, error) {
	switch c.Type {
	case "registry":
		return readRegistry(ctx, c.Attrs, auth)
	case "local":
		return readLocal(c.Attrs)
	case "gha":
		return readGHA(ctx, c.Attrs)
	case "s3":
		return readS3(ctx, c.Attrs)
	case "azblob":
		return readAzblob(ctx, c.Attrs)
	}
	return nil, fmt.Errorf("a cache of type %q: %w", c.Type, errType)
}

// parse reads an index in its stored form.
func parse(data []byte) (*Index, error) {
	var c types.CacheConfig
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	x := &Index{Digest: digest.FromBytes(data), Configs: []types.CacheConfig{c}}
	for _, l := range c.Layers {
		if l.Annotations != nil { // in a service; elsewhere the manifest has the sizes
			x.list(l.Blob, l.Annotations.Size)
		}
	}
	return x, nil
}

// readAll reads what an index may be at most.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIndex+1))
	if err == nil && len(data) > maxIndex {
		return nil, fmt.Errorf("the index is larger than %d bytes", maxIndex)
	}
	return data, err
}
