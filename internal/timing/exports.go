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
	// shared is the export of a cache that goes where the image is pushed, at the
	// same time: the two have one line. -1 is none.
	shared int
	// beside is which part of the shorter of the two transfers ran beside the other.
	beside float64
}

// part is one piece of the export.
type part struct {
	span
	lag   float64
	fixed float64 // seconds that it took whatever ran
	// made and sent are seconds by vertex: for making the layer of what ran, and for
	// sending it if it was new to where it went.
	made, sent []float64
}

// seconds is what a part takes in a course.
func (p *part) seconds(m *model, c course) float64 {
	s := p.fixed + p.sending(m, c)
	for v, did := range c.did {
		if did {
			s += p.made[v]
		}
	}
	return s
}

// sending is the part of it that goes over a line.
func (p *part) sending(m *model, c course) (s float64) {
	for v, did := range c.did {
		if did && p.sent[v] > 0 && !m.same(v, c.did) {
			s += p.sent[v]
		}
	}
	return s
}

// same says that a vertex that ran made the layer that it made before: it copies
// from what did not run, and its layer holds nothing else.
func (m *model) same(v int, did []bool) bool {
	copied := false
	for _, in := range m.r.Vertices[v].Inputs {
		if in.ByContent {
			if did[in.Vertex] {
				return false
			}
			copied = true
		}
	}
	return copied && m.r.Vertices[v].Kind == record.OpFile
}

func (m *model) newSplit(s span) part {
	n := len(m.did)
	return part{span: s, fixed: s.seconds(), made: make([]float64, n), sent: make([]float64, n)}
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
	pushedTo := ""
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
			if ref, ok := strings.CutPrefix(p.Name, "pushing manifest for "); ok {
				pushedTo = host(ref)
			}
		}
	}
	inChain := func(v int) bool { return chain[v] }
	out.image = m.newSplit(hull(image))
	if len(image) == 0 {
		out.image.span = span{ended, ended}
	}
	out.image.lag = max(0, out.image.start-ended)
	out.image.split(m, union(layers), out.image.made, inChain, m.makes)
	out.push = m.newSplit(hull(push))
	out.push.lag = max(0, out.push.start-out.image.end)
	sent := m.sentLayers()
	out.shared = -1
	out.push.split(m, union(pushed), out.push.sent, inChain, func(v int) bool { return m.isNew(v, sent) })
	for _, c := range m.r.Caches {
		if c.Direction != record.Export {
			continue
		}
		p := m.newCacheExport(c, chain, len(layers) > 0)
		p.lag = max(0, p.start-out.image.end)
		out.caches = append(out.caches, p)
		if c.Type == "registry" && host(c.Ref) == pushedTo {
			out.shared = len(out.caches) - 1
			out.share(m, overlap(hull(pushed), hull(m.writes(c))))
		}
	}
	return out
}

// host is the registry of a reference.
func host(ref string) string {
	h, _, _ := strings.Cut(ref, "/")
	return h
}

// share makes the times of two transfers that went over one line those that each
// had taken alone: for as long as they ran beside each other both went at half
// their speed.
func (o *exports) share(m *model, both float64) {
	p, c := &o.push, &o.caches[o.shared]
	a, b := p.sending(m, m.observed()), c.sending(m, m.observed())
	if both = min(both, a, b); both == 0 {
		return
	}
	scale(p.sent, 1-both/2/a)
	scale(c.sent, 1-both/2/b)
	o.beside = min(1, both/2/(min(a, b)-both/2))
}

func scale(list []float64, by float64) {
	for i := range list {
		list[i] *= by
	}
}

// waits is what the push and the export that shares its line take longer in a
// course in which both happen.
func (o *exports) waits(m *model, c course) float64 {
	if o.shared < 0 || !c.cacheExports {
		return 0
	}
	return o.beside * min(o.push.sending(m, c), o.caches[o.shared].sending(m, c))
}

