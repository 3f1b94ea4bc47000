package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Bounds of the waterfall in the comment: bars and the start of a name fit on a
// phone, and what is short in a long build is no news.
const (
	textBarCells = 24
	textBarRows  = 25
	textBarLabel = 60
)

// textWaterfall is the timeline as plain text, for the comment: unlike a Mermaid
// chart it can be read in the e-mail that a comment is sent as, in an app, and on
// a server that draws no charts. The summary has the chart.
func (v *view) textWaterfall() (title, text string) {
	t := v.timeline()
	rows, left := t.longest(textBarRows)
	if len(rows) == 0 {
		return "", ""
	}
	end := duration(t.seconds)
	var lines strings.Builder
	fmt.Fprintf(&lines, "%6s %-*s%s\n", "", textBarCells-len(end), "0 s", end)
	for _, l := range rows {
		fmt.Fprintf(&lines, "%6s %s %s\n", duration(l.busy()), l.cells(t.seconds), l.title())
	}
	var b strings.Builder
	fenced(&b, "text", strings.TrimRight(lines.String(), "\n"))
	title = "Timeline"
	if len(t.path) > 0 {
		title += ", " + duration(t.pathSeconds) + " of " + duration(v.Build.WallSeconds) + " on the critical path"
		b.WriteString("\n█ is the critical path, which the end of the build waited for; ░ ran beside it.")
	}
	if left > 0 {
		b.WriteString("\nNot drawn: the " + count(left, "shortest bar") + ".")
	}
	b.WriteString("\n")
	return title, b.String()
}

// longest are the lanes that worked longest, in order of their start, and how many
// more there are.
func (t *timeline) longest(limit int) (rows []*lane, left int) {
	for i := range t.lanes {
		if len(t.lanes[i].bars) > 0 {
			rows = append(rows, &t.lanes[i])
		}
	}
	if len(rows) > limit {
		slices.SortStableFunc(rows, func(a, b *lane) int { return cmp.Compare(b.busy(), a.busy()) })
		rows, left = rows[:limit], len(rows)-limit
	}
	slices.SortStableFunc(rows, func(a, b *lane) int {
		return cmp.Or(cmp.Compare(a.start(), b.start()), cmp.Compare(a.line, b.line))
	})
	return rows, left
}

// cells draws a lane's bars, of which none is too short to be seen.
func (l *lane) cells(seconds float64) string {
	cells := []rune(strings.Repeat(" ", textBarCells))
	mark := '░'
	if l.critical {
		mark = '█'
	}
	at := func(x float64) int {
		if seconds <= 0 {
			return 0
		}
		return int(min(x/seconds, 1) * textBarCells)
	}
	for _, b := range l.bars {
		first := min(at(b.start), textBarCells-1)
		for i := first; i < max(at(b.end), first+1); i++ {
			cells[i] = mark
		}
	}
	return string(cells)
}

// title names a lane where no column tells what it is.
func (l *lane) title() string {
	name := shorten(cleanLine(bounded(l.name, 8*textBarLabel)), textBarLabel)
	if l.step == nil {
		return l.prefix() + name
	}
	if l.word == "failed" {
		name += " (failed)"
	}
	return "line " + itoa(l.line) + ": " + name
}
