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
		parts = append(parts, "It "+p)
	}
	return strings.Join(parts, " ")
}

// predictedGain is what the replayed builds would have saved: on how many of them,
// how much there, and how many steps. It is the end of a sentence.
func predictedGain(p Predicted) string {
	steps := ""
	if p.MissesBefore > p.MissesAfter {
		steps = itoa(p.MissesAfter) + " instead of " + count(p.MissesBefore, "step")
	}
	by := ""
	if p.Estimated {
		by = " by estimate"
	}
	each := p.SecondsSavedPerBuild
	gain := ""
	switch {
	case noTime(each) || each <= 0:
	case p.Commits < 2 || p.CommitsSaved == 0:
		gain = "would save " + duration(each) + by + " a build like this one"
	default:
		each *= float64(p.Commits) / float64(p.CommitsSaved)
		gain = "would have saved " + duration(each) + by + " on " + itoa(p.CommitsSaved) + " of the last " + itoa(p.Commits) + " commits"
	}
	switch {
	case steps == "" && gain == "":
		return ""
	case steps == "":
		return gain + "."
	case gain != "":
		return gain + ": " + steps + " would have re-run."
	case p.Commits > 1:
		return "would have re-run " + steps + " over the last " + itoa(p.Commits) + " commits."
	}
	return "would have re-run " + steps + " in this build."
}

// together is what the best set of suggestions brings, or nothing if one alone is
// as good.
func (v *view) together() sentence {
	b := v.BestSet
	if b == nil || len(b.Suggestions) < 2 {
		return nil
	}
	gain := predictedGain(b.Predicted)
	if gain == "" {
		return nil
	}
	s := words("Together, ")
	for i, n := range b.Suggestions {
		if n < 0 || n >= len(v.Suggestions) {
			return nil // a report from elsewhere
		}
		switch {
		case i > 0 && i == len(b.Suggestions)-1:
			s = s.say(" and ")
		case i > 0:
			s = s.say(", ")
		}
		s = s.code(v.Suggestions[n].Rule, nameLimit)
	}
	return s.say(" " + gain)
}
