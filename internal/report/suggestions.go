package report

import (
	"slices"
	"strings"
)

// PullSuggestions is how many suggestions a pull request carries: on its lines
// and in the comment together.
const PullSuggestions = 3

// wanted are the suggestions that nobody has dismissed, and no build refuted.
func (v *view) wanted() []*Suggestion {
	var out []*Suggestion
	for i := range v.Suggestions {
		if v.Suggestions[i].Placed != Dismissed && !v.Suggestions[i].Refuted {
			out = append(out, &v.Suggestions[i])
		}
	}
	return out
}

// inComment are those that the comment shows: the best of those that stand on no
// lines of the diff.
func (v *view) inComment() []*Suggestion {
	var out []*Suggestion
	left := PullSuggestions - v.OtherSuggestions
	for _, g := range v.wanted() {
		if g.Placed == OnLines {
			left--
		} else {
			out = append(out, g)
		}
	}
	return out[:max(0, min(left, len(out)))]
}

// pressing says whether a suggestion is about this build's time, or about a
// credential in the image. Others are worth making some day, and nobody who waits
// for a build is told of them first.
func pressing(g *Suggestion) bool {
	p := g.Predicted
	return !g.noGain() && (p.SecondsSavedPerBuild > 0 || p.MissesBefore > p.MissesAfter) || g.Rule == "secret-in-layer"
}

// topSuggestion is the first suggestion that is pressing, with its diff: what a
// reader should do next. A diff of more lines than may be open is folded.
func (v *view) topSuggestion(list []*Suggestion, open int) string {
	if i := slices.IndexFunc(list, pressing); i >= 0 {
		return v.suggestion(list[i], open)
	}
	return ""
}

// moreSuggestions are the others, folded, with what the best set brings.
func (v *view) moreSuggestions(list []*Suggestion) string {
	rest, kind := slices.Clone(list), ""
	if i := slices.IndexFunc(list, pressing); i >= 0 {
		rest, kind = slices.Delete(rest, i, i+1), "more "
	}
	if len(rest) == 0 {
		return v.together().markdownText()
	}
	var b strings.Builder
	if best := v.together(); best != nil {
		b.WriteString(best.markdownText() + "\n\n")
	}
	for i, g := range rest {
		if i == 20 {
			b.WriteString("And " + itoa(len(rest)-i) + " more, in report.json.\n")
			break
		}
		b.WriteString(v.suggestion(g, anyLength) + "\n")
	}
	return folded(count(len(rest), kind+"suggestion"), b.String())
}

// suggestedElsewhere says where the suggestions are that the comment does not
// show.
func (v *view) suggestedElsewhere(here []*Suggestion) string {
	var lines, left int
	for _, g := range v.wanted() {
		if g.Placed == OnLines {
			lines++
		} else {
			left++
		}
	}
	left -= len(here)
	var parts []string
	switch {
	case lines == 1:
		parts = append(parts, "1 suggestion stands on the lines that it changes, where one click commits it.")
	case lines > 1:
		parts = append(parts, itoa(lines)+" suggestions stand on the lines that they change, where one click commits them.")
	}
	switch {
	case left == 1:
		parts = append(parts, "1 more suggestion is in the summary.")
	case left > 1:
		parts = append(parts, itoa(left)+" more suggestions are in the summary.")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " ") + "\n"
}

// NoteOf is what a suggestion says without its diff, as Markdown: what to do and what it
// brings.
func NoteOf(r Report, i int) string {
	var b strings.Builder
	v := newView(&r)
	v.lead(&b, &v.Suggestions[i])
	b.WriteString("\n\nResolve this conversation to dismiss the suggestion.")
	return b.String()
}

func (v *view) lead(b *strings.Builder, g *Suggestion) {
	b.WriteString("**")
	suggestionTitle(g).markdown(b, false)
	b.WriteString("**")
	if gain := suggestionGain(g); gain != "" {
		b.WriteString(" " + gain)
	}
	if with := v.notAlone(g); with != nil {
		b.WriteString(" " + with.markdownText())
	}
}

