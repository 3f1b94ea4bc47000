package report

import (
	"strconv"
	"strings"
)

// trendSection shows the last builds in the summary: a chart that GitHub draws, and
// folded a table that says the same.
func (v *view) trendSection() string {
	if len(v.Trend) < 2 {
		return ""
	}
	chart, unit := trendChart(v.Trend)
	var b strings.Builder
	b.WriteString("#### The last " + count(len(v.Trend), "build") + "\n\n")
	b.WriteString("In " + unit + ": grey bars are the wall time, the red line is what misses lost, the green line what hits saved.\n\n")
	fenced(&b, "mermaid", chart)
	b.WriteString("\n" + folded("The same as a table", v.pastGrid("Build:", v.Trend).markdown()))
	return b.String()
}

// pastGrid is a table of builds. A first column with a name numbers them.
func (v *view) pastGrid(number string, builds []Past) *grid {
	g := &grid{columns: []string{"Started (UTC)", "Commit", "Branch", "Status", "Hit:", "Wall:", "Saved:", "Lost:", "Net:", "Costliest cause"}}
	if number != "" {
		g.columns = append([]string{number}, g.columns...)
	}
	for i := range builds {
		p := &builds[i]
		cells := []sentence{
			words(p.minute()), v.commitCell(p), branchCell(p), words(pastStatus(p)), words(p.rate()),
			words(duration(p.WallSeconds)), words(p.saved()), words(p.lost()), words(p.net()), p.cause(),
		}
		if number != "" {
			cells = append([]sentence{words(itoa(i + 1))}, cells...)
		}
		g.row(cells...)
	}
	return g
}

func (v *view) commitCell(p *Past) sentence {
	short := p.short()
	if short == "" {
		return nil
	}
	return sentence{{text: short, code: true, link: v.Links.commit(p.Commit)}}
}

func branchCell(p *Past) sentence {
	if p.Branch == "" {
		return nil
	}
	return code(p.Branch, 40)
}

func pastStatus(p *Past) string {
	if p.Status == "failed" {
		return "failed"
	}
	return "ok"
}

// rate, saved, lost and net are empty for a record that has none.
func (p *Past) rate() string {
	if p.Figures == nil || p.Hits+p.Misses == 0 {
		return ""
	}
	return percent(p.HitRate)
}

func (p *Past) saved() string {
	if p.Figures == nil {
		return ""
	}
	return p.bound() + duration(p.SavedSeconds)
}

// bound marks what is known to be a lower bound.
func (p *Past) bound() string {
	if p.SavedIsLowerBound {
		return "≥"
	}
	return ""
}

func (p *Past) lost() string {
	if p.Figures == nil {
		return ""
	}
	return duration(p.LostSeconds)
}

func (p *Past) net() string {
	if p.Figures == nil {
		return ""
	}
	return p.bound() + signed(p.NetSavedSeconds)
}

// signed is a duration that may be below zero; what rounds to nothing has no sign.
func signed(seconds float64) string {
	if noTime(seconds) {
		return "0 s"
	}
	return duration(seconds)
}

