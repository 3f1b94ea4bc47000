package timing

import (
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// model is a build as it was observed: what each part of it took, and what each
// waited for. From it the tasks of other courses of the same build are made
// ([model.tasks]).
type model struct {
	r     *record.Record
	clock *clock
	on    machine

	did     []bool    // vertices that were executed, or sent files
	work    []float64 // what they took, alone on the machine
	cores   []float64
	ran     []span    // from their first start to their last end
	lag     []float64 // what passed between their inputs' end and their start
	early   []bool    // they began before the caches were imported
	fetches []fetch
	needs   [][]int // the fetches that an executed vertex waited for
	// setup is when the graph began, after the Dockerfile and the like were read.
	setup   float64
	imports []access
	out     exports
	// down is how fast layers came, in bytes a second; 0 is unknown.
	down float64
	// fresh says that the builder has no layers of its own: those of a hit have to
	// be downloaded where they are needed.
	fresh bool
	// users are the vertices that have a vertex as an input.
	users [][]int
	// residue is what the build took longer than its tasks.
	residue float64
}

// access is the import of a cache.
type access struct {
	span
	lag float64
}

// touch is what two events of one instant are apart, in seconds.
const touch = 0.002

func newModel(r *record.Record) *model {
	n := len(r.Vertices)
	m := &model{
		r: r, clock: newClock(r), did: make([]bool, n), work: make([]float64, n), cores: make([]float64, n),
		ran: make([]span, n), lag: make([]float64, n), early: make([]bool, n), users: make([][]int, n),
		needs: make([][]int, n),
	}
	executions, downloads := m.spans()
	m.cores, m.work = m.demands(executions)
	m.begin(executions, downloads)
	m.assign(downloads)
	m.delays()
	m.out = m.newExports()
	m.residue = m.clock.wall - m.wall(m.observed())
	return m
}

// spans reads the times of all vertices. What an image source does is download.
func (m *model) spans() (executions, downloads [][]span) {
	n := len(m.r.Vertices)
	executions, downloads = make([][]span, n), make([][]span, n)
	for i := range m.r.Vertices {
		v := &m.r.Vertices[i]
		for _, in := range v.Inputs {
			m.users[in.Vertex] = append(m.users[in.Vertex], i)
		}
		local := v.Source != nil && v.Source.Kind == record.SourceLocal
		for _, iv := range v.Intervals {
			s := m.clock.span(iv.Start, iv.End)
			if iv.Transfer && !local || v.Source != nil && !local {
				downloads[i] = append(downloads[i], s)
			} else {
				executions[i] = append(executions[i], s)
			}
		}
		if local && len(executions[i]) > 1 {
			// The first is only the question which files there are.
			executions[i] = slices.DeleteFunc(executions[i], func(s span) bool { return s.seconds() < touch })
		}
		if len(executions[i]) > 0 {
			m.did[i], m.ran[i] = true, hull(executions[i])
		}
	}
	return executions, downloads
}

func (m *model) demands(executions [][]span) (cores, alone []float64) {
	d := newDemand(m.r, executions)
	if m.r.Load != nil && len(m.r.Load.Busy) > 0 {
		m.on.cores = m.r.Builder.Cores
	}
	return d.cores, d.alone
}

// begin finds when the graph began, and reads the imports.
func (m *model) begin(executions, downloads [][]span) {
	first := m.clock.wall
	for i := range executions {
		for _, s := range slices.Concat(executions[i], downloads[i]) {
			first = min(first, s.start)
		}
	}
	for _, c := range m.r.Caches {
		if c.Direction == record.Import {
			s := m.clock.span(c.Start, c.Start+c.Seconds)
			m.imports = append(m.imports, access{span: s})
			if s.seconds() > 0 {
				first = min(first, s.start)
			}
		}
	}
	for _, p := range m.r.Phases {
		if s := m.clock.span(p.Start, p.End); p.Kind == record.PhaseLoad && s.start <= first {
			m.setup = max(m.setup, min(s.end, first))
		}
	}
	if m.setup == 0 {
		m.setup = first
	}
	for i := range m.imports {
		m.imports[i].lag = max(0, m.imports[i].start-m.setup)
	}
}

// gate is when all caches were imported: nothing is executed before.
func (m *model) gate() float64 {
	at := m.setup
	for _, a := range m.imports {
		at = max(at, a.end)
	}
	return at
}

// delays finds what each part waited beside its inputs, so that the tasks start
// as they were seen to.
func (m *model) delays() {
	gate := m.gate()
	done := make([]float64, len(m.did))
	for i := range m.r.Vertices {
		m.early[i] = m.did[i] && m.ran[i].start < gate-touch
		ready := gate
		if m.early[i] {
			ready = m.setup
		}
		for _, in := range m.r.Vertices[i].Inputs {
			ready = max(ready, done[in.Vertex])
		}
		done[i] = ready
		if !m.did[i] {
			continue
		}
		for _, n := range m.needs[i] {
			f := &m.fetches[n]
			if f.users[0] == i {
				ready := ready
				if inputs, content := m.through(i, slices.Concat(f.sources, f.hits), m.did); content {
					ready = gate
					for _, input := range inputs {
						ready = max(ready, done[input])
					}
				}
				f.start = min(max(f.start, ready), f.end)
				f.lag = max(0, f.start-ready)
			}
			if f.end <= m.ran[i].start+touch {
				ready = max(ready, f.end)
			}
		}
		m.lag[i] = max(0, m.ran[i].start-ready)
		done[i] = max(ready, m.ran[i].end)
	}
	m.on.slots = m.parallelism()
}
