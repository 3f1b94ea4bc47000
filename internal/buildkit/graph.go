package buildkit

import (
	"context"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// graph is the whole build as the frontend made it, for all platforms, each
// operation once. Inputs stand before the operations that use them.
type graph struct {
	vertices []*vertex
	byDigest map[digest.Digest]*vertex
	// dockerfile is the file that the frontend read.
	dockerfile []byte
	filename   string
}

// vertex is one operation. It implements solver.Vertex, which BuildKit's code
// for cache keys asks for.
type vertex struct {
	index       int
	digest      digest.Digest
	op          *pb.Op
	inputs      []solver.Edge
	platform    string
	ignoreCache bool
	name        string
	lines       []lineRange
}

type lineRange struct{ start, end int }

func (v *vertex) Digest() digest.Digest         { return v.digest }
func (v *vertex) Sys() any                      { return v.op }
func (v *vertex) Options() solver.VertexOptions { return solver.VertexOptions{} }
func (v *vertex) Inputs() []solver.Edge         { return v.inputs }
func (v *vertex) Name() string                  { return v.name }

// readGraph takes the definitions out of the frontend's result. The bytes stay
// as they are, so that the digests are those of the status stream. Platform is the
// one that was asked for, if it was only one.
func readGraph(ctx context.Context, res *gateway.Result, filename, platform string) (*graph, error) {
	g := &graph{byDigest: map[digest.Digest]*vertex{}, filename: filename}
	add := func(platform string, ref gateway.Reference) error {
		if ref == nil {
			return nil // scratch
		}
		state, err := ref.ToState()
		if err != nil {
			return fmt.Errorf("reading the build's graph: %w", err)
		}
		def, err := state.Marshal(ctx)
		if err != nil {
			return fmt.Errorf("reading the build's graph: %w", err)
		}
		return g.add(platform, def)
	}
	if err := add(platform, res.Ref); err != nil {
		return nil, err
	}
	ps, err := exptypesPlatforms(res)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		if err := add(p.format, res.Refs[p.id]); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// add reads one platform's definition.
func (g *graph) add(platform string, def *llb.Definition) error {
	var fresh []*vertex
	for _, dt := range def.Def {
		d := digest.FromBytes(dt)
		if g.byDigest[d] != nil {
			continue
		}
		op := &pb.Op{}
		if err := op.UnmarshalVT(dt); err != nil {
			return fmt.Errorf("reading the build's graph: %w", err)
		}
		if op.Op == nil {
			continue // the last one only names the result
		}
		v := &vertex{index: len(g.vertices), digest: d, op: op, platform: platform}
		if p := op.Platform; p != nil {
			v.platform = platforms.Format(platforms.Normalize(p.Spec()))
		}
		if md, ok := def.Metadata[d]; ok {
			v.ignoreCache = md.IgnoreCache
			v.name = md.Description["llb.customname"]
		}
		v.lines = g.locate(def, d)
		g.vertices = append(g.vertices, v)
		g.byDigest[d] = v
		fresh = append(fresh, v)
	}
	for _, v := range fresh {
		for _, in := range v.op.Inputs {
			src := g.byDigest[digest.Digest(in.Digest)]
			if src == nil || src.index >= v.index {
				return fmt.Errorf("reading the build's graph: an operation uses a later one")
			}
			v.inputs = append(v.inputs, solver.Edge{Vertex: src, Index: solver.Index(in.Index)})
		}
		v.inherit()
	}
	return nil
}

// inherit gives a file operation, which does not say for which platform it is, that
// of what it is laid on, and the documents that it takes with it.
func (v *vertex) inherit() {
	f := v.op.GetFile()
	if f == nil || v.op.Platform != nil || len(f.Actions) == 0 {
		return
	}
	base := int(f.Actions[0].Input)
	if base < 0 || base >= len(v.inputs) {
		return
	}
	v.platform = v.inputs[base].Vertex.(*vertex).platform
	for _, in := range v.inputs {
		if from := in.Vertex.(*vertex); from.op.GetFile() != nil && len(from.inputs)+len(from.lines) == 0 {
			from.platform = v.platform
		}
	}
}

// locate returns the lines of the Dockerfile that made the operation.
func (g *graph) locate(def *llb.Definition, d digest.Digest) []lineRange {
	if def.Source == nil {
		return nil
	}
	locs := def.Source.Locations[d.String()]
	if locs == nil {
		return nil
	}
	var out []lineRange
	for _, l := range locs.Locations {
		if int(l.SourceIndex) >= len(def.Source.Infos) {
			continue
		}
		info := def.Source.Infos[l.SourceIndex]
		if g.dockerfile == nil && info.Filename == g.filename {
			g.dockerfile = info.Data
		}
		if info.Filename != g.filename || len(l.Ranges) == 0 {
			continue
		}
		r := lineRange{start: int(l.Ranges[0].Start.Line), end: int(l.Ranges[0].End.Line)}
		for _, x := range l.Ranges {
			r.start, r.end = min(r.start, int(x.Start.Line)), max(r.end, int(x.End.Line))
		}
		out = append(out, r)
	}
	return out
}
