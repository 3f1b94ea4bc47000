package buildkit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// How long the index of a cache is waited for: beside the build, and once it has
// ended. A cache that answers slower is one whose index is not known.
const (
	indexTimeout = 20 * time.Second
	indexGrace   = 2 * time.Second
)

// indexes reads the indexes of the caches beside the build, before the build's own
// export overwrites them.
type indexes struct {
	work sync.WaitGroup
	stop context.CancelFunc
	// read are those of the imports, and before those that the exports overwrite;
	// these are only read where that is one cheap look.
	read, before []indexRead
	// same is for each export the import of the same cache, or -1.
	same []int
}

type indexRead struct {
	index *cacheindex.Index
	err   error
	at    time.Time
}

// errNotRead says that nobody looked.
var errNotRead = errors.New("its index was not read")

func (x *indexes) start(ctx context.Context, imports, exports []client.CacheOptionsEntry, auth cacheindex.Credentials) {
	ctx, x.stop = context.WithTimeout(ctx, indexTimeout)
	x.read, x.before, x.same = make([]indexRead, len(imports)), make([]indexRead, len(exports)), make([]int, len(exports))
	for i, c := range imports {
		cache := cacheOf(c)
		x.work.Go(func() { x.read[i] = readIndex(ctx, cache, auth) })
	}
	for i, c := range exports {
		x.same[i] = slices.IndexFunc(imports, func(in client.CacheOptionsEntry) bool { return sameCache(in, c) })
		switch cache := cacheOf(c); {
		case c.Type != "registry" && c.Type != "local":
			x.before[i].err = errNotRead
		case x.same[i] < 0:
			x.work.Go(func() { x.before[i] = readIndex(ctx, cache, auth) })
		}
	}
}

// wait gives what has not been read yet a last moment.
func (x *indexes) wait() (read, before []indexRead) {
	timer := time.AfterFunc(indexGrace, x.stop)
	x.work.Wait()
	timer.Stop()
	x.stop()
	for i, in := range x.same {
		if in >= 0 {
			x.before[i] = x.read[in]
		}
	}
	return x.read, x.before
}

// cacheOf is where the index of an imported or exported cache is read. BuildKit's
// client writes into the attributes while it builds.
func cacheOf(c client.CacheOptionsEntry) cacheindex.Cache {
	out := cacheindex.Cache{Type: c.Type, Attrs: maps.Clone(c.Attrs)}
	if dest, ok := c.Attrs["dest"]; ok && c.Type == "local" {
		out.Attrs["src"] = dest
	}
	return out
}

func readIndex(ctx context.Context, c cacheindex.Cache, auth cacheindex.Credentials) (out indexRead) {
	defer func() {
		if recover() != nil {
			out = indexRead{err: errors.New("its index could not be read")}
		}
		out.at = time.Now()
	}()
	out.index, out.err = cacheindex.Read(ctx, c, auth)
	return out
}

// sameCache says that an import reads what an export writes.
func sameCache(in, out client.CacheOptionsEntry) bool {
	if in.Type != out.Type {
		return false
	}
	switch in.Type {
	case "registry":
		return sameRef(in.Attrs["ref"], out.Attrs["ref"])
	case "local":
		return in.Attrs["digest"] == "" && in.Attrs["tag"] == out.Attrs["tag"] &&
			filepath.Clean(in.Attrs["src"]) == filepath.Clean(out.Attrs["dest"])
	}
	return false
}

// lookUp writes down what the imported caches held of the build's operations, and
// what was downloaded from them.
func (a *assembly) lookUp(read []indexRead, caches []record.CacheAccess, downloads map[string]download) {
	imports := 0
	taken := map[string]bool{}
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
			for layer, d := range downloads {
				if _, listed := r.index.Sizes[digest.Digest(layer)]; listed && !taken[layer] && !a.isImage(d.vertex) {
					taken[layer] = true
					c.Bytes = plus(c.Bytes, d.bytes)
				}
			}
			if a == nil {
				continue
			}
			presences, layers := r.index.Find(a.keys)
			a.layers(r.index, layers)
			for v, p := range presences {
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

// isImage says that a vertex is an image, whose layers come from where it lies.
func (a *assembly) isImage(d digest.Digest) bool {
	if a == nil || a.graph.ByDigest[d] == nil {
		return false
	}
	s := a.vertices[a.graph.ByDigest[d].Index].Source
	return s != nil && s.Kind == record.SourceImage
}

// layers writes down which layers results are kept as, where that is not known yet.
func (a *assembly) layers(x *cacheindex.Index, layers []digest.Digest) {
	for i, d := range layers {
		if size, ok := x.Sizes[d]; ok && a.vertices[i].Layer == nil {
			a.vertices[i].Layer = &record.Layer{Digest: d.String(), Bytes: size}
		}
	}
}

// imageKey is the digest that BuildKit's solver knows an image by, and empty for
// other sources (source/containerimage, mainManifestKey, and solver/llbsolver/ops,
// SourceOp.CacheMap).
func imageKey(v *operation.Vertex) digest.Digest {
	scheme, ref, _ := strings.Cut(v.Op.GetSource().GetIdentifier(), "://")
	if scheme != "docker-image" && scheme != "oci-layout" {
		return ""
	}
	attrs := v.Op.GetSource().GetAttrs()
	_, d, ok := strings.Cut(ref, "@")
	if !ok || attrs[pb.AttrImageLayerLimit]+attrs[pb.AttrOCILayoutLayerLimit] != "" {
		return ""
	}
	p := platforms.DefaultSpec()
	if v.Op.Platform != nil {
		p = v.Op.Platform.Spec()
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
