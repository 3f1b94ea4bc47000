package operation

import (
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
)

// Graph is the whole build as the frontend made it, for all platforms, each
// operation once. Inputs stand before the operations that use them.
type Graph struct {
	Vertices []*Vertex
	ByDigest map[digest.Digest]*Vertex
	// Dockerfile is the file that the frontend read; nil if the definition has none
	// of that name.
	Dockerfile []byte

	filename string
}

// Vertex is one operation. It implements solver.Vertex, which BuildKit's code
// for cache keys asks for.
type Vertex struct {
	Index       int
	ID          digest.Digest
	Op          *pb.Op
	Edges       []solver.Edge
	Platform    string
	IgnoreCache bool
	Label       string
	Lines       []Lines
}

// Lines are the first and the last of some lines of the Dockerfile; the first of the
// file is 1.
type Lines struct{ Start, End int }

// Digest implements solver.Vertex.
func (v *Vertex) Digest() digest.Digest { return v.ID }

// Sys implements solver.Vertex.
func (v *Vertex) Sys() any { return v.Op }

// Options implements solver.Vertex.
func (v *Vertex) Options() solver.VertexOptions { return solver.VertexOptions{} }

// Inputs implements solver.Vertex.
func (v *Vertex) Inputs() []solver.Edge { return v.Edges }

// Name implements solver.Vertex.
func (v *Vertex) Name() string { return v.Label }

// Input is the operation that the input with the number i comes from.
func (v *Vertex) Input(i int) *Vertex { return v.Edges[i].Vertex.(*Vertex) }

// Helper says that the operation says nothing of its step's own work as long as
// there is other: a merge only puts layers on top of each other, and what has no
// lines of its own, as the document of a heredoc, is made again to look its COPY up.
func (v *Vertex) Helper() bool {
	return v.Op.GetMerge() != nil || v.Op.GetDiff() != nil || len(v.Lines) == 0
}

// New returns an empty graph of the Dockerfile that the frontend knows by that name.
func New(filename string) *Graph {
	return &Graph{ByDigest: map[digest.Digest]*Vertex{}, filename: filename}
}

// Add reads one platform's definition. The bytes of the operations stay as they
// are, so that the digests are those of the status stream.
func (g *Graph) Add(platform string, def *llb.Definition) error {
	var fresh []*Vertex
	for _, dt := range def.Def {
		d := digest.FromBytes(dt)
		if g.ByDigest[d] != nil {
			continue
		}
		op := &pb.Op{}
		if err := op.UnmarshalVT(dt); err != nil {
			return fmt.Errorf("reading the build's graph: %w", err)
		}
		if op.Op == nil {
			continue // the last one only names the result
		}
		v := &Vertex{Index: len(g.Vertices), ID: d, Op: op, Platform: platform}
		if p := op.Platform; p != nil {
			v.Platform = platforms.Format(platforms.Normalize(p.Spec()))
		}
		if md, ok := def.Metadata[d]; ok {
			v.IgnoreCache = md.IgnoreCache
			v.Label = md.Description["llb.customname"]
		}
		v.Lines = g.locate(def, d)
		g.Vertices = append(g.Vertices, v)
		g.ByDigest[d] = v
		fresh = append(fresh, v)
	}
	for _, v := range fresh {
		for _, in := range v.Op.Inputs {
			src := g.ByDigest[digest.Digest(in.Digest)]
			if src == nil || src.Index >= v.Index {
				return fmt.Errorf("reading the build's graph: an operation uses a later one")
			}
			v.Edges = append(v.Edges, solver.Edge{Vertex: src, Index: solver.Index(in.Index)})
		}
		v.inherit()
	}
	return nil
}

// inherit gives a file operation, which does not say for which platform it is, that
// of what it is laid on, and the documents that it takes with it.
func (v *Vertex) inherit() {
	f := v.Op.GetFile()
	if f == nil || v.Op.Platform != nil || len(f.Actions) == 0 {
		return
	}
	base := int(f.Actions[0].Input)
	if base < 0 || base >= len(v.Edges) {
		return
	}
	v.Platform = v.Input(base).Platform
	for i := range v.Edges {
		if from := v.Input(i); from.Op.GetFile() != nil && len(from.Edges)+len(from.Lines) == 0 {
			from.Platform = v.Platform
		}
	}
}

// locate returns the lines of the Dockerfile that made the operation.
func (g *Graph) locate(def *llb.Definition, d digest.Digest) []Lines {
	if def.Source == nil {
		return nil
	}
	locs := def.Source.Locations[d.String()]
	if locs == nil {
		return nil
	}
	var out []Lines
	for _, l := range locs.Locations {
		if int(l.SourceIndex) >= len(def.Source.Infos) {
			continue
		}
		info := def.Source.Infos[l.SourceIndex]
		if g.Dockerfile == nil && info.Filename == g.filename {
			g.Dockerfile = info.Data
		}
		if info.Filename != g.filename || len(l.Ranges) == 0 {
			continue
		}
		r := Lines{int(l.Ranges[0].Start.Line), int(l.Ranges[0].End.Line)}
		for _, x := range l.Ranges {
			r.Start, r.End = min(r.Start, int(x.Start.Line)), max(r.End, int(x.End.Line))
		}
		out = append(out, r)
	}
	return out
}
