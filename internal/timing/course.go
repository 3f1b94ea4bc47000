package timing

import (
	"cmp"
	"slices"
)

// course is one way that the build could have gone.
type course struct {
	did         []bool    // by vertex
	work, cores []float64 // by vertex, of those that were executed
	// export is what the layers of vertices add to the image's export, where that
	// was not seen in this build.
	export float64
	// pulls are seconds that image sources take that were not pulled this time.
	pulls []float64
	// Caches are imported and exported, and layers of hits downloaded.
	imports, cacheExports, downloads bool
	// gone says that vertices are hits that were none; their layers may have to be
	// downloaded.
	gone []bool
}

// observed is the course that the build took.
func (m *model) observed() course {
	return course{
		did: m.did, work: m.work, cores: m.cores, imports: true, cacheExports: true, downloads: true,
	}
}

// wall is what a course takes, in seconds.
func (m *model) wall(c course) float64 {
	tasks, _ := m.tasks(c)
	return simulate(tasks, m.on).wall
}

// places are the indexes of a course's tasks.
type places struct {
	setup   int
	imports []int
	vertex  []int
	fetch   []int         // -1 if it is not needed
	more    map[int][]int // by the vertex that needs more layers than it did
	image   int
	push    int
	caches  []int
}

// tasks makes the tasks of a course.
func (m *model) tasks(c course) ([]task, places) {
	n := len(m.did)
	at := places{vertex: make([]int, n), fetch: make([]int, len(m.fetches)), more: map[int][]int{}}
	tasks := make([]task, 0, n+len(m.fetches)+8)
	add := func(t task) int {
		tasks = append(tasks, t)
		return len(tasks) - 1
	}
	at.setup = add(task{work: m.setup})
	opened := []int{at.setup}
	if c.imports {
		for _, a := range m.imports {
			at.imports = append(at.imports, add(task{deps: []int{at.setup}, lag: a.lag, work: a.seconds()}))
		}
		if len(at.imports) > 0 {
			opened = at.imports
		}
	}
	pull := map[int]int{}
	loaded := make([]bool, n) // gone vertices whose layers were counted
	var sinks []int
	for v := range n {
		deps := slices.Clone(opened)
		if m.early[v] {
			deps = []int{at.setup}
		}
		for _, in := range m.r.Vertices[v].Inputs {
			deps = append(deps, at.vertex[in.Vertex])
		}
		if !c.did[v] {
			at.vertex[v] = add(task{deps: deps})
			continue
		}
		for _, in := range m.r.Vertices[v].Inputs {
			if c.pulls == nil || c.pulls[in.Vertex] == 0 {
				continue
			}
			if _, ok := pull[in.Vertex]; !ok {
				pull[in.Vertex] = add(task{deps: slices.Clone(opened), work: c.pulls[in.Vertex]})
			}
			deps = append(deps, pull[in.Vertex])
		}
		for _, in := range m.r.Vertices[v].Inputs {
			if more := m.more(c, in.Vertex, loaded); more > 0 {
				needs := slices.Clone(deps)
				if in.ByContent {
					needs = append(slices.Clone(opened), at.vertex[in.Vertex])
				}
				at.more[v] = append(at.more[v], add(task{deps: needs, work: more}))
			}
		}
		deps = append(deps, at.more[v]...)
		t := task{deps: deps, work: c.work[v], cores: c.cores[v], slot: m.slotted(v)}
		if m.did[v] {
			t.lag = m.lag[v]
		}
		at.vertex[v] = add(t)
	}
	m.addFetches(c, &at, &tasks, opened)
	for v := range n {
		if len(m.users[v]) == 0 {
			sinks = append(sinks, at.vertex[v])
		}
	}
	if len(sinks) == 0 {
		sinks = opened
	}
	for f, fe := range m.fetches {
		if len(fe.users) == 0 && (c.downloads || len(fe.sources) > 0) {
			at.fetch[f] = add(task{deps: slices.Clone(sinks), lag: 0, work: fe.seconds()})
			sinks = append(sinks, at.fetch[f])
		}
	}
	o := &m.out
	waits := o.waits(m, c)
	at.image = add(task{deps: sinks, lag: o.image.lag, work: o.image.seconds(m, c) + c.export})
	at.push = add(task{deps: []int{at.image}, lag: o.push.lag, work: o.push.seconds(m, c) + waits})
	if c.cacheExports {
		for i := range o.caches {
			p := &o.caches[i]
			t := task{deps: []int{at.image}, lag: p.lag, work: p.seconds(m, c)}
			if i == o.shared {
				t.work += waits
			}
			at.caches = append(at.caches, add(t))
		}
	}
	return tasks, at
}

// addFetches adds the downloads that some executed vertex needs. One starts when
// the inputs of the first to need it are there, or at once if that reads their
// content to be looked up, and all that need it wait for it.
func (m *model) addFetches(c course, at *places, tasks *[]task, opened []int) {
	var standing [][]int
	// A builder with a store of its own would have had what a gone user needed.
	if c.gone != nil && m.fresh && len(m.fetches) > 0 {
		standing = m.standing(c.did)
	}
	for f, fe := range m.fetches {
		at.fetch[f] = -1
		if len(fe.sources) == 0 && !c.downloads {
			continue
		}
		for _, u := range m.inheritors(c, fe.users, standing) {
			t := &(*tasks)[at.vertex[u]]
			if at.fetch[f] < 0 {
				at.fetch[f] = len(*tasks)
				deps := slices.Clone(t.deps)
				if inputs, content := m.through(u, slices.Concat(fe.sources, fe.hits), c.did); content {
					deps = append(slices.Clone(opened), at.more[u]...)
					for _, i := range inputs {
						deps = append(deps, at.vertex[i])
					}
				}
				*tasks = append(*tasks, task{deps: deps, lag: fe.lag, work: fe.seconds()})
				t = &(*tasks)[at.vertex[u]]
			}
			t.deps = append(t.deps, at.fetch[f])
		}
	}
}

// inheritors are who needs a download in a course: its users, and of one that hits
// now those that run and stand on it, if it is known who does.
func (m *model) inheritors(c course, users []int, standing [][]int) []int {
	var out []int
	for _, u := range users {
		switch {
		case c.did[u]:
			out = append(out, u)
		case standing != nil:
			out = append(out, standing[u]...)
		}
	}
	slices.SortFunc(out, func(a, b int) int { return cmp.Or(cmp.Compare(m.ran[a].start, m.ran[b].start), a-b) })
	return slices.Compact(out)
}

// more is what the layers of vertices take that hit in this course and did not
// in the build: they have to be downloaded for who uses i.
func (m *model) more(c course, i int, loaded []bool) float64 {
	if c.gone == nil || m.down == 0 || !m.fresh {
		return 0
	}
	bytes := 0.0
	for todo := []int{i}; len(todo) > 0; {
		at := todo[0]
		todo = todo[1:]
		if c.did[at] || loaded[at] {
			continue
		}
		loaded[at] = true
		if l := m.r.Vertices[at].Layer; c.gone[at] && l != nil {
			bytes += float64(l.Bytes)
		}
		for _, in := range m.r.Vertices[at].Inputs {
			// What a hit read of another stage is in its own layer.
			if !in.ByContent {
				todo = append(todo, in.Vertex)
			}
		}
	}
	return bytes / m.down
}