// trendChart is the code of a Mermaid chart, which holds nothing but numbers and
// words of ours. Builds are numbered, since twenty hashes do not fit below an
// axis. What was lost is a line: bars of nothing would show, as the axis stands a
// little below zero.
func trendChart(builds []Past) (chart, unit string) {
	most := 0.0
	for i := range builds {
		most = max(most, builds[i].WallSeconds, builds[i].savedSeconds(), builds[i].lostSeconds())
	}
	unit, scale := "seconds", 1.0
	if most >= 600 {
		unit, scale = "minutes", 60
	}
	numbers := func(of func(*Past) float64) string {
		list := make([]string, len(builds))
		for i := range builds {
			list[i] = plotted(of(&builds[i]) / scale)
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	at := 0.0
	order := numbers(func(*Past) float64 { at += scale; return at })
	top := plotted(max(1, most/scale*1.05))
	return `%%{init: {"xyChart": {"height": 320}, "themeVariables": {"xyChart": {"plotColorPalette": "#8c959f, #cf222e, #2da44e"}}}}%%
xychart-beta
    x-axis "build" ` + order + `
    y-axis "` + unit + `" 0 --> ` + top + `
    bar ` + numbers(func(p *Past) float64 { return p.WallSeconds }) + `
    line ` + numbers((*Past).lostSeconds) + `
    line ` + numbers((*Past).savedSeconds), unit
}

func (p *Past) lostSeconds() float64 {
	if p.Figures == nil {
		return 0
	}
	return p.LostSeconds
}

func (p *Past) savedSeconds() float64 {
	if p.Figures == nil {
		return 0
	}
	return p.SavedSeconds
}

// plotted writes a number as the chart's grammar has it: digits and a point. What
// no clock can measure is cut off, so that the code stays short.
func plotted(f float64) string {
	f = min(max(f, 0), 1e9)
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// worstSection ranks what the builds of the history lost the most to.
func (v *view) worstSection() string {
	w := v.Worst
	if w == nil || len(w.Files)+len(w.Instructions) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### What lost the most in " + count(w.Builds, "build") + "\n\n")
	b.WriteString(w.sum().markdownText() + "\n")
	for _, g := range w.grids() {
		b.WriteString("\n" + g.markdown())
	}
	if len(w.Files) > 0 {
		b.WriteString("\n<sub>" + alone + "</sub>\n")
	}
	return b.String()
}

// alone says what the two numbers of a file mean.
const alone = "A file counts with all that was lost whenever it changed; “alone” is the part of it where nothing else had changed."

// sum is what all the builds come to.
func (w *Worst) sum() sentence {
	least := ""
	if w.SavedIsLowerBound {
		least = "at least "
	}
	text := "Together they saved " + least + duration(w.SavedSeconds)
	if !noTime(w.SavedSeconds - w.NetSavedSeconds) {
		text += " (" + least + signed(w.NetSavedSeconds) + " net of what the cache itself took)"
	}
	s := words(text + " and lost " + duration(w.LostSeconds) + " to misses")
	if c := w.Cost; c != nil {
		s = s.say(". At " + price(c) + " a minute that is " + money(c.Saved, c.Currency) + " saved (net " +
			money(c.Net, c.Currency) + ") and " + money(c.Lost, c.Currency) + " lost")
	}
	return s.say(".")
}

// grids are the rankings that have rows. With a price they have one more column.
func (w *Worst) grids() []*grid {
	files := &grid{columns: []string{"File", "Lost:", "Alone:", "Builds:", "Mean:"}}
	for _, f := range w.Files {
		files.row(code(f.Path, nameLimit), words(duration(f.LostSeconds)), words(duration(f.AloneSeconds)),
			words(itoa(f.Builds)), words(duration(f.MeanSeconds)))
	}
	instructions := &grid{columns: []string{"Instruction", "Line:", "Lost:", "Builds:", "Mean:"}}
	for _, in := range w.Instructions {
		line := ""
		if in.Line > 0 {
			line = itoa(in.Line)
		}
		instructions.row(code(headOf(in.Instruction), instructionLimit), words(line), words(duration(in.LostSeconds)),
			words(itoa(in.Builds)), words(duration(in.MeanSeconds)))
	}
	if c := w.Cost; c != nil {
		for i, f := range w.Files {
			files.rows[i] = append(files.rows[i], words(money(f.LostCost, c.Currency)))
		}
		for i, in := range w.Instructions {
			instructions.rows[i] = append(instructions.rows[i], words(money(in.LostCost, c.Currency)))
		}
		files.columns, instructions.columns = append(files.columns, "Cost:"), append(instructions.columns, "Cost:")
	}
	var all []*grid
	for _, g := range []*grid{files, instructions} {
		if len(g.rows) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// trend shows the last builds on the page: bars, the numbers, and the rankings.
func (p *page) trend() {
	if len(p.Trend) < 2 {
		return
	}
	p.raw("<h2>The last " + count(len(p.Trend), "build") + `</h2>
<ul class="key"><li><i class="wall"></i>wall time</li><li><i class="miss"></i>lost to misses</li><li><i class="hit"></i>saved by hits (line)</li></ul>
`)
	p.trendBars()
	p.raw("<details><summary>The same as a table</summary>\n")
	p.grid(p.pastGrid("Build:", p.Trend))
	p.raw("</details>\n")
	w := p.Worst
	if w == nil || len(w.Files)+len(w.Instructions) == 0 {
		return
	}
	p.raw("<h2>What lost the most in " + count(w.Builds, "build") + "</h2>\n<p>")
	p.sentence(w.sum())
	p.raw("</p>\n")
	for _, g := range w.grids() {
		p.grid(g)
	}
	if len(w.Files) > 0 {
		p.raw(`<p class="soft">` + alone + "</p>\n")
	}
}

// trendBars draws the builds in a box of a hundred high. Who cannot see it has the
// table.
func (p *page) trendBars() {
	const width, height = 40, 100
	most := 0.0
	for i := range p.Trend {
		x := &p.Trend[i]
		most = max(most, x.WallSeconds, x.lostSeconds(), x.savedSeconds())
	}
	if most <= 0 {
		return
	}
	high := func(seconds float64) float64 { return height * min(max(seconds, 0), most) / most }
	p.raw(`<svg class="trend" aria-hidden="true" viewBox="0 0 ` +
		itoa(width*len(p.Trend)) + ` 102" preserveAspectRatio="none">` + "\n")
	bar := func(class string, i int, seconds float64, title string) {
		p.raw(`<rect class="` + class + `" x="` + itoa(width*i+6) + `" width="` + itoa(width-12) + `" y="`)
		p.number(height + 1 - high(seconds))
		p.raw(`" height="`)
		p.number(high(seconds))
		p.raw(`"><title>` + title + "</title></rect>\n")
	}
	for i := range p.Trend {
		x := &p.Trend[i]
		title := "build " + itoa(i+1) + ": " + duration(x.WallSeconds) + ", " + x.lost() + " lost, " + x.saved() + " saved"
		bar("wall", i, x.WallSeconds, title)
		bar("miss", i, x.lostSeconds(), title)
	}
	p.raw(`<polyline points="`)
	for i := range p.Trend {
		p.raw(itoa(width*i+width/2) + ",")
		p.number(height + 1 - high(p.Trend[i].savedSeconds()))
		p.raw(" ")
	}
	p.raw("\"/>\n</svg>\n")
}
