package operation

import (
	"cmp"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/buildcontext"
)

// Selectors returns, by input, what an operation reads of it, in the order and
// the form in which BuildKit hashes it (solver/llbsolver/ops: addSelector,
// dedupeSelectors, getMountDeps).
func Selectors(v *Vertex) map[int][]buildcontext.Selector {
	out := map[int][]buildcontext.Selector{}
	switch x := v.Op.Op.(type) {
	case *pb.Op_File:
		for _, a := range x.File.Actions {
			c := a.GetCopy()
			if c == nil || a.SecondaryInput < 0 || int(a.SecondaryInput) >= len(v.Edges) {
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
			if m.Input >= 0 && int(m.Input) < len(v.Edges) {
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

// FilterOf reads what a local source lets through from its attributes.
func FilterOf(attrs map[string]string) buildcontext.Filter {
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
