package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// verdict is the first line of every rendering: what a reader must know if it
// reads nothing else.
type verdict struct {
	// lead is what happened, set in bold unless it is quiet.
	lead sentence
	// rest is the balance: hits and time saved.
	rest  sentence
	quiet bool
}

// withoutLinks is the line as text that leads nowhere.
func (d verdict) withoutLinks() verdict {
	d.lead, d.rest = d.lead.withoutLinks(), d.rest.withoutLinks()
	return d
}

// verdict is the line, with what it comes to in money if somebody asked.
func (v *view) verdict() verdict {
	d := v.happened()
	if cost := v.perThousand(); cost != "" && d.quiet {
		d.lead = d.lead.say(cost)
	} else if cost != "" {
		if len(d.rest) == 0 {
			cost = cost[1:]
		}
		d.rest = d.rest.say(cost)
	}
	return d
}

// happened finds the line for the kind of build that this was.
func (v *view) happened() verdict {
	t := &v.Totals
	switch {
	case v.failed():
		return v.failedVerdict()
	case t.Hits+t.Misses == 0:
		return verdict{lead: words("Nothing to cache: no step of this build ran or was looked up."), quiet: true}
	case t.Misses == 0:
		return v.allHitVerdict()
	case v.firstBuild():
		return v.firstVerdict()
	case len(v.Causes) == 0:
		return verdict{
			lead: words(count(t.Misses, "step") + " missed the cache, and why was not found out" + lostPart("; ", t.LostSeconds) + "."),
			rest: v.balance(),
		}
	}
	return verdict{lead: v.lost().say("."), rest: v.balance()}
}

// allHitVerdict is one quiet line: nobody has to do anything, unless the cache
// cost more than it saved.
func (v *view) allHitVerdict() verdict {
	t := &v.Totals
	s := words("All " + count(t.Hits, "step") + " hit the cache")
	if t.Hits == 1 {
		s = words("The only step hit the cache")
	}
	if saved := v.savedPart(); saved != "" {
		s = s.say(", " + saved)
	}
	return verdict{lead: s.say("."), rest: v.overspent(), quiet: true}
}

// overspent says that the cache cost more than it saved, and on what, or nothing
// where it paid. Where hits have never been measured the claim is as weak.
func (v *view) overspent() sentence {
	t := &v.Totals
	if t.NetSavedSeconds > 0 || noTime(t.NetSavedSeconds) {
		return nil
	}
	s := "The cache cost "
	if t.SavedIsLowerBound {
		s = "As far as measured, the cache cost "
	}
	s += duration(-t.NetSavedSeconds) + " more than it saved: "
	costs := v.costs()
	slices.SortStableFunc(costs, func(a, b cost) int { return cmp.Compare(b.seconds, a.seconds) })
	for i, c := range costs {
		if i > 0 {
			s += ", "
		}
		s += c.name + " " + duration(c.seconds)
	}
	return words(s + ".")
}

// firstBuild says that there is nothing to blame, because there was nothing to
// compare with.
func (v *view) firstBuild() bool {
	for i := range v.Causes {
		if v.Causes[i].Kind != cause.FirstBuild {
			return false
		}
	}
	return len(v.Causes) > 0
}

func (v *view) firstVerdict() verdict {
	t := &v.Totals
	s := words("First build of ").with(v.buildName()).say(" seen here: " + count(t.Misses, "step") + " ran in " + duration(v.Build.WallSeconds) + ".")
	rest := words("The next build will be compared with it.")
	if t.Hits > 0 {
		rest = v.balance().say(" The next build will be compared with this one.")
	}
	return verdict{lead: s, rest: rest, quiet: true}
}

