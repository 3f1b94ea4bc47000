package report

import (
	"fmt"
	"io"
	"strings"
)

// Bounds of the page, in rows. The timeline has every step.
const (
	htmlMisses = 50   // of the table of missed steps, so that what follows is near
	htmlRows   = 1000 // of lists
)

// HTML writes report.html: one page that needs nothing else, neither a network
// nor a script, which its content security policy makes sure of.
func HTML(w io.Writer, r Report) error {
	p := &page{view: newView(&r), anchors: make(map[string]string, len(r.Causes))}
	for i := range r.Causes {
		p.anchors[r.Causes[i].ID] = "cause-" + itoa(i)
	}
	p.b.Grow(len(styleSheet) + 8192 + 600*len(r.Steps))
	d := p.verdict()
	p.head(d)
	p.raw("<main>\n<h1>")
	p.sentence(d.lead)
	p.raw("</h1>\n")
	if len(d.rest) > 0 {
		p.raw(`<p class="rest">`)
		p.sentence(d.rest)
		p.raw("</p>\n")
	}
	if beside := p.besideBase(); beside != nil {
		p.raw(`<p class="rest">`)
		p.sentence(beside)
		p.raw("</p>\n")
	}
	if r.Build.Failure != nil && r.Build.Failure.Message != "" {
		p.errorText(r.Build.Failure.Message, 200)
	}
	p.failedGates()
	p.tiles()
	p.missed()
	p.suggestions()
	p.waterfall()
	p.trend()
	p.allEvidence()
	p.cacheAndBase()
	p.allChecks()
	p.allWarnings()
	p.foot()
	p.raw("</main>\n</body>\n</html>\n")
	if _, err := w.Write(p.b.Bytes()); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return nil
}

