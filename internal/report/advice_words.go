package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/advice"
)

// made are the suggestions that no build refuted.
func (a *Advice) made() []*Suggestion {
	return (&view{Report: &Report{Suggestions: a.Suggestions}}).wanted()
}

// verdict says it all in one line.
func (a *Advice) verdict() sentence {
	made := a.made()
	n := len(made)
	if n == 0 {
		return a.nothing()
	}
	s := words(count(n, "suggestion") + " for ")
	s = append(s, placeSpan(cleanLine(a.Dockerfile), a.Dockerfile, ""))
	it := "the first"
	if n == 1 {
		it = "it"
	}
	first := made[0]
	switch b := a.BestSet; {
	case b != nil && len(b.Suggestions) == n:
		return s.say(": together they " + gained(b.Predicted) + ".")
	case b != nil:
		return s.say(": " + itoa(len(b.Suggestions)) + " of them together " + gained(b.Predicted) + ".")
	case first.Verified != nil && first.Verified.faster():
		return s.say(": with " + it + ", a build took " + duration(first.Verified.SecondsAfter) + " instead of " + duration(first.Verified.SecondsBefore) + ".")
	case gained(first.Predicted) != "" && !first.noGain():
		return s.say(": " + it + " " + gained(first.Predicted) + ".")
	case n == 1:
		return s.say(". It makes no build faster.")
	}
	return s.say(". None of them makes a build faster.")
}

// nothing is the verdict where there is no suggestion.
func (a *Advice) nothing() sentence {
	s := append(words("No suggestion for "), placeSpan(cleanLine(a.Dockerfile), a.Dockerfile, ""))
	if n := len(refuted(a.Suggestions)); n > 0 {
		return s.say(": building showed that " + count(n, "edit") + " would save next to nothing.")
	}
	switch read := slices.ContainsFunc(a.Builds, func(b Replayed) bool { return !b.Unread }); {
	case len(a.Builds) == 0:
		return s.say(".")
	case !read:
		return s.say(": none of the last " + count(len(a.Builds), "commit") + " could be replayed.")
	}
	for _, b := range a.Builds {
		if len(b.Misses) > 0 {
			return s.say(": no edit that layercause knows would have saved time over the last " + count(len(a.Builds), "commit") + ".")
		}
	}
	return s.say(": no step re-ran over the last " + count(len(a.Builds), "commit") + ".")
}

// gained is what an edit would have saved, as the end of a sentence; empty if that
// is no time.
func gained(p Predicted) string {
	if p.SecondsSavedPerBuild <= 0 || noTime(p.SecondsSavedPerBuild) {
		return ""
	}
	each, on := p.SecondsSavedPerBuild, ""
	if p.Commits > 1 && p.CommitsSaved > 0 {
		each *= float64(p.Commits) / float64(p.CommitsSaved)
		on = " on " + itoa(p.CommitsSaved) + " of the last " + itoa(p.Commits) + " commits"
	}
	s := "would have saved " + duration(each)
	if p.Estimated {
		s += " by estimate"
	}
	return s + on
}

// adviceTitle is what to do, with a full stop.
func adviceTitle(g *Suggestion) sentence {
	title := strings.TrimRight(strings.TrimSpace(g.Title), ". ")
	if title == "" {
		title = g.Rule
	}
	return prose(title, 200).say(".")
}

// where names the place and the rule of a suggestion.
func (g *Suggestion) where() sentence {
	s := sentence{}
	if g.File != "" && g.Line > 0 {
		s = s.place(Links{}, g.File, g.Line, g.EndLine).say(", ")
	}
	return s.say("rule ").code(g.Rule, nameLimit)
}

// together is what the best set brings, and what --write applies.
func (a *Advice) together() []sentence {
	var out []sentence
	if b := a.BestSet; b != nil {
		out = append(out, words("Together, ").with(numbers(b.Suggestions)).say(" "+predictedGain(b.Predicted)+b.verifiedGain()))
	}
	if c := a.Chosen; c != nil {
		what := numbers(c.Suggestions)
		if len(a.made()) == 1 {
			what = words("it")
		}
		out = append(out, words("To apply ").with(what).say(": ").code("layercause advise --write", 40).
			say(". As a patch: ").code("layercause advise --format patch", 40).say("."))
	}
	return out
}