// notAlone says of a suggestion that saves no time alone which others it does with.
func (v *view) notAlone(g *Suggestion) sentence {
	if v.together() == nil || gained(g.Predicted) != "" {
		return nil
	}
	s, others, member := words("Alone it saves no time, but together with "), 0, false
	for _, n := range v.BestSet.Suggestions {
		if &v.Suggestions[n] == g {
			member = true
			continue
		}
		if others++; others > 1 {
			s = s.say(" and ")
		}
		s = s.code(v.Suggestions[n].Rule, nameLimit)
	}
	if !member || others == 0 {
		return nil
	}
	return s.say(" it does.")
}

// suggestion is one suggestion: what to do, what it brings, and the diff.
func (v *view) suggestion(g *Suggestion, open int) string {
	var b strings.Builder
	v.lead(&b, g)
	b.WriteByte('\n')
	g.details(&b, "in report.json", open)
	return b.String()
}

// details are what the prediction takes for granted, and the diff, with the place of
// what is too long to show. A diff of more lines than may be open is folded.
func (g *Suggestion) details(b *strings.Builder, rest string, open int) {
	for k, x := range g.Assumes {
		if k == 0 {
			b.WriteByte('\n')
		}
		if k == adviceAssumes {
			b.WriteString("- and " + count(len(g.Assumes)-k, "more assumption") + "\n")
			break
		}
		b.WriteString("- Assumes: ")
		prose(x, detailLimit).markdown(b, false)
		b.WriteByte('\n')
	}
	if patch := cleanBlock(g.Patch); patch != "" {
		text, left := firstLines(patch, patchLines, patchWidth)
		b.WriteByte('\n')
		if n := strings.Count(patch, "\n") + 1; n > open {
			var diff strings.Builder
			fenced(&diff, "diff", text)
			b.WriteString(folded("The patch, "+count(n, "line"), diff.String()))
		} else {
			fenced(b, "diff", text)
		}
		if left > 0 {
			b.WriteString("\n" + count(left, "more line") + " of this patch " + rest + ".\n")
		}
	}
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
	// What one build would have saved is not worth a word beside what one did.
	if p := predictedGain(g.Predicted); p != "" && !g.noGain() && (g.Verified == nil || g.Predicted.CommitsSaved > 1) {
		parts = append(parts, "It "+p)
	}
	if x := g.Verified; x != nil {
		parts = append(parts, verifiedGain(g, x))
	}
	return strings.Join(parts, " ")
}

// verifiedGain is what building with the edit has shown.
func verifiedGain(g *Suggestion, x *Verification) string {
	p := duration(x.SecondsAfter) + " instead of " + duration(x.SecondsBefore)
	switch {
	case x.NoGain:
		p = "A build with it took " + p
	case g.Predicted.SecondsSavedPerBuild > 0 && !x.faster():
		p = "For this change a build shows no gain: " + p
	default:
		p = "Verified by a build: " + p
	}
	switch n := x.DifferenceCount; {
	case x.SameFiles:
		return p + ", with the same files in the image."
	case n == 0:
		return p + ", but the files in the image differ."
	case n == 1:
		return p + ", with 1 difference in the image, which the edit is meant to make."
	default:
		return p + ", with " + itoa(n) + " differences in the image, which the edit is meant to make."
	}
}

// faster says that the build with the edit took less time.
func (x *Verification) faster() bool {
	return !x.NoGain && x.SecondsAfter < x.SecondsBefore && duration(x.SecondsAfter) != duration(x.SecondsBefore)
}

// noGain says that a build with the edit has shown nothing of the time that it was to
// save.
func (g *Suggestion) noGain() bool { return g.Verified != nil && g.Verified.NoGain }

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
		if v.Suggestions[n].Placed == Dismissed {
			return nil // nobody wants all of them
		}
		switch {
		case i > 0 && i == len(b.Suggestions)-1:
			s = s.say(" and ")
		case i > 0:
			s = s.say(", ")
		}
		s = s.code(v.Suggestions[n].Rule, nameLimit)
	}
	return s.say(" " + gain + b.verifiedGain())
}

// verifiedGain is what building with all of the set has shown, after a space.
func (b *BestSet) verifiedGain() string {
	if b.Verified == nil {
		return ""
	}
	return " " + verifiedGain(&Suggestion{Predicted: b.Predicted}, b.Verified)
}
