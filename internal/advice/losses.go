package advice

import (
	"fmt"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// loss is what the builds that are known, this one and the earlier ones, lost to
// some causes.
type loss struct {
	builds  int // that are known
	hit     int // of them, that lost something
	misses  int // steps that missed in any of them
	steps   int // of these, those that would not have without the causes
	seconds float64
}

// lostTo sums what was lost to causes of a kind. Which of them count is asked with
// the record of the build; of an earlier build it has no evidence.
func (s *scene) lostTo(kind cause.Kind, counts func(r *record.Record, f record.Finding) bool) loss {
	l := loss{builds: 1}
	blamed, lost := map[string]int{}, 0.0
	mine := map[string]int{}
	for _, c := range s.Causes {
		own := c.Kind == kind && counts(s.Head, record.Finding{
			Kind: string(c.Kind), File: c.File, Line: c.Line, Instruction: c.Instruction, Subject: c.Subject,
		})
		for _, id := range c.Steps {
			blamed[id]++
			if own {
				mine[id]++
			}
		}
		if own {
			lost += s.Ledger.CauseLost[c.ID]
		}
	}
	for i := range s.Head.Steps {
		if s.Head.Steps[i].Status == record.Miss {
			l.misses++
		}
	}
	for id, n := range mine {
		if n == blamed[id] {
			l.steps++
		}
	}
	if lost = min(lost, s.Ledger.Lost); len(mine) > 0 {
		l.hit, l.seconds = 1, lost
	}
	for _, p := range s.Past {
		if p.Findings == nil {
			continue
		}
		l.builds++
		l.misses += p.Findings.Misses
		steps, lost := 0, 0.0
		for _, f := range p.Findings.Causes {
			if f.Kind == string(kind) && counts(p, f) {
				steps += f.Steps
				lost += f.Lost
			}
		}
		if steps > 0 {
			l.hit++
			l.steps += min(steps, p.Findings.Misses)
			l.seconds += min(lost, p.Findings.Lost)
		}
	}
	return l
}

// prediction is what the builds would have saved without the loss.
func (l loss) prediction() *Prediction {
	return &Prediction{
		Commits: l.builds, CommitsSaved: l.hit, MissesBefore: l.misses, MissesAfter: l.misses - l.steps,
		SecondsSavedPerBuild: l.seconds / float64(l.builds),
	}
}

// where says in which of the builds something was lost, for a title.
func (l loss) where() string {
	if l.builds == 1 {
		return "in this build"
	}
	return fmt.Sprintf("in %d of %d builds", l.hit, l.builds)
}

// at says that a cause of an earlier build is about an instruction of today's
// Dockerfile, which has the same text.
func (s *scene) at(i int) func(*record.Record, record.Finding) bool {
	text := s.file.Instructions[i].Text
	return func(r *record.Record, f record.Finding) bool {
		if r == s.Head {
			return f.Line == s.file.Instructions[i].Line
		}
		return f.Instruction == text
	}
}

// ofCache says that a cause blames a cache.
func ofCache(c *record.CacheAccess) func(*record.Record, record.Finding) bool {
	return func(_ *record.Record, f record.Finding) bool { return f.Subject == c.Ref }
}

// known are the builds with findings, this one first.
func (s *scene) known() []*record.Record {
	now := *s.Head
	now.Findings = &record.Findings{
		Saved: s.Ledger.Saved, Lost: s.Ledger.Lost, Import: s.Ledger.ImportSeconds, Export: s.Ledger.ExportSeconds,
		Download: s.Ledger.DownloadSeconds, SavedIsBound: s.Ledger.SavedIsBound,
	}
	out := []*record.Record{&now}
	for _, p := range s.Past {
		if p.Findings != nil && p.Status == record.Succeeded {
			out = append(out, p)
		}
	}
	return out
}

// exported says whether a build wrote a cache.
func exported(r *record.Record, c *record.CacheAccess) bool {
	return slices.ContainsFunc(r.Caches, func(x record.CacheAccess) bool {
		return x.Direction == record.Export && x.Type == c.Type && x.Ref == c.Ref && x.Error == ""
	})
}
