package report

import "slices"

// pathItems is how many lanes of the critical path are named.
const pathItems = 12

// waterfall draws when everything worked: a table with a row a step, in the order
// of the file and grouped by stage, and rows for what comes before and after.
// Bars are plain boxes placed by per cent. Every figure stands in a cell too, so
// that nothing has to be hovered over. What is out of sight is laid out as well:
// content-visibility would halve the time to open thousands of rows, but Chromium
// then leaves their cells out of the accessibility tree.
func (p *page) waterfall() {
	t := p.view.timeline()
	if len(p.Steps) == 0 || t.seconds <= 0 {
		return
	}
	p.raw("<h2 id=\"timeline\">Timeline</h2>\n")
	p.criticalPath(t)
	p.key(t)
	p.raw(`<table class="fall">
<caption class="sr">When each step and transfer of the build worked</caption>
<thead><tr><th scope="col" class="l">Line</th><th scope="col" class="s">Step</th><th scope="col" class="r">Result</th><th scope="col" class="f">From</th><th scope="col" class="k">Took</th><th scope="col" class="t"><span class="sr">Timeline</span><span class="axis" aria-hidden="true">`)
	for i := range 5 {
		p.raw("<span>")
		p.text(duration(t.seconds * float64(i) / 4))
		p.raw("</span>")
	}
	p.raw("</span></th></tr></thead>\n")
	joints := t.joints()
	for i := range t.lanes {
		l := &t.lanes[i]
		if i == 0 || t.lanes[i-1].group() != l.group() {
			if i > 0 {
				p.raw("</tbody>\n")
			}
			p.raw("<tbody>\n")
			p.groupRow(l, t, joints[i])
		}
		p.lane(l, t, joints[i])
	}
	p.raw("</tbody>\n</table>\n")
}

// group is what the rows under one heading have in common.
func (l *lane) group() [2]string {
	if l.step == nil {
		return [2]string{l.part, ""}
	}
	return [2]string{"", l.step.Stage}
}

func (p *page) groupRow(l *lane, t *timeline, joints []joint) {
	p.raw(`<tr class="g"><th scope="rowgroup" colspan="5">`)
	switch {
	case l.step == nil:
		p.raw(l.part)
	case l.step.Stage == "":
		p.raw("steps")
	default:
		p.raw("stage ")
		p.text(shorten(cleanLine(l.step.Stage), nameLimit))
	}
	p.raw(`</th><td class="t">`)
	for _, j := range joints {
		if j.part == whole || j.part == upper {
			p.joint(joint{part: whole, x: j.x}, t)
		}
	}
	p.raw("</td></tr>\n")
}

// lane writes a row.
func (p *page) lane(l *lane, t *timeline, joints []joint) {
	class := "other"
	if l.step != nil {
		class = l.word
		if class == "not run" {
			class = "off"
		}
	}
	if l.critical {
		class += " crit"
	}
	p.raw(`<tr id="` + l.id + `" class="` + class + `"><td class="l">`)
	switch {
	case l.step != nil:
		p.sentence(p.lineCell(l.step))
	case l.line > 0:
		p.raw(itoa(l.line))
	}
	label := cleanLine(l.name)
	p.raw(`</td><th scope="row" class="s" title="`)
	p.text(shorten(label, 300))
	p.raw(`">`)
	anchor := p.causeAnchor(l.step)
	if anchor != "" {
		p.raw(`<a href="#` + anchor + `">`)
	}
	p.text(shorten(label, 90))
	if anchor != "" {
		p.raw("</a>")
	}
	if l.bytes > 0 {
		p.raw(" ")
		p.data("bytes", float64(l.bytes), size(l.bytes))
	}
	p.raw(`</th><td class="r">` + l.word + `</td><td class="f">`)
	if len(l.bars) > 0 {
		p.data("from", l.start(), duration(l.start()))
	}
	p.raw(`</td><td class="k">`)
	switch {
	case l.step == nil:
		p.data("took", l.end()-l.start(), duration(l.end()-l.start()))
	case missed(l.step):
		p.data("seconds", l.step.Seconds, duration(l.step.Seconds))
	case l.step.TransferSeconds > 0:
		p.data("transferSeconds", l.step.TransferSeconds, duration(l.step.TransferSeconds))
	}
	p.raw(`</td><td class="t">`)
	for _, j := range joints {
		p.joint(j, t)
	}
	for _, b := range l.bars {
		p.bar(b, l, t)
	}
	if l.step != nil && !noTime(l.step.SavedSeconds) {
		p.raw(`<span class="e" style="left:`)
		p.number(l.beside(t) / t.seconds * 100)
		p.raw(`%">`)
		p.data("savedSeconds", l.step.SavedSeconds, duration(l.step.SavedSeconds)+" saved")
		p.raw("</span>")
	}
	p.raw("</td></tr>\n")
}