// numbers lists suggestions as they are numbered: 1, 3 and 4.
func numbers(indexes []int) sentence {
	var b strings.Builder
	for i, n := range indexes {
		switch {
		case i > 0 && i == len(indexes)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(itoa(n + 1))
	}
	return words(b.String())
}

// reach says how far the replay went.
func (a *Advice) reach() sentence {
	c := a.Commits
	if c.Replayed == 0 {
		return nil
	}
	s := words("Replayed: ")
	if c.Replayed == 1 {
		s = s.say("the last commit")
	} else {
		s = s.say("the last " + itoa(c.Replayed) + " commits")
	}
	if c.Replayed < c.Asked {
		s = s.say(" of " + itoa(c.Asked) + " asked for")
	}
	if len(c.Since) >= 10 && isHash(c.Oldest) {
		s = s.say(", back to ").code(c.Oldest[:7], 7).say(" of " + day(c.Since))
	}
	return s.say(".")
}

// day is the date of a time in RFC 3339.
func day(when string) string {
	if len(when) < 10 || !only(when[:10], func(c byte) bool { return isDigit(c) || c == '-' }) {
		return "an unknown day"
	}
	return when[:10]
}

// source says where the seconds are from.
func (a *Advice) source() sentence {
	measured, guessed := a.seconds()
	build := sentence{}
	if m := a.MeasuredBy; m != nil {
		build = words("the build of " + day(m.StartedAt))
		if isHash(m.Commit) {
			build = build.say(" (").code(m.Commit[:7], 7).say(")")
		}
	}
	switch {
	case measured+guessed == 0:
		return nil
	case measured == 0:
		return words("Seconds are estimates, since no build of this Dockerfile is in the history: " + advice.Model() + ".")
	case guessed > 0:
		return words("Seconds are as measured by ").with(build).say("; those of steps that it did not measure are estimates: " + advice.Model() + ".")
	}
	return words("Seconds are as measured by ").with(build).say(".")
}

// costly is a step that was executed again.
type costly struct {
	text     string
	line     int
	builds   int
	own      int
	seconds  float64
	measured bool
	files    map[string]int
	args     map[string]int
	because  map[string]int // instructions that it stands on
}

// costliest are the steps that took the most time over the replayed builds.
func (a *Advice) costliest(most int) (shown []*costly, left int) {
	byText := map[string]*costly{}
	for _, b := range a.Builds {
		seen, at := map[string]bool{}, map[int]string{} // lines are those of that build's file
		for _, m := range b.Misses {
			at[m.Line] = m.Instruction
			c := byText[m.Instruction]
			if c == nil {
				c = &costly{text: m.Instruction, files: map[string]int{}, args: map[string]int{}, because: map[string]int{}}
				byText[m.Instruction] = c
				shown = append(shown, c)
			}
			c.line, c.seconds, c.measured = m.Line, m.Seconds, m.Measured
			if seen[m.Instruction] {
				continue
			}
			seen[m.Instruction] = true
			c.builds++
			if m.Own {
				c.own++
			} else if text := at[m.Because]; text != "" {
				c.because[text]++
			}
			for _, f := range m.Files {
				c.files[f]++
			}
			for _, x := range m.Args {
				c.args[x]++
			}
		}
	}
	slices.SortStableFunc(shown, func(x, y *costly) int {
		return cmp.Or(cmp.Compare(y.seconds*float64(y.builds), x.seconds*float64(x.builds)), x.line-y.line)
	})
	if len(shown) > most {
		left = len(shown) - most
		shown = shown[:most]
	}
	return shown, left
}

// why says what made a step run again most often.
func (c *costly) why() sentence {
	if text, n := oftenest(c.because); n > c.own {
		return code(headOf(text), 40)
	}
	if name, n := oftenest(c.args); n > 0 && n*2 >= c.own {
		return words("argument ").code(name, 30)
	}
	if name, n := oftenest(c.files); n > 0 {
		s := sentence{}.code(name, 40)
		if len(c.files) > 1 {
			s = s.say(" and others")
		}
		return s
	}
	if c.own == 0 {
		return words("what it stands on")
	}
	return words("its own text")
}

// oftenest is the name that counts most, of several the first.
func oftenest(counts map[string]int) (name string, n int) {
	for x, k := range counts {
		if k > n || k == n && x < name {
			name, n = x, k
		}
	}
	return name, n
}

// costGrid is the table of the costliest steps.
func (a *Advice) costGrid(rows int) (*grid, int) {
	shown, left := a.costliest(rows)
	if len(shown) == 0 {
		return nil, 0
	}
	g := &grid{columns: []string{"Line:", "Step", "Re-ran:", "Takes:", "Most often because of"}}
	for _, c := range shown {
		takes := duration(c.seconds)
		if !c.measured {
			takes = "~" + takes
		}
		g.row(words(itoa(c.line)), code(headOf(c.text), instructionLimit), words(itoa(c.builds)+" of "+itoa(len(a.Builds))), words(takes), c.why())
	}
	return g, left
}
