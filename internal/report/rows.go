package report

import (
	"cmp"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// row is one line of the table of steps that missed.
type row struct {
	step *Step
	// cause is the one that the row is about, or nil.
	cause *Cause
	// first marks the row that tells the cause; the others refer to its line.
	first bool
}

// names says that the cause is the step's own, and not that of one above.
func (c *Cause) names(s *Step) bool { return c.Line > 0 && c.Line == s.Line }

// named says that the cause names this very step.
func (r row) named() bool { return r.cause != nil && r.cause.names(r.step) }

// causeID is that of the row's cause, or "".
func (r row) causeID() string {
	if r.cause == nil {
		return ""
	}
	return r.cause.ID
}

// resultGone says that a cause is about a result which was not there, under a key that
// has not changed. Of a step whose key changed for another cause it tells nothing.
func resultGone(c *Cause) bool {
	switch c.Kind {
	case cause.CacheEvicted, cause.CacheOverwritten, cause.CacheNotExported, cause.CacheImportFailed, cause.CacheEmpty,
		cause.CacheBlobMissing, cause.PreviousBuildFailed, cause.RerunForChild, cause.Unexplained:
		return true
	}
	return false
}

// mainCause is the costliest cause of a changed key that names the step itself, for that
// is what its row can tell; without one it is the costliest of all. It is nil if there is
// none.
func (v *view) mainCause(s *Step) *Cause {
	var main *Cause
	for _, id := range s.Causes {
		switch c := v.causes[id]; {
		case c == nil:
		case c.names(s) && !resultGone(c):
			return c
		case main == nil:
			main = c
		}
	}
	return main
}

// missRows are the steps that missed, or none if this was the first build, where
// all of them would say so, or if there is only the one that failed, which the first line
// names. They come in the order of blame: the costliest cause first. Within a cause the
// step that the cause names comes first, since it is where to look; then the longest. The
// rows that tell a cause are among the first ones, as far as so many can hold them: what
// a reader sees first must not refer to what it does not see.
func (v *view) missRows(lead int) []row {
	if v.firstBuild() {
		return nil
	}
	var rows []row
	for i := range v.Steps {
		if s := &v.Steps[i]; missed(s) {
			rows = append(rows, row{step: s, cause: v.mainCause(s)})
		}
	}
	if len(rows) == 1 && rows[0].cause == nil && rows[0].step.Status == string(record.StepFailed) {
		return nil
	}
	v.order(rows)
	if v.tellAll(rows) {
		v.order(rows)
	}
	return leading(rows, lead)
}

// order sorts rows by blame and marks those that tell a cause.
func (v *view) order(rows []row) {
	rank := make(map[*Cause]int, len(v.Causes))
	for i := range v.Causes {
		rank[&v.Causes[i]] = i
	}
	of := func(r row) int {
		if r.cause == nil {
			return len(rank)
		}
		return rank[r.cause]
	}
	named := func(r row) int {
		if r.named() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(of(a)-of(b), named(a)-named(b), cmp.Compare(b.step.Seconds, a.step.Seconds))
	})
	for i := range rows {
		rows[i].first = i == 0 || rows[i].cause == nil || rows[i-1].cause != rows[i].cause
	}
}

// tellAll finds a row for each cause that none tells yet: that of the first step which
// it lost. Such a cause is no step's own, as that of an ARG, and its steps were lost to a
// costlier one too. It says whether any row is about another cause now.
func (v *view) tellAll(rows []row) (changed bool) {
	at := make(map[string]int, len(rows))
	told := map[*Cause]bool{}
	for i, r := range rows {
		at[r.step.ID] = i
		told[r.cause] = true
		for _, c := range v.own(r.step) {
			told[c] = true
		}
	}
	for i := range v.Causes {
		c := &v.Causes[i]
		if told[c] || resultGone(c) {
			continue
		}
		for _, id := range c.Steps {
			if n, missed := at[id]; missed && !rows[n].first && !rows[n].named() {
				rows[n].cause, rows[n].first = c, true
				changed = true
				break
			}
		}
	}
	return changed
}

// leading moves rows that tell a cause among the first n, in the order that they have.
func leading(rows []row, n int) []row {
	if len(rows) <= n {
		return rows
	}
	others := n // how many of the first ones can be what tells no cause
	for _, r := range rows {
		if r.first && others > 0 {
			others--
		}
	}
	lead, rest := make([]row, 0, len(rows)), []row(nil)
	for _, r := range rows {
		switch {
		case len(lead) < n && r.first:
			lead = append(lead, r)
		case len(lead) < n && others > 0:
			lead = append(lead, r)
			others--
		default:
			rest = append(rest, r)
		}
	}
	return append(lead, rest...)
}

// own are the causes of a step that name it, the costliest first.
func (v *view) own(s *Step) []*Cause {
	var all []*Cause
	for _, id := range s.Causes {
		if c := v.causes[id]; c != nil && c.names(s) && !resultGone(c) {
			all = append(all, c)
		}
	}
	return all
}

// otherLines are the lines of the step's causes, but not its own line and not that of
// the cause which its row tells. A cause of results that were gone is none of another
// line: it names the first of the steps that it is about.
func (v *view) otherLines(s *Step, told *Cause) []int {
	var lines []int
	for _, id := range s.Causes {
		c := v.causes[id]
		if c != nil && !resultGone(c) && c.Line > 0 && c.Line != s.Line && (told == nil || c.Line != told.Line) && !slices.Contains(lines, c.Line) {
			lines = append(lines, c.Line)
		}
	}
	slices.Sort(lines)
	return lines
}

// reason says why a step missed, in the words of the table.
func (v *view) reason(r row, files int) sentence {
	switch {
	case r.cause == nil && r.step.Status == string(record.StepFailed):
		return words("it failed")
	case r.cause == nil:
		return words("not explained")
	case r.cause.Kind == cause.FirstBuild:
		return v.why(r.cause, files)
	case !r.first && r.named():
		return words("same cause")
	case !r.first:
		if lines := v.otherLines(r.step, nil); len(lines) > 0 {
			return words("because of " + lineList(lines))
		}
		return words("same cause")
	}
	return v.told(r, files)
}

// told is the cause that a row tells, the other ones of its line, and where the rest are.
func (v *view) told(r row, files int) sentence {
	s := v.why(r.cause, files)
	rest := len(r.step.Causes) - 1
	if !r.named() && r.cause.Line > 0 {
		s = s.say(" (").place(v.Links, r.cause.File, r.cause.Line, r.cause.EndLine).say(")")
	}
	if own := v.own(r.step); r.named() && len(own) > 1 {
		for _, c := range own[1:] {
			s = s.say("; ").with(v.why(c, files))
		}
		rest -= len(own) - 1
	}
	switch lines := v.otherLines(r.step, r.cause); {
	case len(lines) > 0:
		return s.say(", and because of " + lineList(lines))
	case rest > 0:
		return s.say(", and " + count(rest, "more cause"))
	}
	return s
}
