package report

import "strings"

// AdviceMarkdown renders the advice for a pull request or an issue, at most
// [CommentBudget] bytes: what GitHub takes.
func AdviceMarkdown(a Advice) string {
	sections := []section{{"the first line", "**" + a.verdict().markdownText() + "**"}}
	if s := a.reach(); s != nil {
		sections = append(sections, section{"what was replayed", s.say(" ").with(a.source()).markdownText()})
	}
	if g, left := a.costGrid(adviceSteps); g != nil {
		text := g.markdown()
		if left > 0 {
			text += "\nand " + count(left, "more step") + "\n"
		}
		sections = append(sections, section{"the costliest steps", text})
	}
	made := a.made()
	for i, g := range made[:min(len(made), fullyAdvised)] {
		sections = append(sections, section{"suggestion " + itoa(i+1), advisedMarkdown(i, g)})
	}
	if len(made) > fullyAdvised {
		sections = append(sections, section{"more suggestions", moreMarkdown(made[fullyAdvised:])})
	}
	var b strings.Builder
	for _, s := range a.together() {
		b.WriteString(s.markdownText() + "\n\n")
	}
	sections = append(sections,
		section{"what they bring together", b.String()},
		section{"what builds refuted", refutedMarkdown(a.Suggestions)},
		section{"warnings", notesMarkdown("Warning: ", a.Warnings) + notesMarkdown("Hint: ", a.Hints)},
		section{"the rules that kept silent", a.silencesMarkdown()})
	return assemble(CommentBudget, "`layercause advise` prints all of it.", sections)
}

// moreMarkdown lists the suggestions that are not shown with their diffs.
func moreMarkdown(rest []*Suggestion) string {
	var b strings.Builder
	for i, g := range rest {
		if i == mostSilences {
			b.WriteString("- and " + itoa(len(rest)-i) + " more\n")
			break
		}
		b.WriteString("- ")
		adviceTitle(g).markdown(&b, false)
		b.WriteString(" (" + g.where().markdownText() + ")\n")
	}
	return folded(count(len(rest), "more suggestion"), b.String())
}

// advisedMarkdown is one suggestion: what to do, what it brings, and the diff.
func advisedMarkdown(i int, g *Suggestion) string {
	var b strings.Builder
	b.WriteString("#### " + itoa(i+1) + ". ")
	adviceTitle(g).markdown(&b, false)
	b.WriteString("\n\n")
	if gain := suggestionGain(g); gain != "" {
		b.WriteString(gain + " ")
	}
	b.WriteString("(" + g.where().markdownText() + ")\n")
	g.details(&b, "with `layercause advise --format patch`", anyLength)
	return b.String()
}

func notesMarkdown(what string, list []string) string {
	var b strings.Builder
	for i, x := range list {
		if i == adviceNotes {
			b.WriteString("- and " + itoa(len(list)-i) + " more\n")
			break
		}
		b.WriteString("- " + what)
		prose(x, detailLimit).markdown(&b, false)
		b.WriteByte('\n')
	}
	return b.String()
}

const (
	fullyAdvised = 10  // suggestions with their diffs in Markdown
	mostSilences = 100 // entries of a folded list
)

func (a *Advice) silencesMarkdown() string {
	var b strings.Builder
	for i, s := range a.Silences {
		if i == mostSilences {
			b.WriteString("- and " + itoa(len(a.Silences)-i) + " more\n")
			break
		}
		x := words("all rules")
		if s.Rule != "" {
			x = sentence{}.code(s.Rule, nameLimit)
		}
		if s.Line > 0 {
			x = x.say(", line " + itoa(s.Line))
		}
		b.WriteString("- ")
		x.say(": ").with(prose(s.Why, detailLimit)).markdown(&b, false)
		b.WriteByte('\n')
	}
	if b.Len() == 0 {
		return ""
	}
	return folded("Where the rules looked and kept silent", b.String())
}
