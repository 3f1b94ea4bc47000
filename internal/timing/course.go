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
	return simulate(tasks, m.machine).wall
}

// places are the indexes of a course's tasks.
type places struct {
	setup   int
	imports []int
	vertex  []int
	fetch   []int // -1 if it is not needed
	image   int
	push    int
	caches  []int
}

// tasks makes the tasks of a course.
func (m *model) tasks(c course) ([]task, places) {
	n := len(m.did)
	at := places{vertex: make([]int, n), fetch: make([]int, len(m.fetches))}
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
		if more := m.more(c, v, loaded); more > 0 {
			deps = append(deps, add(task{deps: slices.Clone(deps), work: more}))
		}
		t := task{deps: deps, work: c.work[v], cores: c.cores[v], slot: m.slotted(v)}
		if m.did[v] {
			t.lag = m.lag[v]
		}
		at.vertex[v] = add(t)
	}
	m.addFetches(c, &at, &tasks)
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
	at.image = add(task{deps: sinks, lag: o.image.lag, work: o.image.seconds(c.did, c.export)})
	at.push = add(task{deps: []int{at.image}, lag: o.push.lag, work: o.push.seconds(c.did, 0)})
	if c.cacheExports {
		for i := range o.caches {
			p := &o.caches[i]
			at.caches = append(at.caches, add(task{deps: []int{at.image}, lag: p.lag, work: p.seconds(c.did, 0)}))
		}
	}
	return tasks, at
}

// addFetches adds the downloads that some executed vertex needs. One starts when
// the inputs of the first to need it are there, and all that need it wait for it.
func (m *model) addFetches(c course, at *places, tasks *[]task) {
	for f, fe := range m.fetches {
		at.fetch[f] = -1
		if len(fe.sources) == 0 && !c.downloads {
			continue
		}
		for _, u := range m.inheritors(c, fe.users) {
			t := &(*tasks)[at.vertex[u]]
			if at.fetch[f] < 0 {
				at.fetch[f] = len(*tasks)
				*tasks = append(*tasks, task{deps: slices.Clone(t.deps), lag: fe.lag, work: fe.seconds()})
				t = &(*tasks)[at.vertex[u]]
			}
			t.deps = append(t.deps, at.fetch[f])
		}
	}
}

// inheritors are who needs a download in a course: of a user that hits now, those
// that run and stand on it.
func (m *model) inheritors(c course, users []int) []int {
	if c.gone == nil {
		return slices.DeleteFunc(slices.Clone(users), func(u int) bool { return !c.did[u] })
	}
	var out []int
	for _, u := range users {
		if c.did[u] {
			out = append(out, u)
		} else {
			out = append(out, m.standing(u, c.did)...)
		}
	}
	slices.SortFunc(out, func(a, b int) int { return cmp.Or(cmp.Compare(m.ran[a].start, m.ran[b].start), a-b) })
	return slices.Compact(out)
}

// more is what the layers of vertices take that hit in this course and did not
// in the build: they have to be downloaded for v.
func (m *model) more(c course, v int, loaded []bool) float64 {
	if c.gone == nil || m.down == 0 || !m.fresh {
		return 0
	}
	bytes := 0.0
	for todo := []int{v}; len(todo) > 0; {
		at := todo[0]
		todo = todo[1:]
		for _, in := range m.r.Vertices[at].Inputs {
			i := in.Vertex
			if c.did[i] || loaded[i] {
				continue
			}
			loaded[i] = true
			if l := m.r.Vertices[i].Layer; c.gone[i] && l != nil {
				bytes += float64(l.Bytes)
			}
			todo = append(todo, i)
		}
	}
	return bytes / m.down
}
