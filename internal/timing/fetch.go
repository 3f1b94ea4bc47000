package timing

import (
	"cmp"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// fetch is the download of layers that were there already: of base images, and
// of hits.
type fetch struct {
	span
	lag float64
	// users are the executed vertices that it was for, the first to be ready first;
	// none if it was for the export.
	users []int
	// sources are the base images that it pulled; none if it is layers of hits.
	sources []int
	hits    []int
}

// assign finds for whom layers were downloaded: the executed vertices that stand
// on them and started when they were there.
func (m *model) assign(downloads [][]span) {
	gate, order, standing := m.gate(), m.byStart(), m.standing(m.did)
	type purpose struct {
		first int // the vertex that it was for first; -1 is the export
		pull  bool
	}
	found := map[purpose]*fetch{}
	for i, list := range downloads {
		source := m.r.Vertices[i].Source != nil
		var users []int
		if len(list) > 0 {
			users = slices.Clone(standing[i])
			slices.SortFunc(users, func(a, b int) int { return cmp.Compare(order[a], order[b]) })
		}
		for _, s := range list {
			if source && s.end <= gate+touch {
				continue // it asked for the image's name, no more
			}
			at, whom := -1, users
			for n, u := range users {
				if m.ran[u].start >= s.end-touch {
					at, whom = u, users[n:]
					break
				}
			}
			if at < 0 {
				if s.seconds() < touch {
					continue
				}
				whom = nil
			}
			f := found[purpose{at, source}]
			if f == nil {
				f = &fetch{span: s}
				found[purpose{at, source}] = f
			}
			f.span = hull([]span{f.span, s})
			f.users = append(f.users, whom...)
			if source {
				f.sources = append(f.sources, i)
			} else {
				f.hits = append(f.hits, i)
			}
		}
	}
	for _, f := range found {
		slices.SortFunc(f.users, func(a, b int) int { return cmp.Compare(order[a], order[b]) })
		f.users = slices.Compact(f.users)
		f.sources, f.hits = slices.Compact(f.sources), slices.Compact(f.hits)
		m.fetches = append(m.fetches, *f)
	}
	slices.SortFunc(m.fetches, func(a, b fetch) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), slices.Compare(a.users, b.users))
	})
	for n, f := range m.fetches {
		for _, u := range f.users {
			m.needs[u] = append(m.needs[u], n)
		}
	}
	m.speed(downloads)
}

// speed finds how fast layers come from where caches are, and whether they would
// have to: a builder that has its base images and loads no hit has them all.
func (m *model) speed(downloads [][]span) {
	const enough = 1 << 20 // bytes; less is mostly waiting for answers
	var bytes int64
	var took []span
	imports := false
	for _, c := range m.r.Caches {
		imports = imports || c.Direction == record.Import
	}
	for i, v := range m.r.Vertices {
		if len(downloads[i]) == 0 || v.Bytes == 0 {
			continue
		}
		m.fresh = m.fresh || imports
		bytes += v.Bytes
	}
	for _, f := range m.fetches {
		took = append(took, f.span)
	}
	if seconds := union(took); bytes >= enough && seconds > 0 {
		m.down = float64(bytes) / seconds
	}
	// What is written goes the same way. The faster of the two waited less.
	bytes, took = 0, nil
	for _, c := range m.r.Caches {
		for _, p := range c.Parts {
			if c.Direction == record.Export && p.Kind == record.PhaseLayer && p.Bytes > 0 {
				bytes += p.Bytes
				took = append(took, m.clock.span(p.Start, p.End))
			}
		}
	}
	if seconds := union(took); bytes >= enough && seconds > 0 {
		m.down = max(m.down, float64(bytes)/seconds)
	}
}

// byStart ranks the executed vertices by when they started.
func (m *model) byStart() []int {
	var list []int
	for i, did := range m.did {
		if did {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(m.ran[a].start, m.ran[b].start) })
	rank := make([]int, len(m.did))
	for n, i := range list {
		rank[i] = n
	}
	return rank
}

// standing lists, for every vertex, the executed ones that need its result: those
// that use it, or a hit that is a layer on top of it. What a hit only copied from it
// is in the hit's own layer. Where only one hit stands on a vertex the two have the
// same list.
func (m *model) standing(did []bool) [][]int {
	all := make([][]int, len(did))
	for i := len(all) - 1; i >= 0; i-- {
		var own []int
		shared := -1
		for _, u := range m.users[i] {
			switch {
			case did[u]:
				own = append(own, u)
			case !m.onTop(u, i):
			case shared < 0 && len(own) == 0:
				shared = u
				all[i] = all[u]
				continue
			default:
				own = append(own, all[u]...)
			}
		}
		if len(own) > 0 {
			if shared >= 0 {
				own = append(own, all[shared]...)
			}
			slices.Sort(own)
			all[i] = slices.Compact(own)
		}
	}
	return all
}

// onTop says that a vertex's result holds the layers of an input.
func (m *model) onTop(v, input int) bool {
	return slices.ContainsFunc(m.r.Vertices[v].Inputs, func(in record.Input) bool {
		return in.Vertex == input && !in.ByContent
	})
}

// through lists the inputs of an executed vertex by which it stands on any of some
// vertices, and says whether it reads the content of all these inputs.
func (m *model) through(v int, on []int, did []bool) (inputs []int, content bool) {
	content = true
	for _, in := range m.r.Vertices[v].Inputs {
		seen := map[int]bool{}
		for todo := []int{in.Vertex}; len(todo) > 0; {
			at := todo[0]
			todo = todo[1:]
			if seen[at] || did[at] {
				continue
			}
			seen[at] = true
			if slices.Contains(on, at) {
				inputs = append(inputs, in.Vertex)
				content = content && in.ByContent
				break
			}
			for _, below := range m.r.Vertices[at].Inputs {
				if !below.ByContent {
					todo = append(todo, below.Vertex)
				}
			}
		}
	}
	return inputs, content && len(inputs) > 0
}
