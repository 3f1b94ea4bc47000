package timing

import (
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// exports is what followed the last operation: writing the image or files,
// pushing it, and beside that the export of caches. Each has a part that it took
// in any case and a share for every operation whose layer was new.
type exports struct {
	image  part
	push   part
	caches []part // in the order of the record's exports
}

// part is one piece of the export.
type part struct {
	span
	lag   float64
	fixed float64   // seconds that it took whatever was new
	share []float64 // seconds by vertex
}

// seconds is what a part takes if the layers of some vertices are new.
func (p *part) seconds(fresh []bool, extra float64) float64 {
	s := p.fixed + extra
	for v, share := range p.share {
		if fresh[v] {
			s += share
		}
	}
	return s
}

func (m *model) newExports() exports {
	var out exports
	ended := m.gate()
	for v := range m.did {
		ended = max(ended, m.ran[v].end)
	}
	for _, f := range m.fetches {
		ended = max(ended, f.end)
	}
	chain := m.chain()
	var image, layers, push, pushed []span
	for _, p := range m.r.Phases {
		s := m.clock.span(p.Start, p.End)
		switch {
		case p.Kind == record.PhaseExport && strings.HasPrefix(p.Name, "exporting layers"):
			layers = append(layers, s)
			image = append(image, s)
		case p.Kind == record.PhaseExport:
			image = append(image, s)
		case p.Kind == record.PhasePush && strings.HasPrefix(p.Name, "pushing layers"):
			pushed = append(pushed, s)
			push = append(push, s)
		case p.Kind == record.PhasePush:
			push = append(push, s)
		}
	}
	out.image = m.newPart(image, union(layers), chain)
	if len(image) == 0 {
		out.image.span = span{ended, ended}
	}
	out.image.lag = max(0, out.image.start-ended)
	out.push = m.newPart(push, union(pushed), chain)
	out.push.lag = max(0, out.push.start-out.image.end)
	for _, c := range m.r.Caches {
		if c.Direction != record.Export {
			continue
		}
		p := m.newCacheExport(c, chain, len(layers) > 0)
		p.lag = max(0, p.start-out.image.end)
		out.caches = append(out.caches, p)
	}
	return out
}

// newPart takes the seconds that new layers took and splits them among the
// vertices that made layers.
func (m *model) newPart(list []span, forLayers float64, makers []bool) part {
	p := part{span: hull(list), share: make([]float64, len(m.did))}
	p.fixed = p.span.seconds()
	p.split(m, forLayers, makers)
	return p
}

// split moves seconds from the fixed part to the vertices that were executed, by
// the sizes of their layers. Where none is known their times stand for them: what
// writes much takes long.
func (p *part) split(m *model, seconds float64, makers []bool) {
	weights, sum := make([]float64, len(m.did)), 0.0
	known, n := 0.0, 0
	for v := range m.did {
		if l := m.r.Vertices[v].Layer; l != nil && m.makes(v) && makers[v] {
			known += float64(l.Bytes)
			n++
		}
	}
	for v := range m.did {
		if !m.makes(v) || !makers[v] {
			continue
		}
		switch l := m.r.Vertices[v].Layer; {
		case l != nil:
			weights[v] = float64(l.Bytes)
		case n > 0:
			weights[v] = known / float64(n)
		default:
			weights[v] = m.work[v]
		}
		sum += weights[v]
	}
	if sum == 0 || seconds <= 0 {
		return
	}
	seconds = min(seconds, p.fixed)
	p.fixed -= seconds
	for v, w := range weights {
		p.share[v] += seconds * w / sum
	}
}

// makes says that a vertex was executed and made a layer.
func (m *model) makes(v int) bool {
	k := m.r.Vertices[v].Kind
	return m.did[v] && (k == record.OpExec || k == record.OpFile)
}

// newCacheExport splits the export of a cache. What it prepares is the layers that
// the image's export did not make; what it writes is all that are new.
func (m *model) newCacheExport(c record.CacheAccess, chain []bool, imageMade bool) part {
	p := part{span: m.clock.span(c.Start, c.Start+c.Seconds), share: make([]float64, len(m.did))}
	p.fixed = p.span.seconds()
	all := make([]bool, len(m.did))
	rest := make([]bool, len(m.did))
	any := false
	for v := range m.did {
		all[v] = c.Mode == "max" || chain[v]
		rest[v] = all[v] && !(imageMade && chain[v])
		any = any || rest[v] && m.makes(v)
	}
	var prepare, write []span
	old := 0.0 // the longest look at a layer that was there
	fresh := map[string]bool{}
	for v := range m.did {
		if l := m.r.Vertices[v].Layer; l != nil && m.makes(v) {
			fresh[l.Digest] = true
		}
	}
	for _, x := range c.Parts {
		s := m.clock.span(x.Start, x.End)
		switch x.Kind {
		case record.PhasePrepare:
			prepare = append(prepare, s)
		case record.PhaseLayer:
			write = append(write, s)
			if len(fresh) > 0 && !fresh[x.Digest] {
				old = max(old, s.seconds())
			}
		}
	}
	if any {
		p.split(m, union(prepare), rest)
	} else {
		p.split(m, union(prepare), all)
	}
	if w := union(write); w > 0 {
		// Layers are written side by side: one that was there may only have waited.
		p.split(m, w-min(old, w/2), all)
	}
	return p
}

// chain tells the vertices whose layers are the image's: those that its last
// operations stand on. What is copied from another stage is read by its content.
func (m *model) chain() []bool {
	in := make([]bool, len(m.did))
	for v := len(in) - 1; v >= 0; v-- {
		if len(m.users[v]) == 0 {
			in[v] = true
		}
		if !in[v] {
			continue
		}
		for _, input := range m.r.Vertices[v].Inputs {
			if !input.ByContent {
				in[input.Vertex] = true
			}
		}
	}
	return in
}
