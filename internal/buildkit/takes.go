package buildkit

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/moby/buildkit/solver"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// source is one local source of the graph: what it gives, and its manifest.
type source struct {
	name     string
	snapshot *buildcontext.Snapshot
	manifest int
}

// snapshots hashes the files of every local source while the daemon builds; done
// says that it has ended. Sources that give the same files share a manifest.
func (l *locals) snapshots(ctx context.Context, g *operation.Graph, done <-chan struct{}) (map[int]*source, []string) {
	out := map[int]*source{}
	byFilter := map[string]*source{}
	var warnings []string
	for _, v := range g.Vertices {
		s := v.Op.GetSource()
		if s == nil {
			continue
		}
		name, ok := strings.CutPrefix(s.Identifier, "local://")
		if !ok || l.trees[name] == nil {
			continue
		}
		f := operation.FilterOf(s.Attrs)
		key := fmt.Sprintf("%s %q", name, f)
		if known := byFilter[key]; known != nil {
			out[v.Index] = known
			continue
		}
		snap, err := l.trees[name].Snapshot(ctx, f, done)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("hashing the files of %q: %v", name, err))
			continue
		}
		byFilter[key] = &source{name: name, snapshot: snap, manifest: len(byFilter)}
		out[v.Index] = byFilter[key]
	}
	return out, warnings
}

// takes says what an operation reads of its local inputs, and gives BuildKit's
// digest of that by input.
func takes(ctx context.Context, v *operation.Vertex, cm *solver.CacheMap, sources map[int]*source, salt record.Salt, showPaths bool) ([]record.Take, map[int]digest.Digest, error) {
	var out []record.Take
	contents := map[int]digest.Digest{}
	sel := operation.Selectors(v)
	for i := range v.Edges {
		src := sources[v.Input(i).Index]
		if src == nil || cm == nil || i >= len(cm.Deps) {
			continue
		}
		t := record.Take{Manifest: src.manifest, Input: i}
		list := sel[i]
		if cm.Deps[i].ComputeDigestFunc == nil || len(list) == 0 {
			list = []buildcontext.Selector{{}}
		}
		sum, err := src.snapshot.Checksum(ctx, list)
		if err != nil {
			return nil, nil, fmt.Errorf("hashing what %q reads of %q: %w", v.Label, src.name, err)
		}
		contents[i] = sum
		t.Digest = salt.Digest("content", sum.String())
		for _, s := range list {
			ranges, err := src.snapshot.Select(s)
			if err != nil {
				return nil, nil, err
			}
			t.Files = append(t.Files, ranges...)
			if showPaths {
				t.Paths = append(t.Paths, strings.TrimPrefix(path.Join("/", s.Path), "/"))
			}
		}
		t.Files = buildcontext.MergeRanges(t.Files)
		out = append(out, t)
	}
	return out, contents, nil
}
