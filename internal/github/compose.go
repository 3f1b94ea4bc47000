package github

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// bodyBudget is what a comment may take in bytes. GitHub's limit is in characters,
// and less in practice.
const bodyBudget = 60_000

// composer makes the body of a comment of its sections.
type composer struct {
	key  string
	runs string // the address of a run without its number; empty makes no link
	// own renders sections anew; the text of all others is what was read.
	own map[string]func(bytes int) string
	// titled shows the title of a section that stands alone too.
	titled bool
	// bare leaves the markers out: nobody will look for them.
	bare bool
}

// compose returns the body, and the sections that it holds: the most costly first,
// and of more than fit at first the first paragraph, then nothing, the least costly
// before the others.
func (c composer) compose(all map[string]section) (body string, shown []section) {
	shown = slices.Collect(maps.Values(all))
	slices.SortFunc(shown, rank)
	c.render(shown)
	size := func() int { return len(c.assemble(shown, len(all)-len(shown))) }
	for i := len(shown) - 1; i >= 0 && size() > bodyBudget && len(shown) > 1; i-- {
		shown[i] = shown[i].shortened(c.runs)
	}
	for len(shown) > 1 && size() > bodyBudget {
		shown = shown[:len(shown)-1]
	}
	return c.assemble(shown, len(all)-len(shown)), shown
}

// rank orders sections by what they are about: failures, then what cost the most.
func rank(a, b section) int {
	order := func(s section) int { return slices.Index([]State{Failed, Loud, Quiet}, s.state) }
	return cmp.Or(order(a)-order(b), cmp.Compare(b.lost, a.lost), cmp.Compare(a.title, b.title), cmp.Compare(a.key, b.key))
}

// render writes the own sections into the room that the others leave, and into no
// less than their share.
func (c composer) render(shown []section) {
	var own []int
	for i, s := range shown {
		if c.own[s.key] != nil {
			own = append(own, i)
			shown[i].text, shown[i].cut = "", false
		}
	}
	if len(own) == 0 {
		return
	}
	frame := 0
	for _, s := range shown {
		frame += len(s.start()) + len(s.end()) + len(s.title) + 100
	}
	rest := bodyBudget - len(c.assemble(shown, 0))
	room := max(rest/len(own), (bodyBudget-frame)/len(shown))
	for _, i := range own {
		shown[i].text = stored(inert(c.own[shown[i].key](room)))
	}
}

// assemble joins the sections. One alone needs no summary, and no heading either
// unless it is a leg of a matrix. Only the first is open, so that legs which lost the same
// fill one screen.
func (c composer) assemble(shown []section, left int) string {
	var b strings.Builder
	text := section.String
	if c.bare {
		text = func(s section) string { return s.text + "\n" }
	} else {
		b.WriteString(marker(c.key) + "\n")
	}
	if len(shown) == 1 && left == 0 {
		if c.titled {
			b.WriteString("#### " + shown[0].title + "\n\n")
		}
		b.WriteString(text(shown[0]))
		return strings.TrimSuffix(b.String(), "\n")
	}
	b.WriteString(overall(shown) + "\n")
	loud, quiet := shown, []section(nil)
	if at := slices.IndexFunc(shown, func(s section) bool { return s.state == Quiet }); at >= 0 {
		loud, quiet = shown[:at], shown[at:]
	}
	for i, s := range loud {
		b.WriteString("\n#### " + s.title + "\n\n")
		if i == 0 || s.cut {
			b.WriteString(text(s))
		} else {
			b.WriteString("<details>\n<summary>" + s.outcome() + "</summary>\n\n" + text(s) + "\n</details>\n")
		}
	}
	if len(quiet) > 0 {
		b.WriteString("\n<details>\n<summary>" + builds(len(quiet)) + " lost nothing</summary>\n")
		for _, s := range quiet {
			b.WriteString("\n#### " + s.title + "\n\n" + text(s))
		}
		b.WriteString("\n</details>\n")
	}
	if left > 0 {
		b.WriteString("\n<sub>" + builds(left) + " more did not fit; the summaries of the run have them.</sub>\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// outcome is what a section is about, in a word.
func (s section) outcome() string {
	switch {
	case s.state == Failed:
		return "Failed"
	case s.lost >= leastLost:
		return "Lost " + seconds(s.lost)
	}
	return "Details"
}

// leastLost is what a time must reach not to be shown as 0.0 s.
const leastLost = 0.05

// overall is the line over all sections. It does not say of how many builds: quiet ones
// that came before there was a comment are not in it.
func overall(shown []section) string {
	failed, losers, lost := 0, 0, 0.0
	for _, s := range shown {
		if s.state == Failed {
			failed++
		}
		if s.lost >= leastLost {
			losers++
			lost += s.lost
		}
	}
	var parts []string
	if failed > 0 {
		parts = append(parts, builds(failed)+" failed")
	}
	if losers > 0 {
		parts = append(parts, builds(losers)+" lost "+seconds(lost)+" to cache misses")
	}
	if len(parts) == 0 {
		return "Nothing was lost in " + builds(len(shown)) + "."
	}
	return "**" + strings.Join(parts, "; ") + ".**"
}

func builds(n int) string {
	if n == 1 {
		return "1 build"
	}
	return fmt.Sprintf("%d builds", n)
}

// seconds writes a time as the report does.
func seconds(s float64) string {
	switch {
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	}
	if whole := int(s + 0.5); whole < 3600 {
		return fmt.Sprintf("%dm%02ds", whole/60, whole%60)
	}
	minutes := int(s/60 + 0.5)
	return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
}