func (p *page) head(d verdict) {
	p.raw(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>`)
	p.text(d.lead.text())
	p.raw("</title>\n<style>\n")
	p.raw(styleSheet)
	p.raw("</style>\n</head>\n<body>\n")
}

func (p *page) tile(class, name string, value float64, text, label string) {
	p.raw(`<div class="` + class + `"><dt>` + label + "</dt><dd>")
	p.data(name, value, text)
	p.raw("</dd></div>\n")
}

// tiles are the figures that people compare from build to build.
func (p *page) tiles() {
	t := &p.Totals
	p.raw("<dl class=\"tiles\" id=\"totals\">\n")
	p.tile("", "wallSeconds", p.Build.WallSeconds, duration(p.Build.WallSeconds), "wall time")
	if ran := t.Hits + t.Misses; ran > 0 {
		p.tile("", "hitRate", t.HitRate, percent(t.HitRate), itoa(t.Hits)+" of "+itoa(ran)+" steps hit")
	}
	least := ""
	if t.SavedIsLowerBound {
		least = "at least "
	}
	saved := least + "saved by hits"
	if noTime(t.SavedSeconds) && t.SavedIsLowerBound {
		saved = "saved by hits, not measured yet"
	}
	p.tile("saved", "savedSeconds", t.SavedSeconds, duration(t.SavedSeconds), saved)
	class := ""
	if !noTime(t.LostSeconds) {
		class = "lost"
	}
	p.tile(class, "lostSeconds", t.LostSeconds, duration(t.LostSeconds), "lost to misses")
	if len(p.Caches) == 0 && len(p.costs()) == 0 {
		p.raw("</dl>\n")
		return
	}
	p.costTiles()
	if p.overspent() != nil {
		p.tile("lost", "netSavedSeconds", t.NetSavedSeconds, duration(t.NetSavedSeconds), "net: the cache cost more than it saved")
	} else {
		p.tile("", "netSavedSeconds", t.NetSavedSeconds, duration(t.NetSavedSeconds), least+"saved after its own cost")
	}
	p.raw("</dl>\n")
}

// costTiles are what the cache itself took.
func (p *page) costTiles() {
	t := &p.Totals
	for _, c := range []struct {
		name, bytesName string
		seconds         float64
		bytes           int64
		label           string
	}{
		{"importSeconds", "importBytes", t.ImportSeconds, t.ImportBytes, "importing the cache"},
		{"exportSeconds", "exportBytes", t.ExportSeconds, t.ExportBytes, "exporting the cache"},
		{"downloadSeconds", "downloadBytes", t.DownloadSeconds, t.DownloadBytes, "loading reused layers"},
	} {
		if noTime(c.seconds) && c.bytes == 0 {
			continue
		}
		p.raw("<div><dt>" + c.label)
		if c.bytes > 0 {
			p.raw(", ")
			p.data(c.bytesName, float64(c.bytes), size(c.bytes))
		}
		p.raw("</dt><dd>")
		p.data(c.name, c.seconds, duration(c.seconds))
		p.raw("</dd></div>\n")
	}
}

func (p *page) failedGates() {
	for _, g := range p.Gates {
		if g.Status != "pass" {
			p.raw("<p>Gate <code>")
			p.text(cleanLine(g.Gate))
			p.raw("</code> failed: ")
			p.sentence(prose(g.Detail, detailLimit))
			p.raw("</p>\n")
		}
	}
}

// missed is the table of the steps that missed.
func (p *page) missed() {
	rows := p.missRows(htmlMisses)
	if len(rows) == 0 {
		return
	}
	p.raw(`<h2>Steps that missed</h2>
<div class="scroll"><table class="misses">
<thead><tr><th class="n" scope="col">Line</th><th scope="col">Step</th><th scope="col">Why it ran</th><th class="n" scope="col">Took</th><th class="n" scope="col">Lost</th></tr></thead>
<tbody>
`)
	for i, r := range rows {
		if i == htmlMisses {
			p.raw(`<tr><td></td><td>and ` + count(len(rows)-i, "more step") + ", in the timeline</td><td></td><td></td><td></td></tr>\n")
			break
		}
		class := "why"
		if !r.first {
			class = "why soft"
		}
		p.raw("<tr>")
		p.cell("n", p.lineCell(r.step))
		p.cell("step", p.instruction(r.step, 160))
		p.raw(`<td class="` + class + `">`)
		p.sentence(p.reason(r, cellFiles))
		if anchor := p.anchors[r.causeID()]; r.first && anchor != "" {
			p.raw(` <a href="#` + anchor + `">evidence<span class="sr"> of line ` + itoa(r.step.Line) + "</span></a>")
		}
		p.raw(`</td><td class="n">` + duration(r.step.Seconds) + `</td><td class="n">`)
		if r.first && r.cause != nil && !noTime(r.cause.LostSeconds) {
			p.raw("<b>" + duration(r.cause.LostSeconds) + "</b>")
		}
		p.raw("</td></tr>\n")
	}
	p.raw("</tbody>\n</table></div>\n")
	if why := p.lostInAll(); why != "" {
		p.raw("<p>" + why + "</p>\n")
	}
}

func (p *page) suggestions() {
	made := len(p.Suggestions) - len(refuted(p.Suggestions))
	switch {
	case made == 1:
		p.raw("<h2>Suggestion</h2>\n")
	case len(p.Suggestions) > 0:
		p.raw("<h2>Suggestions</h2>\n")
	}
	for i := range p.Suggestions {
		if g := &p.Suggestions[i]; !g.Refuted {
			p.suggestion(g)
		}
	}
	if s := p.together(); s != nil {
		p.raw("<p>")
		p.sentence(s)
		p.raw("</p>\n")
	}
	p.refuted()
}

func (p *page) suggestion(g *Suggestion) {
	p.raw("<section class=\"card\">\n<h3>")
	p.sentence(adviceTitle(g))
	p.raw("</h3>\n")
	gain := words(suggestionGain(g))
	if with := p.notAlone(g); with != nil {
		gain = gain.say(" ").with(with)
	}
	if strings.TrimSpace(gain.text()) != "" {
		p.raw("<p>")
		p.sentence(gain)
		p.raw("</p>\n")
	}
	for i, x := range g.Assumes {
		if i == adviceAssumes {
			break
		}
		p.raw("<p>")
		p.sentence(words("Assumes: ").with(prose(x, detailLimit)))
		p.raw("</p>\n")
	}
	p.diff(g.Patch)
	p.raw("</section>\n")
}

// allEvidence is what each cause rests on.
func (p *page) allEvidence() {
	if len(p.Causes) > 0 {
		p.raw("<h2>Evidence</h2>\n")
	}
	index := make(map[string]int, len(p.Steps))
	for i := range p.Steps {
		index[p.Steps[i].ID] = i
	}
	for i := range p.Causes {
		c := &p.Causes[i]
		p.raw(`<section class="card" id="` + p.anchors[c.ID] + "\">\n<h3>")
		p.sentence(p.namedLine(headOf(c.Instruction), c.File, c.Line, c.EndLine))
		p.raw(` <span class="soft">` + kindName(c.Kind) + "</span></h3>\n")
		p.facts(append(p.view.facts(c), p.fileFacts(&c.Evidence, foldedFiles)...))
		if listed := renamesJoined(c.Evidence.Files); c.Evidence.FileCount > len(c.Evidence.Files) || len(listed) > foldedFiles {
			listed = listed[:min(len(listed), htmlRows)]
			p.raw("<details><summary>" + count(len(listed), "file") + " of them</summary>\n")
			p.facts(p.fileList(listed))
			p.raw("</details>\n")
		}
		p.lostSteps(c, index)
		p.raw("</section>\n")
	}
}