// failedVerdict names the line that failed, after how long, and what ran before.
func (v *view) failedVerdict() verdict {
	var s sentence
	step, f := v.failedStep(), v.Build.Failure
	switch {
	case step != nil:
		s = v.namedLine(headOf(step.Instruction), step.File, step.Line, step.EndLine)
		s = s.say(" failed" + after(step.Seconds) + ".")
	case f != nil && f.Line > 0:
		s = words("The build failed at ").place(v.Links, f.File, f.Line, f.EndLine)
		s = s.say(after(v.Build.WallSeconds) + ".")
	default:
		s = words("The build failed" + after(v.Build.WallSeconds) + ".")
	}
	hits, ran := v.Totals.Hits, v.Totals.Misses
	if step != nil {
		ran--
	}
	rest := words("No other step ran.")
	if step == nil {
		rest = words("No step ran.")
	}
	if hits+ran > 0 {
		before := "Before it "
		if step == nil {
			before = "Before that "
		}
		hit := count(hits, "step") + " hit the cache"
		if saved := v.savedPart(); saved != "" && hits > 0 {
			hit += " (" + saved + ")"
		}
		rest = words(before + hit + " and " + itoa(ran) + " ran.")
	}
	if ran > 0 && len(v.Causes) > 0 && !v.firstBuild() {
		rest = rest.say(" ").with(v.lost()).say(".")
	}
	if o := v.overspent(); o != nil {
		rest = rest.say(" ").with(o)
	}
	return verdict{lead: s, rest: rest}
}

// after says when something failed.
func after(seconds float64) string {
	if noTime(seconds) {
		return " at once"
	}
	return " after " + duration(seconds)
}

// lost says what the costliest cause is and what it cost, without a full stop.
func (v *view) lost() sentence {
	c := &v.Causes[0]
	s := v.namedLine(headOf(c.Instruction), c.File, c.Line, c.EndLine)
	switch c.Kind {
	case cause.InstructionAdded, cause.FirstBuild:
		s = s.say(" is new")
	case cause.Unexplained:
		s = s.say(" missed the cache, and nothing that was compared tells why")
	default:
		s = s.say(" lost the cache: ").with(v.why(c, 1))
	}
	text := "; " + count(len(c.Steps), "step") + " re-ran"
	more := len(v.Causes) - 1
	inAll := more > 0 && v.Totals.LostSeconds > c.LostSeconds+0.05
	if !inAll || !noTime(c.LostSeconds) { // of what several lost together none lost it alone
		text += lostPart(", ", c.LostSeconds)
	}
	if more > 0 {
		text += "; and " + count(more, "more cause")
	}
	if inAll {
		text += ", " + duration(v.Totals.LostSeconds) + " lost in all"
	}
	return s.say(text)
}

// namedLine is an instruction and where it stands.
func (v *view) namedLine(instruction, file string, line, endLine int) sentence {
	var s sentence
	if instruction == "" && line == 0 {
		return words("A step")
	}
	if instruction != "" {
		s = s.code(instruction, 60)
	}
	if line > 0 {
		if instruction != "" {
			return s.say(" (").place(v.Links, file, line, endLine).say(")")
		}
		s = s.place(v.Links, file, line, endLine)
	}
	return s
}

// lostPart says what was lost, after a separator.
func lostPart(before string, seconds float64) string {
	if noTime(seconds) {
		return before + "no time lost"
	}
	return before + duration(seconds) + " lost"
}

// savedPart says what the hits saved, or nothing where nothing is known.
func (v *view) savedPart() string {
	t := &v.Totals
	switch {
	case noTime(t.SavedSeconds) && t.SavedIsLowerBound:
		return "time saved not measured yet"
	case noTime(t.SavedSeconds):
		return ""
	case t.SavedIsLowerBound:
		return "at least " + duration(t.SavedSeconds) + " saved"
	}
	return duration(t.SavedSeconds) + " saved"
}

// netPart says what is left of the time saved after what the cache itself took.
func (v *view) netPart() string {
	costs := v.costs()
	if v.Totals.Hits == 0 || noTime(v.Totals.SavedSeconds) || len(costs) == 0 {
		return ""
	}
	names := make([]string, len(costs))
	for i, c := range costs {
		names[i] = c.name
	}
	of := strings.Join(names, ", ")
	if last := len(names) - 1; last > 0 {
		of = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return ", " + duration(v.Totals.NetSavedSeconds) + " net of " + of
}

// balance says how many steps hit, what that saved, and whether it paid.
func (v *view) balance() sentence {
	t := &v.Totals
	s := itoa(t.Hits) + " of " + count(t.Hits+t.Misses, "step") + " hit"
	saved := v.savedPart()
	if t.Hits == 0 || saved == "" {
		saved = "no time saved"
	}
	if o := v.overspent(); o != nil {
		return words(s + ", " + saved + ". ").with(o)
	}
	return words(s + ", " + saved + v.netPart() + ".")
}
