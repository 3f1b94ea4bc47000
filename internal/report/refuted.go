package report

import "strings"

// mostRefuted is how many suggestions that a build refuted are shown.
const mostRefuted = 20

// refuted are the suggestions that a build has shown to save nothing.
func refuted(all []Suggestion) []*Suggestion {
	var out []*Suggestion
	for i := range all {
		if all[i].Refuted {
			out = append(out, &all[i])
		}
	}
	return out
}

// refutedTitle says at once that these are none to make.
func refutedTitle(n int) string {
	if n == 1 {
		return "1 suggestion that a build refuted: it saved next to nothing"
	}
	return itoa(n) + " suggestions that builds refuted: they saved next to nothing"
}

// refutedMarkdown is what was tried in vain, folded, with its diffs.
func refutedMarkdown(all []Suggestion) string {
	list := refuted(all)
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	for i, g := range list {
		if i == mostRefuted {
			b.WriteString("And " + itoa(len(list)-i) + " more, in report.json.\n")
			break
		}
		b.WriteString("**")
		words("Refuted: ").with(adviceTitle(g)).markdown(&b, false)
		b.WriteString("** " + suggestionGain(g) + "\n")
		g.details(&b, "in report.json", anyLength)
		b.WriteByte('\n')
	}
	return folded(refutedTitle(len(list)), b.String())
}

// refuted is what was tried in vain, folded.
func (p *page) refuted() {
	list := refuted(p.Suggestions)
	if len(list) == 0 {
		return
	}
	p.raw("<details><summary>" + refutedTitle(len(list)) + "</summary>\n")
	for _, g := range list[:min(len(list), htmlMisses)] {
		p.suggestion(g)
	}
	p.raw("</details>\n")
}

// refuted lists on a terminal what was tried in vain, without its diffs.
func (t *terminal) refuted(all []Suggestion) {
	list := refuted(all)
	if len(list) == 0 {
		return
	}
	t.b.WriteByte('\n')
	t.wrapped(words(refutedTitle(len(list))+"."), 0, "")
	for _, g := range list[:min(len(list), terminalRows)] {
		t.item("- ", adviceTitle(g).say(" "+suggestionGain(g)), dim)
	}
}
