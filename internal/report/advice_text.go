package report

import (
	"fmt"
	"io"
	"strings"
)

const (
	adviceSteps   = 6  // rows of the table of costly steps
	adviceAssumes = 5  // assumptions of a suggestion
	adviceNotes   = 10 // warnings, and hints
)

// AdviceText writes the advice for a terminal: one line that says it all, where the
// time goes, each suggestion with its diff, and what bounds all this. Lines stay
// within 100 columns, the diffs aside.
func AdviceText(w io.Writer, a Advice, color bool) error {
	t := &terminal{view: newView(&Report{}), color: color, wide: terminalWide}
	t.wrapped(a.verdict(), 0, bold)
	if s := a.reach(); s != nil {
		t.wrapped(s.say(" ").with(a.source()), 0, "")
	}
	t.costs(&a)
	for i := range a.Suggestions {
		if !a.Suggestions[i].Refuted {
			t.advised(i, &a.Suggestions[i])
		}
	}
	for i, s := range a.together() {
		if i == 0 {
			t.b.WriteByte('\n')
		}
		t.wrapped(s, 0, "")
	}
	t.refuted(a.Suggestions)
	t.silences(&a)
	t.bounds(&a)
	if _, err := w.Write(inert(t.b.Bytes())); err != nil {
		return fmt.Errorf("writing the advice: %w", err)
	}
	return nil
}

// costs is the table of the steps that took the most time.
func (t *terminal) costs(a *Advice) {
	g, left := a.costGrid(adviceSteps)
	if g == nil {
		return
	}
	t.b.WriteByte('\n')
	var b strings.Builder
	g.text(&b, nil)
	head, rows, _ := strings.Cut(b.String(), "\n")
	t.paint(dim, head)
	t.b.WriteString("\n" + rows)
	if left > 0 {
		t.paint(dim, "  and "+count(left, "more step"))
		t.b.WriteByte('\n')
	}
}

// advised is one suggestion, its diff at the left edge, so that it can be copied.
func (t *terminal) advised(i int, g *Suggestion) {
	t.b.WriteByte('\n')
	t.item(itoa(i+1)+". ", adviceTitle(g), bold)
	t.b.WriteString("   ")
	t.paint(dim, shorten(g.where().text(), t.wide-3))
	t.b.WriteByte('\n')
	if gain := suggestionGain(g); gain != "" {
		t.wrapped(words(gain), 3, "")
	}
	for k, x := range g.Assumes {
		if k == adviceAssumes {
			t.wrapped(words("And "+count(len(g.Assumes)-k, "more assumption")+"."), 3, dim)
			break
		}
		t.wrapped(words("Assumes: ").with(prose(x, detailLimit)), 3, "")
	}
	patch := cleanBlock(g.Patch)
	if patch == "" {
		return
	}
	t.b.WriteByte('\n')
	text, left := firstLines(patch, terminalLines, patchWidth)
	for _, l := range strings.Split(text, "\n") {
		t.paint(diffColor(l), l)
		t.b.WriteByte('\n')
	}
	if left > 0 {
		t.paint(dim, "… "+count(left, "more line"))
		t.b.WriteByte('\n')
	}
}

// item writes an entry of a list, its lines below each other.
func (t *terminal) item(mark string, s sentence, color string) {
	at := t.b.Len()
	t.wrapped(s, len(mark), color)
	copy(t.b.Bytes()[at:], mark)
}

// silences lists, rule by rule, why there is no suggestion.
func (t *terminal) silences(a *Advice) {
	if len(a.Silences) == 0 {
		return
	}
	t.b.WriteString("\nWhere the rules looked and kept silent:\n")
	last := ""
	for _, s := range a.Silences {
		if s.Rule != last {
			name := "all rules"
			if s.Rule != "" {
				name = cleanLine(s.Rule)
			}
			t.b.WriteString("  ")
			t.paint(cyan, shorten(name, 40))
			t.b.WriteByte('\n')
			last = s.Rule
		}
		x := prose(s.Why, detailLimit)
		if s.Line > 0 {
			x = words("line " + itoa(s.Line) + ": ").with(x)
		}
		t.wrapped(x, 6, "")
	}
}

// bounds says what the advice does not know, and what to do about it.
func (t *terminal) bounds(a *Advice) {
	if t.b.Len() > 0 && len(a.Warnings)+len(a.Hints) > 0 {
		t.b.WriteByte('\n')
	}
	for _, list := range []struct {
		what  string
		notes []string
	}{{"warning: ", a.Warnings}, {"hint: ", a.Hints}} {
		for i, x := range list.notes {
			if i == adviceNotes {
				t.wrapped(words("and "+itoa(len(list.notes)-i)+" more"), 0, "")
				break
			}
			t.wrapped(words(list.what).with(prose(x, detailLimit)), 0, "")
		}
	}
}

// AdviceWritten says which files --write changed, and how.
func AdviceWritten(w io.Writer, a Advice, paths []string, color bool) error {
	t := &terminal{view: newView(&Report{}), color: color, wide: terminalWide}
	switch {
	case len(a.made()) == 0:
		t.wrapped(words("Nothing was changed. ").with(a.verdict()), 0, bold)
	case len(paths) == 0 || a.Chosen == nil:
		t.wrapped(words("Nothing was changed: no suggestion has a patch."), 0, bold)
	default:
		s := words("Changed ")
		for i, p := range paths {
			switch {
			case i > 0 && i == len(paths)-1:
				s = s.say(" and ")
			case i > 0:
				s = s.say(", ")
			}
			s = append(s, placeSpan(cleanLine(p), p, ""))
		}
		t.wrapped(s.say(":"), 0, bold)
		for _, i := range a.Chosen.Suggestions {
			g := &a.Suggestions[i]
			t.item("- ", adviceTitle(g).say(" ").say(suggestionGain(g)), "")
			for _, x := range g.Assumes[:min(len(g.Assumes), adviceAssumes)] {
				t.wrapped(words("Assumes: ").with(prose(x, detailLimit)), 2, "")
			}
		}
		t.wrapped(words("Look at it with ").code("git diff", 40).say("."), 0, "")
	}
	t.bounds(&a)
	if _, err := w.Write(inert(t.b.Bytes())); err != nil {
		return fmt.Errorf("writing the advice: %w", err)
	}
	return nil
}

// AdviceNotes writes the warnings and hints, for a form that has no place for them.
func AdviceNotes(w io.Writer, a Advice) error {
	t := &terminal{view: newView(&Report{}), wide: terminalWide}
	t.bounds(&a)
	if _, err := w.Write(inert(t.b.Bytes())); err != nil {
		return fmt.Errorf("writing the advice: %w", err)
	}
	return nil
}