// split takes seconds from the fixed part and gives them to vertices that were
// executed, by the sizes of their layers. Where none is known their times stand
// for them: what writes much takes long. May are those whose layers belong there,
// fresh those whose layers were new; what made the same layer as before gets what a
// new one would have taken.
func (p *part) split(m *model, seconds float64, to []float64, may, fresh func(v int) bool) {
	known, n := 0.0, 0
	for v := range m.did {
		if l := m.r.Vertices[v].Layer; l != nil && m.makes(v) && may(v) && fresh(v) {
			known += float64(l.Bytes)
			n++
		}
	}
	weight := func(v int) float64 {
		switch l := m.r.Vertices[v].Layer; {
		case n > 0 && l != nil:
			return float64(l.Bytes)
		case n > 0:
			return known / float64(n)
		}
		return m.work[v]
	}
	sum, makers := 0.0, 0.0
	for v := range m.did {
		if m.makes(v) && may(v) && fresh(v) {
			sum += weight(v)
			makers++
		}
	}
	if sum == 0 || seconds <= 0 {
		return
	}
	seconds = min(seconds, p.fixed)
	p.fixed -= seconds
	for v := range m.did {
		switch {
		case !m.makes(v) || !may(v):
		case fresh(v):
			to[v] += seconds * weight(v) / sum
		case m.same(v, m.did) && n > 0:
			to[v] += seconds * weight(v) / sum
		case m.same(v, m.did):
			to[v] += seconds / makers // its time tells nothing of what others wrote
		}
	}
}

// makes says that a vertex was executed and made a layer.
func (m *model) makes(v int) bool {
	k := m.r.Vertices[v].Kind
	return m.did[v] && (k == record.OpExec || k == record.OpFile)
}

// sentLayers are the layers that were uploaded to caches, or nil if no index tells.
func (m *model) sentLayers() map[string]bool {
	var sent map[string]bool
	for _, c := range m.r.Caches {
		if c.Direction != record.Export || c.Size == 0 {
			continue
		}
		if sent == nil {
			sent = map[string]bool{}
		}
		for _, p := range c.Parts {
			if p.Kind == record.PhaseLayer && p.Bytes > 0 {
				sent[p.Digest] = true
			}
		}
	}
	return sent
}

// isNew says that the layer of an executed vertex had to be sent.
func (m *model) isNew(v int, sent map[string]bool) bool {
	if l := m.r.Vertices[v].Layer; l != nil && sent != nil {
		return sent[l.Digest]
	}
	return !m.same(v, m.did)
}

// newCacheExport splits the export of a cache. What it prepares is the layers that
// the image's export did not make; what it writes is all that are new.
func (m *model) newCacheExport(c record.CacheAccess, chain []bool, imageMade bool) part {
	p := m.newSplit(m.clock.span(c.Start, c.Start+c.Seconds))
	all := func(v int) bool { return c.Mode == "max" || chain[v] }
	rest := func(v int) bool { return all(v) && !(imageMade && chain[v]) }
	any := false
	for v := range m.did {
		any = any || rest(v) && m.makes(v)
	}
	var prepare []span
	old := 0.0 // the longest look at a layer that was there
	for _, x := range c.Parts {
		s := m.clock.span(x.Start, x.End)
		switch {
		case x.Kind == record.PhasePrepare:
			prepare = append(prepare, s)
		case x.Kind == record.PhaseLayer && x.Bytes == 0:
			old = max(old, s.seconds())
		}
	}
	if any {
		p.split(m, union(prepare), p.made, rest, m.makes)
	} else {
		p.split(m, union(prepare), p.made, all, m.makes)
	}
	if w := union(m.writes(c)); w > 0 {
		sent := m.sentLayers()
		// Layers are written side by side: one that was there may only have waited.
		p.split(m, w-min(old, w/2), p.sent, all, func(v int) bool { return m.isNew(v, sent) })
	}
	return p
}

// writes are the spans in which layers were written to a cache.
func (m *model) writes(c record.CacheAccess) []span {
	var out []span
	for _, x := range c.Parts {
		if x.Kind == record.PhaseLayer {
			out = append(out, m.clock.span(x.Start, x.End))
		}
	}
	return out
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