// beside is where a row has room for words: behind its bars, or before them if
// they end late.
func (l *lane) beside(t *timeline) float64 {
	if len(l.bars) == 0 || l.end() > t.seconds*3/4 {
		return 0
	}
	return l.end()
}

// causeAnchor is the card of the cause that a step missed for, or "".
func (p *page) causeAnchor(s *Step) string {
	if s == nil || !missed(s) {
		return ""
	}
	c := p.mainCause(s)
	if c == nil {
		return ""
	}
	return p.anchors[c.ID]
}

// barNames say what a bar shows.
var barNames = map[barKind]string{
	barRan: "ran", barFailed: "failed", barMove: "transfer", barCache: "cache", barWork: "worked",
}

// bar draws one span of work. Its name tells a screen reader what the eye sees.
func (p *page) bar(b bar, l *lane, t *timeline) {
	p.raw(`<i class="` + string(b.kind) + `" role="img" aria-label="` + barNames[b.kind] + " from " + duration(b.start) + " to " + duration(b.end))
	if l.critical {
		p.raw(", critical")
	}
	p.raw(`" style="left:`)
	p.number(b.start / t.seconds * 100)
	p.raw("%;width:")
	p.number((b.end - b.start) / t.seconds * 100)
	p.raw(`%"></i>`)
}

// key explains the bars that this build has.
func (p *page) key(t *timeline) {
	seen := map[barKind]bool{}
	for i := range t.lanes {
		for _, b := range t.lanes[i].bars {
			seen[b.kind] = true
		}
	}
	p.raw(`<ul class="key">`)
	for _, k := range []struct {
		kind barKind
		text string
	}{
		{barRan, "step that ran"},
		{barFailed, "failed"},
		{barMove, "transfer"},
		{barCache, "cache import and export"},
		{barWork, "loading and exporting"},
	} {
		if seen[k.kind] {
			p.raw(`<li><i class="` + string(k.kind) + `"></i>` + k.text + "</li>")
		}
	}
	if len(t.path) > 0 {
		p.raw(`<li class="crit"><i class="ran"></i>framed and joined: the critical path</li>`)
	}
	p.raw("</ul>\n")
}

// criticalPath says in words which work the build waited for, one after the other.
func (p *page) criticalPath(t *timeline) {
	if len(t.path) == 0 {
		return
	}
	p.raw(`<p id="path">Critical path: `)
	p.data("pathSeconds", t.pathSeconds, duration(t.pathSeconds))
	p.raw(" of ")
	p.data("wallSeconds", p.Build.WallSeconds, duration(p.Build.WallSeconds))
	p.raw(" wall time")
	shown, left := t.longestOfPath(pathItems)
	if len(shown) > 0 {
		p.raw(":</p>\n<ol class=\"path\">\n")
		for _, i := range shown {
			l := &t.lanes[i]
			p.raw(`<li><a href="#` + l.id + `">` + l.prefix() + "<code>")
			p.text(shorten(cleanLine(l.name), 60))
			p.raw("</code></a> " + duration(l.busy()) + "</li>\n")
		}
		if left > 0 {
			p.raw("<li>and " + itoa(left) + " shorter</li>\n")
		}
		p.raw("</ol>\n")
		return
	}
	p.raw(".</p>\n")
}

// busy is how long a lane worked.
func (l *lane) busy() float64 {
	sum, until := 0.0, 0.0
	for _, b := range l.bars {
		if b.end > until {
			sum += b.end - max(b.start, until)
			until = b.end
		}
	}
	return sum
}

// longestOfPath are the longest lanes of the critical path, in its order, and how
// many are left.
func (t *timeline) longestOfPath(limit int) (shown []int, left int) {
	for _, i := range t.path {
		if !noTime(t.lanes[i].busy()) {
			shown = append(shown, i)
		}
	}
	if len(shown) > limit {
		long := slices.Clone(shown)
		slices.SortStableFunc(long, func(a, b int) int {
			if x, y := t.lanes[a].busy(), t.lanes[b].busy(); x != y {
				if x > y {
					return -1
				}
				return 1
			}
			return 0
		})
		long = long[:limit]
		shown = slices.DeleteFunc(shown, func(i int) bool { return !slices.Contains(long, i) })
	}
	return shown, len(t.path) - len(shown)
}
