package timing

import (
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// Account counts a build. Saved is how much longer the longest path would have
// been had every hit been executed, with the durations of earlier records; Lost
// is how much shorter it would have been had no step missed that an earlier
// build had. A cause's share is how much shorter it would have been without that
// cause alone.
func Account(r *record.Record, causes []cause.Cause) Ledger {
	g := newGraph(r)
	now, _, _ := g.longest(g.duration)
	l := Ledger{Wall: r.Seconds, Steps: map[string]Step{}, CauseLost: map[string]float64{}}

	critical := g.critical(g.duration)
	executed := map[string]float64{}
	for _, s := range r.Steps {
		x := Step{Critical: slices.ContainsFunc(s.Vertices, func(v int) bool { return critical[v] && g.duration[v] > 0 })}
		if s.Status == record.Hit {
			if s.Earlier != nil {
				executed[s.ID] = max(s.Earlier.Seconds, s.TransferSeconds)
				x.Saved = max(0, s.Earlier.Seconds-s.TransferSeconds)
			} else {
				l.SavedIsBound = true
			}
		}
		l.Steps[s.ID] = x
	}
	without, _, _ := g.longest(g.with(executed))
	l.Saved = max(0, without-now)

	lost := map[string]bool{}
	for _, c := range causes {
		if c.Kind != cause.FirstBuild {
			for _, s := range c.Steps {
				lost[s] = true
			}
		}
	}
	l.Lost = g.without(now, lost)
	of, needed := map[string]int{}, []cause.Cause{}
	for _, c := range causes {
		for _, s := range c.Steps {
			of[s]++
		}
		if len(c.Evidence.NeededBy) > 0 {
			needed = append(needed, c)
		}
	}
	for _, c := range causes {
		if c.Kind == cause.FirstBuild {
			l.CauseLost[c.ID] = 0
			continue
		}
		l.CauseLost[c.ID] = g.without(now, alone(c, of, needed))
	}

	for _, c := range r.Caches {
		switch c.Direction {
		case record.Import:
			l.ImportSeconds += c.Seconds
			l.ImportBytes += c.Bytes
		case record.Export:
			l.ExportSeconds += c.Seconds
			l.ExportBytes += c.Bytes
		}
	}
	l.NetSaved = l.Saved - l.ImportSeconds - l.ExportSeconds
	return l
}

// without is how much shorter the longest path is if the given steps take no time.
func (g *graph) without(now float64, steps map[string]bool) float64 {
	gone := map[string]float64{}
	for s := range steps {
		gone[s] = 0
	}
	then, _, _ := g.longest(g.with(gone))
	return max(0, now-then)
}

// alone lists the steps that would not have run without the cause: those that
// have no other, and those that ran only because such a step needed them. Of is how
// many causes each step has, needed are the causes with steps that others needed.
func alone(c cause.Cause, of map[string]int, needed []cause.Cause) map[string]bool {
	own, out := map[string]bool{}, map[string]bool{}
	for _, s := range c.Steps {
		if len(needed) > 0 {
			own[s] = true
		}
		if of[s] == 1 {
			out[s] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, x := range needed {
			if slices.ContainsFunc(x.Evidence.NeededBy, func(s string) bool { return !out[s] }) {
				continue
			}
			for _, s := range x.Steps {
				others := of[s]
				if own[s] {
					others--
				}
				if !out[s] && (others == 1 || x.ID == c.ID) {
					out[s], grown = true, true
				}
			}
		}
	}
	return out
}

// Carry keeps the measured durations of steps that were not executed this time:
// for every step of head without an execution, the last measurement of the step
// with the same key in base, or, for want of one, of the same instruction.
func Carry(head, base *record.Record) {
	if base == nil {
		return
	}
	byKey, byText := map[string]*record.Measurement{}, map[string]*record.Measurement{}
	for _, s := range base.Steps {
		m := s.Earlier
		if s.Status == record.Miss {
			m = &record.Measurement{Seconds: s.Seconds, Record: base.ID, Key: s.Key, Worker: base.Builder.Worker}
		}
		if m == nil {
			continue
		}
		byKey[s.Key] = m
		byText[s.Platform+"\n"+base.Dockerfile.Instructions[s.Instruction].Text] = m
	}
	for i := range head.Steps {
		s := &head.Steps[i]
		if s.Status == record.Miss {
			continue
		}
		s.Earlier = byKey[s.Key]
		if s.Earlier == nil {
			s.Earlier = byText[s.Platform+"\n"+head.Dockerfile.Instructions[s.Instruction].Text]
		}
	}
}
