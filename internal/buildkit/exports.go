package buildkit

import (
	"context"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/record"
)

// readExports reads the indexes that the build wrote: what the caches hold now,
// and what of it is new. Where BuildKit did not say what the index is called it is
// named here: an inline cache lies in the image's config. Before are the indexes
// that the exports overwrote.
func (b *Build) readExports(ctx context.Context, a *assembly, res *Result, before []indexRead) {
	ctx, cancel := context.WithTimeout(ctx, indexGrace)
	defer cancel()
	exports := b.request.exports
	read := make([]indexRead, len(exports))
	var accesses []*record.CacheAccess
	for i := range res.Record.Caches {
		if c := &res.Record.Caches[i]; c.Direction == record.Export {
			accesses = append(accesses, c)
		}
	}
	var work sync.WaitGroup
	for i, c := range accesses {
		switch {
		case c.Error != "":
		case c.Type == "inline":
			if d, ok := res.Metadata["containerimage.config.digest"].(string); ok {
				c.Index = &record.CacheIndex{Digest: d}
			}
		default:
			work.Go(func() { read[i] = readIndex(ctx, cacheOf(exports[i]), b.request.auth) })
		}
	}
	work.Wait()
	for i, c := range accesses {
		x := read[i].index
		if x == nil || c.Index != nil && c.Index.Digest != x.Digest.String() {
			continue // or another build has written there in the meantime
		}
		c.Index = &record.CacheIndex{Digest: x.Digest.String()}
		describeExport(c, x, before[i], res.Record.StartedAt)
		if a != nil {
			_, layers := x.Find(a.keys)
			a.layers(x, layers)
		}
	}
}

// describeExport fills in the sizes of what an export wrote. A service is sent only
// the layers that it lacks, and these are told; to a registry or a folder each one
// is said to be written, so that what was listed there before has to be known.
func describeExport(c *record.CacheAccess, x *cacheindex.Index, before indexRead, started time.Time) {
	c.Size = x.Size()
	written := map[digest.Digest]bool{}
	overwritten := c.Start
	for i := range c.Parts {
		p := &c.Parts[i]
		overwritten = max(overwritten, p.Start) // the last one puts the index in place
		if p.Kind == record.PhaseLayer {
			written[digest.Digest(p.Digest)] = true
		}
	}
	old := before.index
	// What was read as late as this may be what the export wrote.
	if old != nil && old.Digest == x.Digest && before.at.Sub(started).Seconds() > overwritten {
		old = nil
	}
	sent := map[digest.Digest]int64{}
	for d, size := range x.Sizes {
		if c.Type == "registry" || c.Type == "local" {
			if old != nil {
				if _, listed := old.Sizes[d]; listed {
					continue
				}
			}
		} else if !written[d] {
			continue
		}
		sent[d] = size
		c.Bytes = plus(c.Bytes, size)
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Kind == record.PhaseLayer {
			p.Bytes = sent[digest.Digest(p.Digest)]
		}
	}
}
