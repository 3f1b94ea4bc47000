package buildkit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/record"
)

// selectors returns, by input, what an operation reads of it, in the order and
// the form in which BuildKit hashes it (solver/llbsolver/ops: addSelector,
// dedupeSelectors, getMountDeps).
func selectors(v *vertex) map[int][]buildcontext.Selector {
	out := map[int][]buildcontext.Selector{}
	switch x := v.op.Op.(type) {
	case *pb.Op_File:
		for _, a := range x.File.Actions {
			c := a.GetCopy()
			if c == nil || a.SecondaryInput < 0 || int(a.SecondaryInput) >= len(v.inputs) {
				continue
			}
			i := int(a.SecondaryInput)
			out[i] = append(out[i], buildcontext.Selector{
				Path: c.Src, FollowLinks: c.FollowSymlink, Wildcard: c.AllowWildcard && hasWildcard(c.Src),
				IncludePatterns: c.IncludePatterns, ExcludePatterns: c.ExcludePatterns, RequiredPaths: c.RequiredPaths,
			})
		}
		for i, s := range out {
			out[i] = dedupe(s)
		}
	case *pb.Op_Exec:
		paths := map[int][]string{}
		for _, m := range x.Exec.Mounts {
			if m.Input >= 0 && int(m.Input) < len(v.inputs) {
				paths[int(m.Input)] = append(paths[int(m.Input)], path.Join("/", m.Selector))
			}
		}
		for i, list := range paths {
			for _, p := range dedupePaths(list) {
				if p == "/" {
					out[i] = nil
					break
				}
				out[i] = append(out[i], buildcontext.Selector{Path: p, FollowLinks: true})
			}
			if out[i] == nil {
				out[i] = []buildcontext.Selector{}
			}
		}
	}
	return out
}

func hasWildcard(name string) bool {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

func dedupe(in []buildcontext.Selector) []buildcontext.Selector {
	var plain, follow []string
	var out []buildcontext.Selector
	for _, s := range in {
		switch {
		case s.HasWildcardOrFilters():
		case s.FollowLinks:
			follow = append(follow, s.Path)
		default:
			plain = append(plain, s.Path)
		}
	}
	for _, p := range dedupePaths(plain) {
		out = append(out, buildcontext.Selector{Path: p})
	}
	for _, p := range dedupePaths(follow) {
		out = append(out, buildcontext.Selector{Path: p, FollowLinks: true})
	}
	for _, s := range in {
		if s.HasWildcardOrFilters() {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b buildcontext.Selector) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// dedupePaths drops paths below others.
func dedupePaths(in []string) []string {
	if len(in) <= 1 {
		return in
	}
	in = slices.Clone(in)
	slices.Sort(in)
	in = slices.Compact(in)
	return slices.DeleteFunc(slices.Clone(in), func(p string) bool {
		return slices.ContainsFunc(in, func(q string) bool {
			return p != q && strings.HasPrefix(p, strings.TrimSuffix(q, "/")+"/")
		})
	})
}

// source is one local source of the graph: what it gives, and its manifest.
type source struct {
	name     string
	snapshot *buildcontext.Snapshot
	manifest int
}

// snapshots hashes the files of every local source while the daemon builds; done
// says that it has ended. Sources that give the same files share a manifest.
func (l *locals) snapshots(ctx context.Context, g *graph, done <-chan struct{}) (map[int]*source, []string) {
	out := map[int]*source{}
	byFilter := map[string]*source{}
	var warnings []string
	for _, v := range g.vertices {
		s := v.op.GetSource()
		if s == nil {
			continue
		}
		name, ok := strings.CutPrefix(s.Identifier, "local://")
		if !ok || l.trees[name] == nil {
			continue
		}
		f := filterOf(s.Attrs)
		key := fmt.Sprintf("%s %q", name, f)
		if known := byFilter[key]; known != nil {
			out[v.index] = known
			continue
		}
		snap, err := l.trees[name].Snapshot(ctx, f, done)
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("hashing the files of %q: %v", name, err))
			continue
		}
		byFilter[key] = &source{name: name, snapshot: snap, manifest: len(byFilter)}
		out[v.index] = byFilter[key]
	}
	return out, warnings
}

func filterOf(attrs map[string]string) buildcontext.Filter {
	list := func(key string) (out []string) {
		if v := attrs[key]; v != "" {
			json.Unmarshal([]byte(v), &out) // an attribute that BuildKit could not read would have failed the build
		}
		return out
	}
	return buildcontext.Filter{
		FollowPaths:     list(pb.AttrFollowPaths),
		IncludePatterns: list(pb.AttrIncludePatterns),
		ExcludePatterns: list(pb.AttrExcludePatterns),
	}
}

// takes says what an operation reads of its local inputs, and gives BuildKit's
// digest of that by input.
func takes(ctx context.Context, v *vertex, cm *solver.CacheMap, sources map[int]*source, salt record.Salt, showPaths bool) ([]record.Take, map[int]digest.Digest, error) {
	var out []record.Take
	contents := map[int]digest.Digest{}
	sel := selectors(v)
	for i, in := range v.inputs {
		src := sources[in.Vertex.(*vertex).index]
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
			return nil, nil, fmt.Errorf("hashing what %q reads of %q: %w", v.name, src.name, err)
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
