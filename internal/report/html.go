package report

import (
	"fmt"
	"io"
)

// Bounds of the page, in rows. The timeline has every step.
const (
	htmlMisses = 50   // of the table of missed steps, so that what follows is near
	htmlRows   = 1000 // of lists
)

// HTML writes report.html: one page that needs nothing else, neither a network
// nor a script, which its content security policy makes sure of.
func HTML(w io.Writer, r Report) error {
	p := &page{view: newView(&r)}
	p.b.Grow(len(styleSheet) + 8192 + 400*len(r.Steps))
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
	if r.Build.Failure != nil && r.Build.Failure.Message != "" {
		p.errorText(r.Build.Failure.Message, 200)
	}
	p.failedGates()
	p.tiles()
	p.missed()
	p.suggestions()
	p.waterfall()
	p.allEvidence()
	p.cacheAndBase()
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

func (p *page) tile(class, value, small, label string) {
	p.raw(`<div class="` + class + `"><dt>` + label + "</dt><dd>" + value)
	if small != "" {
		p.raw(" <small>" + small + "</small>")
	}
	p.raw("</dd></div>\n")
}

// tiles are the figures that people compare from build to build.
func (p *page) tiles() {
	t := &p.Totals
	p.raw("<dl class=\"tiles\">\n")
	p.tile("", duration(p.Build.WallSeconds), "", "wall time")
	if ran := t.Hits + t.Misses; ran > 0 {
		p.tile("", percent(t.HitRate), itoa(t.Hits)+" of "+itoa(ran), "steps hit")
	}
	least := ""
	if t.SavedIsLowerBound {
		least = "at least "
	}
	p.tile("saved", duration(t.SavedSeconds), "", least+"saved by hits")
	class := ""
	if !noTime(t.LostSeconds) {
		class = "lost"
	}
	p.tile(class, duration(t.LostSeconds), "", "lost to misses")
	if len(p.Caches) > 0 {
		p.tile("", duration(t.ImportSeconds+t.ExportSeconds), "", "importing and exporting")
		if t.NetSavedSeconds < -0.05 {
			p.tile("lost", duration(-t.NetSavedSeconds), "", "the cache cost more than it saved")
		} else {
			p.tile("", duration(t.NetSavedSeconds), "", least+"saved after import and export")
		}
	}
	p.raw("</dl>\n")
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
	rows := p.missRows()
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
		class := ""
		if !r.first {
			class = "soft"
		}
		p.raw("<tr>")
		p.cell("n", p.lineCell(r.step))
		p.cell("step", p.instruction(r.step, 160))
		p.cell(class, p.reason(r, cellFiles))
		p.cell("n", words(duration(r.step.Seconds)))
		if r.first && r.cause != nil && !noTime(r.cause.LostSeconds) {
			p.raw(`<td class="n"><b>` + duration(r.cause.LostSeconds) + "</b></td></tr>\n")
		} else {
			p.raw("<td></td></tr>\n")
		}
	}
	p.raw("</tbody>\n</table></div>\n")
}

func (p *page) suggestions() {
	if len(p.Suggestions) == 0 {
		return
	}
	if len(p.Suggestions) == 1 {
		p.raw("<h2>Suggestion</h2>\n")
	} else {
		p.raw("<h2>Suggestions</h2>\n")
	}
	for i := range p.Suggestions {
		g := &p.Suggestions[i]
		p.raw("<section class=\"card\">\n<h3>")
		p.sentence(suggestionTitle(g)[1:])
		p.raw("</h3>\n")
		if gain := suggestionGain(g); gain != "" {
			p.raw("<p>")
			p.text(gain)
			p.raw("</p>\n")
		}
		p.diff(g.Patch)
		p.raw("</section>\n")
	}
}

// allEvidence is what each cause rests on.
func (p *page) allEvidence() {
	titled := false
	for i := range p.Causes {
		c := &p.Causes[i]
		if !hasEvidence(c) {
			continue
		}
		if !titled {
			p.raw("<h2>Evidence</h2>\n")
			titled = true
		}
		p.raw("<section class=\"card\">\n<h3>")
		p.sentence(p.namedLine(headOf(c.Instruction), c.File, c.Line, c.EndLine))
		p.raw(` <span class="soft">` + kindName(c.Kind) + "</span></h3>\n")
		p.facts(append(p.view.facts(c), p.fileFacts(&c.Evidence, foldedFiles)...))
		if listed := renamesJoined(c.Evidence.Files); c.Evidence.FileCount > len(c.Evidence.Files) || len(listed) > foldedFiles {
			listed = listed[:min(len(listed), htmlRows)]
			p.raw("<details><summary>" + count(len(listed), "file") + " of them</summary>\n")
			p.facts(p.fileList(listed))
			p.raw("</details>\n")
		}
		p.raw("</section>\n")
	}
}

// cacheAndBase is what was compared, and what the caches cost and brought.
func (p *page) cacheAndBase() {
	p.raw("<h2>Cache and comparison</h2>\n<p>")
	p.sentence(p.comparison())
	p.raw("</p>\n")
	for _, s := range []sentence{p.net(), p.without(), p.residue()} {
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
		bytes := ""
		if c.Bytes > 0 {
			bytes = size(c.Bytes)
		}
		p.raw("<tr>")
		p.cell("", words(direction(c.Direction)))
		p.cell("", words(cleanLine(c.Type)))
		p.cell("", code(c.Ref, 300))
		p.cell("n", words(duration(c.Seconds)))
		p.cell("n", words(bytes))
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
