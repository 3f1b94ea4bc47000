package timing

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// mark lists the phases, and follows what each part of the build waited for from
// its end to its start: that is the critical path.
func (m *model) mark(l *Ledger) {
	tasks, at := m.tasks(m.observed())
	s := simulate(tasks, m.on)
	critical := make([]bool, len(tasks))
	last := -1
	for i := range tasks {
		if last < 0 || s.end[i] > s.end[last] || s.end[i] == s.end[last] && tasks[i].work > tasks[last].work {
			last = i
		}
	}
	for i := last; i >= 0; i = s.after[i] {
		critical[i] = tasks[i].work > 0
	}
	for i := range m.r.Steps {
		st := &m.r.Steps[i]
		x := l.Steps[st.ID]
		x.Critical = slices.ContainsFunc(st.Vertices, func(v int) bool { return m.did[v] && critical[at.vertex[v]] })
		l.Steps[st.ID] = x
	}
	l.Phases = m.phases(at, critical)
}

func (m *model) phases(at places, critical []bool) []Phase {
	var out []Phase
	add := func(kind PhaseKind, name string, instruction int, s span, bytes int64, task int) {
		// BuildKit begins some work twice, the first time for no more than a look.
		if s.seconds() >= touch/4 {
			out = append(out, Phase{kind, name, instruction, s.start, s.end, bytes, task >= 0 && critical[task]})
		}
	}
	for _, p := range m.r.Phases {
		if p.Kind == record.PhaseLoad {
			add(PhaseLoad, p.Name, -1, m.clock.span(p.Start, p.End), p.Bytes, at.setup)
		}
	}
	n := 0
	for _, c := range m.r.Caches {
		if c.Direction == record.Import {
			add(PhaseImport, c.Type+" "+c.Ref, -1, m.imports[n].span, c.Bytes, at.imports[n])
			n++
		}
	}
	for v := range m.r.Vertices {
		x := &m.r.Vertices[v]
		if x.Source == nil || x.Source.Kind != record.SourceLocal || !m.did[v] {
			continue
		}
		name := x.Source.Ref
		if name == "" {
			name = "context"
		}
		add(PhaseContext, name, x.Instruction, m.ran[v], x.Bytes, at.vertex[v])
	}
	for i, f := range m.fetches {
		for _, v := range f.sources {
			x := &m.r.Vertices[v]
			add(PhasePull, x.Source.Ref, x.Instruction, f.span, x.Bytes, at.fetch[i])
		}
		for _, v := range f.hits {
			x := &m.r.Vertices[v]
			var s []span
			for _, iv := range x.Intervals {
				s = append(s, m.clock.span(iv.Start, iv.End))
			}
			name := ""
			if x.Instruction >= 0 {
				name, _, _ = strings.Cut(m.r.Dockerfile.Instructions[x.Instruction].Text, "\n")
			}
			add(PhaseDownload, name, x.Instruction, hull(s), x.Bytes, at.fetch[i])
		}
	}
	for _, p := range m.r.Phases {
		s := m.clock.span(p.Start, p.End)
		switch p.Kind {
		case record.PhaseExport:
			add(PhaseExport, p.Name, -1, s, p.Bytes, at.image)
		case record.PhasePush:
			add(PhasePush, p.Name, -1, s, p.Bytes, at.push)
		}
	}
	n = 0
	for _, c := range m.r.Caches {
		if c.Direction == record.Export {
			add(PhaseCacheExport, c.Type+" "+c.Ref, -1, m.out.caches[n].span, c.Bytes, at.caches[n])
			n++
		}
	}
	return out
}
