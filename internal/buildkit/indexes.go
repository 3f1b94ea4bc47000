package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/record"
)

// How long the index of a cache is waited for: beside the build, and once it has
// ended. A cache that answers slower is one whose index is not known.
const (
	indexTimeout = 20 * time.Second
	indexGrace   = 2 * time.Second
)

// indexes reads the indexes of the imported caches beside the build, before the
// build's own export overwrites them.
type indexes struct {
	work sync.WaitGroup
	stop context.CancelFunc
	read []indexRead
}

type indexRead struct {
	index *cacheindex.Index
	err   error
}

func (x *indexes) start(ctx context.Context, caches []client.CacheOptionsEntry, auth cacheindex.Credentials) {
	ctx, x.stop = context.WithTimeout(ctx, indexTimeout)
	x.read = make([]indexRead, len(caches))
	for i, c := range caches {
		cache := cacheindex.Cache{Type: c.Type, Attrs: maps.Clone(c.Attrs)}
		x.work.Go(func() {
			defer func() {
				if recover() != nil {
					x.read[i].err = errors.New("its index could not be read")
				}
			}()
			x.read[i].index, x.read[i].err = cacheindex.Read(ctx, cache, auth)
		})
	}
}

// wait gives what has not been read yet a last moment.
func (x *indexes) wait() []indexRead {
	timer := time.AfterFunc(indexGrace, x.stop)
	x.work.Wait()
	timer.Stop()
	x.stop()
	return x.read
}

// lookUp writes down what the imported caches held of the build's operations.
func (a *assembly) lookUp(read []indexRead, caches []record.CacheAccess) {
	imports := 0
	for i := range caches {
		c := &caches[i]
		if c.Direction != record.Import {
			continue
		}
		r := read[imports]
		imports++
		switch {
		case errors.Is(r.err, cacheindex.ErrNone):
			c.Index = &record.CacheIndex{}
		case r.err != nil && c.Type == "local" && c.Error == "":
			c.Error = r.err.Error() // BuildKit leaves such a cache out and says nothing
		case r.index != nil:
			c.Index = &record.CacheIndex{Digest: r.index.Digest.String()}
			if a == nil {
				continue
			}
			for v, p := range r.index.Find(a.keys) {
				switch p {
				case cacheindex.WithResult:
					c.Index.Results = append(c.Index.Results, v)
				case cacheindex.WithoutResult:
					c.Index.Keys = append(c.Index.Keys, v)
				case cacheindex.Absent:
					c.Index.Absent = append(c.Index.Absent, v)
				}
			}
		}
	}
}

// nameExports names the indexes that the build wrote where BuildKit did not say
// so: an inline cache lies in the image's config, and of a service the index is
// read again.
func (b *Build) nameExports(ctx context.Context, res *Result) {
	ctx, cancel := context.WithTimeout(ctx, indexGrace)
	defer cancel()
	exports := b.request.exports
	for i := range res.Record.Caches {
		c := &res.Record.Caches[i]
		if c.Direction != record.Export {
			continue
		}
		e := exports[0]
		exports = exports[1:]
		switch {
		case c.Error != "" || c.Index != nil:
		case c.Type == "inline":
			if d, ok := res.Metadata["containerimage.config.digest"].(string); ok {
				c.Index = &record.CacheIndex{Digest: d}
			}
		case c.Type != "registry" && c.Type != "local":
			x, err := cacheindex.Read(ctx, cacheindex.Cache{Type: e.Type, Attrs: maps.Clone(e.Attrs)}, b.request.auth)
			if err == nil {
				c.Index = &record.CacheIndex{Digest: x.Digest.String()}
			}
		}
	}
}

// imageKey is the digest that BuildKit's solver knows an image by, and empty for
// other sources (source/containerimage, mainManifestKey, and solver/llbsolver/ops,
// SourceOp.CacheMap).
func imageKey(v *vertex) digest.Digest {
	scheme, ref, _ := strings.Cut(v.op.GetSource().GetIdentifier(), "://")
	if scheme != "docker-image" && scheme != "oci-layout" {
		return ""
	}
	attrs := v.op.GetSource().GetAttrs()
	_, d, ok := strings.Cut(ref, "@")
	if !ok || attrs[pb.AttrImageLayerLimit]+attrs[pb.AttrOCILayoutLayerLimit] != "" {
		return ""
	}
	p := platforms.DefaultSpec()
	if v.op.Platform != nil {
		p = v.op.Platform.Spec()
	}
	return manifestKey(digest.Digest(d), p)
}

func manifestKey(d digest.Digest, p ocispecs.Platform) digest.Digest {
	dt, err := json.Marshal(struct {
		Digest     digest.Digest
		OS         string
		Arch       string
		Variant    string   `json:",omitempty"`
		OSVersion  string   `json:",omitempty"`
		OSFeatures []string `json:",omitempty"`
	}{d, p.OS, p.Architecture, p.Variant, p.OSVersion, p.OSFeatures})
	if err != nil {
		return ""
	}
	return digest.FromString("buildkit.source.v0:" + digest.FromBytes(dt).String())
}