// lostSteps says what a cause cost, with the way back to its steps.
func (p *page) lostSteps(c *Cause, index map[string]int) {
	p.raw(`<p class="soft">`)
	p.data("lostSeconds", c.LostSeconds, duration(c.LostSeconds))
	p.raw(" lost, " + count(len(c.Steps), "step") + " of the timeline:")
	for n, id := range c.Steps {
		if n == foldedFiles {
			p.raw(" and " + itoa(len(c.Steps)-n) + " more")
			break
		}
		if i, ok := index[id]; ok {
			if n > 0 {
				p.raw(",")
			}
			p.raw(` <a href="#step-` + itoa(i) + `">line ` + itoa(p.Steps[i].Line) + "</a>")
		}
	}
	p.raw("</p>\n")
}

// cacheAndBase is what was compared, and what the caches cost and brought.
func (p *page) cacheAndBase() {
	p.raw("<h2>Cache and comparison</h2>\n<p>")
	p.sentence(p.comparison())
	p.raw("</p>\n")
	for _, s := range []sentence{p.net(), p.inMoney(), p.without(), p.residue()} {
		if s != nil {
			p.raw("<p>")
			p.sentence(s)
			p.raw("</p>\n")
		}
	}
	if len(p.Caches) == 0 {
		return
	}
	p.raw(`<div class="scroll"><table>
<thead><tr><th scope="col">Cache</th><th scope="col">Type</th><th scope="col">Where</th><th class="n" scope="col">Took</th><th class="n" scope="col">Size</th><th scope="col">Result</th></tr></thead>
<tbody>
`)
	for i := range p.Caches {
		c := &p.Caches[i]
		p.raw(`<tr id="cache-` + itoa(i) + `">`)
		p.cell("", words(direction(c.Direction)))
		p.cell("", words(cleanLine(c.Type)))
		p.cell("", code(c.Ref, 300))
		p.raw(`<td class="n">`)
		p.data("seconds", c.Seconds, duration(c.Seconds))
		p.raw(`</td><td class="n">`)
		if c.Bytes > 0 {
			p.data("bytes", float64(c.Bytes), size(c.Bytes))
		}
		p.raw("</td>")
		p.cell("", cacheResult(c))
		p.raw("</tr>\n")
	}
	p.raw("</tbody>\n</table></div>\n")
}

func (p *page) allWarnings() {
	if len(p.Warnings) == 0 {
		return
	}
	p.raw("<h2>" + count(len(p.Warnings), "warning") + "</h2>\n")
	facts := make([]sentence, 0, len(p.Warnings))
	for i, w := range p.Warnings {
		if i == htmlRows {
			facts = append(facts, words("and "+itoa(len(p.Warnings)-i)+" more"))
			break
		}
		facts = append(facts, prose(w, 1000))
	}
	p.facts(facts)
}

// foot says which build this page is about.
func (p *page) foot() {
	b := &p.Build
	s := words("Build of ").with(sentence{placeSpan(cleanLine(b.Dockerfile), b.Dockerfile, "")})
	if b.Target != "" {
		s = s.say(", target ").code(b.Target, nameLimit)
	}
	for i, f := range b.Platforms {
		if i == 0 {
			s = s.say(" for ")
		} else {
			s = s.say(", ")
		}
		s = s.code(f, 40)
	}
	if isHash(b.Commit) {
		s = s.say(" at ").code(b.Commit[:7], 7)
	}
	if b.StartedAt != "" {
		s = s.say(", started ").say(cleanLine(b.StartedAt))
	}
	p.raw("<footer>")
	p.sentence(s.say("."))
	p.raw("</footer>\n")
}
