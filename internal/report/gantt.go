package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of the chart. GitHub draws no Mermaid chart of more than 50,000
// characters, and one of more rows cannot be read.
const (
	ganttBars  = 60
	ganttLabel = 48 // bytes
)

// gantt is the timeline as a Mermaid chart, which GitHub draws, with the critical
// path in words.
func (v *view) gantt() string {
	t := v.timeline()
	rows, left := t.ganttRows()
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	fenced(&b, "mermaid", t.mermaid(rows))
	b.WriteString("\nRed, or framed in red: the critical path, or what failed. Grey: transfers, loading and exporting. Pale: reading and writing caches.")
	if left > 0 {
		b.WriteString(" Not drawn: the " + count(left, "shortest bar") + ".")
	}
	b.WriteString("\n")
	title := "Timeline"
	if len(t.path) > 0 {
		title += ", " + duration(t.pathSeconds) + " of " + duration(v.Build.WallSeconds) + " on the critical path"
		b.WriteString("\n" + t.pathWords().markdownText() + "\n")
	}
	return folded(title, b.String())
}

// pathWords is the critical path as a sentence.
func (t *timeline) pathWords() sentence {
	shown, left := t.longestOfPath(pathItems)
	s := words("Critical path: ")
	for n, i := range shown {
		l := &t.lanes[i]
		if n > 0 {
			s = s.say(" → ")
		}
		s = s.say(l.prefix()).code(l.name, 60).say(" " + duration(l.busy()))
	}
	switch {
	case len(shown) == 0:
		s = s.say(count(left, "step") + " of no length")
	case left > 0:
		s = s.say(", and " + itoa(left) + " shorter")
	}
	return s.say(".")
}

// A ganttRow is one bar of the chart.
type ganttRow struct {
	lane *lane
	bar  bar
}

// ganttRows are the longest bars, in the order of the rows, and how many are left.
func (t *timeline) ganttRows() (rows []ganttRow, left int) {
	for i := range t.lanes {
		for _, b := range t.lanes[i].bars {
			rows = append(rows, ganttRow{&t.lanes[i], b})
		}
	}
	if len(rows) <= ganttBars {
		return rows, 0
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	length := func(i int) float64 { return rows[i].bar.end - rows[i].bar.start }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(length(b), length(a)) })
	order = order[:ganttBars]
	slices.Sort(order)
	longest := make([]ganttRow, 0, ganttBars)
	for _, i := range order {
		longest = append(longest, rows[i])
	}
	return longest, len(rows) - ganttBars
}

// mermaid writes the chart. Times are given as milliseconds since 1970, and the
// axis counts the seconds since then, which no time zone shifts; of a long build a
// second stands for a minute.
func (t *timeline) mermaid(rows []ganttRow) string {
	first, last := rows[0].bar.start, 0.0
	for _, r := range rows {
		first, last = min(first, r.bar.start), max(last, r.bar.end)
	}
	// Mermaid makes about ten ticks, which must not read the same.
	scale, axis := 1000.0, "%s s"
	switch span := last - first; {
	case span > 600:
		scale, axis = 1000.0/60, "%s min"
	case span < 10:
		axis = "%s.%L s"
	}
	// What is too short to be seen is drawn as a stroke.
	least := max((last-first)/300, 0.001)
	var b strings.Builder
	b.WriteString("gantt\n    accTitle: Timeline of the build\n    dateFormat x\n    axisFormat " + axis + "\n    todayMarker off")
	seen := map[string]bool{}
	for i, r := range rows {
		if i == 0 || rows[i-1].lane.group() != r.lane.group() {
			name := r.lane.section()
			section := name
			for n := 2; seen[section]; n++ { // Mermaid joins sections of one name
				section = name + " " + itoa(n)
			}
			seen[section] = true
			b.WriteString("\n    section " + section)
		}
		b.WriteString("\n    " + r.lane.label() + " " + duration(r.bar.end-r.bar.start) + " :" + r.tags())
		end := max(r.bar.end, r.bar.start+least)
		b.WriteString(milliseconds(r.bar.start*scale) + ", " + milliseconds(end*scale))
	}
	return b.String()
}

// milliseconds writes a time for the chart, bounded to what a date can be.
func milliseconds(f float64) string { return strconv.FormatInt(int64(min(f, 1e15)), 10) }

// tags give a bar its look.
func (r ganttRow) tags() string {
	tags := ""
	if r.lane.critical || r.bar.kind == barFailed {
		tags = "crit, "
	}
	switch r.bar.kind {
	case barMove, barWork:
		tags += "done, "
	case barCache:
		tags += "active, "
	}
	return tags
}

// section is the heading of a lane in the chart.
func (l *lane) section() string {
	switch {
	case l.step == nil:
		return l.part
	case l.step.Stage == "":
		return "steps"
	}
	return strings.TrimRight("stage "+ganttText(l.step.Stage, ganttLabel), " ")
}

// label names a lane in the chart. It starts with a word of ours, so that foreign
// text is never a keyword of Mermaid's.
func (l *lane) label() string {
	s := l.prefix()
	if l.step != nil {
		s = "line " + itoa(l.line) + " "
	}
	return strings.TrimRight(s+ganttText(l.name, ganttLabel-len(s)), " ")
}

// ganttText is as many words of a foreign text as have nothing in them that could
// mean anything to Mermaid, which knows no escape that all its versions read.
// Colons and commas part words.
func ganttText(text string, limit int) string {
	s := ""
	for w := range strings.FieldsFuncSeq(cleanLine(bounded(text, 400)), func(r rune) bool { return r == ' ' || r == ':' || r == ',' }) {
		if !only(w, isGanttByte) || len(s)+len(w) > limit {
			return strings.TrimLeft(s+" ...", " ")
		}
		if s != "" {
			s += " "
		}
		s += w
	}
	return s
}

func isGanttByte(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte("._/=+-", c) >= 0
}
