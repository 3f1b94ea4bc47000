package report

import "strings"

// topSuggestion is the first suggestion with its diff: what a reader should do
// next.
func (v *view) topSuggestion() string {
	if len(v.Suggestions) == 0 {
		return ""
	}
	return v.suggestion(&v.Suggestions[0])
}

// moreSuggestions are the others, folded.
func (v *view) moreSuggestions() string {
	if len(v.Suggestions) < 2 {
		return ""
	}
	rest := v.Suggestions[1:]
	var b strings.Builder
	for i := range rest {
		if i == 10 {
			b.WriteString("And " + itoa(len(rest)-i) + " more, in report.json.\n")
			break
		}
		b.WriteString(v.suggestion(&rest[i]) + "\n")
	}
	return folded(count(len(rest), "more suggestion"), b.String())
}

// suggestion is one suggestion: what to do, what it brings, and the diff.
func (v *view) suggestion(g *Suggestion) string {
	var b strings.Builder
	b.WriteString("**")
	suggestionTitle(g).markdown(&b, false)
	b.WriteString("**")
	if gain := suggestionGain(g); gain != "" {
		b.WriteString(" " + gain)
	}
	b.WriteByte('\n')
	if patch := cleanBlock(g.Patch); patch != "" {
		text, left := firstLines(patch, patchLines, patchWidth)
		b.WriteByte('\n')
		fenced(&b, "diff", text)
		if left > 0 {
			b.WriteString("\n" + count(left, "more line") + " of this patch in report.json.\n")
		}
	}
	return b.String()
}

// suggestionTitle is what to do, with a full stop.
func suggestionTitle(g *Suggestion) sentence {
	title := strings.TrimRight(strings.TrimSpace(g.Title), ". ")
	if title == "" {
		title = g.Rule
	}
	return words("Suggestion: ").with(prose(title, 200)).say(".")
}

// suggestionGain is what the edit brings, and how that is known.
func suggestionGain(g *Suggestion) string {
	var parts []string
	if x := g.Verified; x != nil {
		p := "Verified by a build: " + duration(x.SecondsAfter) + " instead of " + duration(x.SecondsBefore)
		if x.SameFiles {
			p += ", with the same files in the image."
		} else {
			p += ", but the files in the image differ."
		}
		parts = append(parts, p)
	} else if p := predictedGain(g.Predicted); p != "" {
		parts = append(parts, p)
	}
	return strings.Join(parts, " ")
}

// predictedGain is what the replayed builds would have saved: on how many of them,
// how much there, and how many steps.
func predictedGain(p Predicted) string {
	steps := ""
	if p.MissesBefore > p.MissesAfter {
		steps = itoa(p.MissesAfter) + " instead of " + count(p.MissesBefore, "step") + " would have re-run"
	}
	by := ""
	if p.Estimated {
		by = " by estimate"
	}
	gain := ""
	switch each := p.SecondsSavedPerBuild; {
	case noTime(each) || each <= 0:
	case p.Commits < 2 || p.CommitsSaved == 0:
		gain = "It would save " + duration(each) + by + " a build like this one"
	default:
		each *= float64(p.Commits) / float64(p.CommitsSaved)
		gain = "It would have saved " + duration(each) + by + " on " + itoa(p.CommitsSaved) + " of the last " + itoa(p.Commits) + " commits"
	}
	switch {
	case steps == "":
	case gain != "":
		gain += ": " + steps
	case p.Commits > 1:
		gain = "Over the last " + itoa(p.Commits) + " commits, " + steps
	default:
		gain = "In this build, " + steps
	}
	if gain == "" {
		return ""
	}
	return gain + "."
}
