package timing

import (
	"fmt"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// Account counts a build on a model of it. Each figure is the difference between
// two courses of the same build:
//
//   - WithoutCache: every hit is executed, with the durations of earlier records,
//     and no cache is imported or exported;
//   - WithoutMisses: no step misses that an earlier build had;
//   - a cause's share: the steps that missed for it alone hit.
//
// NetSaved is what the build would have taken longer without any cache. Saved is
// that and the cache's own costs: import, export, and the download of layers.
//
// Past are earlier records of the same build, the newest first; the verdicts on
// the caches rest on them.
func Account(r *record.Record, causes []cause.Cause, past []*record.Record) Ledger {
	m := newModel(r)
	now := m.clock.wall
	l := Ledger{
		Wall: now, Steps: map[string]Step{}, CauseLost: map[string]float64{},
		Modelled: now - m.residue, Residue: m.residue,
	}
	without := m.withoutCache(&l)
	l.WithoutCache = max(0, m.wall(without)+m.residue)
	m.costs(&l)
	l.NetSaved = l.WithoutCache - now
	l.Saved = max(0, l.NetSaved+l.ImportSeconds+l.ExportSeconds+l.DownloadSeconds)
	l.NetSaved = l.Saved - l.ImportSeconds - l.ExportSeconds - l.DownloadSeconds
	m.losses(&l, now, causes)
	m.mark(&l)
	l.Verdicts = verdicts(r, &l, past)
	if s := stepsWithoutTimes(r); s > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf("no step that ran has a time in the record (%d of them), so nothing can be said of time lost", s))
	}
	l.Warnings = append(l.Warnings, m.clock.warnings()...)
	return l
}

// withoutCache is the course in which every hit is executed.
func (m *model) withoutCache(l *Ledger) course {
	c := course{
		did: slices.Clone(m.did), work: slices.Clone(m.work), cores: slices.Clone(m.cores),
		pulls: make([]float64, len(m.did)),
	}
	for i := range m.r.Steps {
		s := &m.r.Steps[i]
		// What did not run for a failure would not have run without a cache either.
		if s.Status != record.Hit && (s.Status != record.NotRun || m.r.Status == record.Failed) {
			continue
		}
		own := slices.DeleteFunc(slices.Clone(s.Vertices), func(v int) bool { return m.r.Vertices[v].Step != s.ID })
		if len(own) == 0 {
			continue // it shares all its operations with a step that is counted
		}
		if s.Earlier == nil {
			l.SavedIsBound = true
			continue
		}
		last := own[len(own)-1]
		for _, v := range own {
			c.did[v], c.work[v], c.cores[v] = true, 0, 0
		}
		e := s.Earlier
		took := m.clock.length(e.Seconds)
		c.work[last], c.cores[last] = took, min(m.clock.length(e.Cores), m.on.cores)
		if e.Alone > 0 && e.Alone <= took && m.on.cores > 0 {
			c.work[last] = e.Alone
		}
		c.export += m.clock.length(e.Export)
		l.Steps[s.ID] = Step{Saved: max(0, took-m.clock.length(s.TransferSeconds))}
	}
	pulled := map[int]bool{}
	for _, f := range m.fetches {
		for _, v := range f.sources {
			pulled[v] = true
		}
	}
	for v := range m.r.Vertices {
		e := m.r.Vertices[v].Earlier
		// A builder that pulled the image before still has it, unless it has nothing.
		if e != nil && !pulled[v] && m.r.Vertices[v].Source != nil &&
			(m.fresh || e.Worker == "" || e.Worker != m.r.Builder.Worker) {
			c.pulls[v] = m.clock.length(e.Seconds)
		}
	}
	return c
}

// costs are what the cache took itself, in wall time.
func (m *model) costs(l *Ledger) {
	var imports, exports []span
	for _, c := range m.r.Caches {
		s := m.clock.span(c.Start, c.Start+c.Seconds)
		if c.Direction == record.Import {
			imports = append(imports, s)
			l.ImportBytes += c.Bytes
		} else {
			exports = append(exports, s)
			l.ExportBytes += c.Bytes
		}
	}
	l.ImportSeconds, l.ExportSeconds = union(imports), union(exports)
	c := m.observed()
	c.downloads = false
	l.DownloadSeconds = max(0, l.Modelled-m.wall(c))
	for i := range m.r.Vertices {
		if v := &m.r.Vertices[i]; v.Source == nil {
			l.DownloadBytes += v.Bytes
		}
	}
}

// losses counts what the misses cost, all together and each cause alone.
func (m *model) losses(l *Ledger, now float64, causes []cause.Cause) {
	lost, avoidable := map[string]bool{}, map[string]bool{}
	of, needed := map[string]int{}, []cause.Cause{}
	unavoidable := map[string]bool{}
	for _, c := range causes {
		for _, s := range c.Steps {
			of[s]++
			if c.Kind != cause.FirstBuild {
				lost[s] = true
			}
			if Avoidable(c) {
				avoidable[s] = true
			} else {
				unavoidable[s] = true
			}
		}
		if len(c.Evidence.NeededBy) > 0 {
			needed = append(needed, c)
		}
	}
	for s := range unavoidable {
		delete(avoidable, s)
	}
	l.Lost = m.without(lost)
	for _, c := range causes {
		if c.Kind == cause.FirstBuild {
			l.CauseLost[c.ID] = 0
			continue
		}
		l.CauseLost[c.ID] = m.without(alone(c, of, needed))
		l.Lost = max(l.Lost, l.CauseLost[c.ID])
	}
	l.WithoutMisses = now - l.Lost
	l.WithoutAvoidable = now - min(l.Lost, m.without(avoidable))
}

// without is how much shorter the build is if the given steps hit.
func (m *model) without(steps map[string]bool) float64 {
	c := m.observed()
	if len(steps) > 0 {
		c.did, c.gone = slices.Clone(m.did), make([]bool, len(m.did))
		stays := map[int]bool{} // operations that a step shares which still misses
		for i := range m.r.Steps {
			if s := &m.r.Steps[i]; !steps[s.ID] {
				for _, v := range s.Vertices {
					stays[v] = true
				}
			}
		}
		any := false
		for i := range m.r.Steps {
			if s := &m.r.Steps[i]; steps[s.ID] {
				for _, v := range s.Vertices {
					if c.did[v] && !stays[v] {
						c.did[v], c.gone[v], any = false, true, true
					}
				}
			}
		}
		if any {
			return min(max(0, m.clock.wall-m.residue-m.wall(c)), m.clock.wall)
		}
	}
	return 0
}

// stepsWithoutTimes counts the steps that ran if none of them has a time.
func stepsWithoutTimes(r *record.Record) int {
	n := 0
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.Status != record.Miss {
			continue
		}
		n++
		for _, v := range s.Vertices {
			if s.Seconds > 0 || len(r.Vertices[v].Intervals) > 0 {
				return 0
			}
		}
	}
	return n
}
