package report

import "github.com/layercause/layercause/internal/record"

// waterfall draws when each step worked: a row a step, in the order of the file
// and grouped by stage, and a row for each cache that was read or written. Bars
// are plain boxes placed by per cent, so thousands of rows stay quick; what is
// out of sight is not laid out.
func (p *page) waterfall() {
	total := p.span()
	if len(p.Steps) == 0 || total <= 0 {
		return
	}
	p.raw(`<h2>Timeline</h2>
`)
	p.key()
	p.raw("<div class=\"fall\">\n")
	p.cacheRows("import", total)
	stage, open := "", false
	for i := range p.Steps {
		s := &p.Steps[i]
		if !open || s.Stage != stage {
			if open {
				p.raw("</ol>\n")
			}
			stage, open = s.Stage, true
			if stage != "" {
				p.raw("<h3>stage ")
				p.text(shorten(cleanLine(stage), nameLimit))
				p.raw("</h3>\n")
			}
			p.raw("<ol>\n")
		}
		p.stepRow(s, total)
	}
	p.raw("</ol>\n")
	p.cacheRows("export", total)
	p.raw(`<div class="axis" aria-hidden="true"><div>`)
	for i := 0; i <= 4; i++ {
		p.raw("<span>")
		p.text(duration(total * float64(i) / 4))
		p.raw("</span>")
	}
	p.raw("</div></div>\n</div>\n")
}

// span is the time that the waterfall covers, in seconds.
func (p *page) span() float64 {
	total := p.Build.WallSeconds
	for i := range p.Steps {
		for _, iv := range p.Steps[i].Intervals {
			if drawn(&p.Steps[i], iv) {
				total = max(total, iv.End)
			}
		}
	}
	for _, c := range p.Caches {
		total = max(total, c.Start+c.Seconds)
	}
	return total
}

// key explains the colours that this build has.
func (p *page) key() {
	var ran, critical, failed, moved bool
	for i := range p.Steps {
		s := &p.Steps[i]
		ran = ran || s.Status == string(record.Miss)
		critical = critical || s.Critical && s.Status == string(record.Miss)
		failed = failed || s.Status == string(record.StepFailed)
		for _, iv := range s.Intervals {
			moved = moved || iv.Transfer
		}
	}
	p.raw(`<ul class="key">`)
	for _, k := range []struct {
		shown bool
		item  string
	}{
		{ran, `<li><i class="miss"></i>ran</li>`},
		{critical, `<li class="crit"><i class="miss"></i>on the critical path</li>`},
		{failed || p.cacheFailed(), `<li><i class="failed"></i>failed</li>`},
		{moved, `<li><i class="move"></i>loading layers</li>`},
		{len(p.Caches) > 0, `<li><i class="cache"></i>cache import and export</li>`},
	} {
		if k.shown {
			p.raw(k.item)
		}
	}
	p.raw("</ul>\n")
}

// drawn says that an interval is work: looking a hit up is none.
func drawn(s *Step, iv Interval) bool { return iv.Transfer || missed(s) }

func (p *page) stepRow(s *Step, total float64) {
	class, word, figure := "", "not run", ""
	switch record.StepStatus(s.Status) {
	case record.Hit:
		class, word = "hit", "hit"
		if !noTime(s.SavedSeconds) {
			word += ", " + duration(s.SavedSeconds) + " saved"
		}
	case record.Miss:
		class, word, figure = "miss", "missed", duration(s.Seconds)
	case record.StepFailed:
		class, word, figure = "failed", "failed", duration(s.Seconds)
	default:
		class = "off"
	}
	p.raw(`<li class="` + class)
	if s.Critical {
		p.raw(" crit")
	}
	p.raw(`"><span class="l">`)
	p.sentence(p.lineCell(s))
	p.raw(`</span><code title="`)
	label := headOf(s.Instruction)
	if p.platforms && s.Platform != "" {
		label = s.Platform + " " + label
	}
	label = cleanLine(label)
	p.text(shorten(label, 300))
	p.raw(`">`)
	p.text(shorten(label, 90))
	p.raw(`</code><span class="t">`)
	bars := false
	for _, iv := range s.Intervals {
		if !drawn(s, iv) {
			continue
		}
		kind := class
		if iv.Transfer {
			kind = "move"
		}
		p.bar(kind, iv.Start, iv.End, total)
		bars = true
	}
	if bars && class == "hit" {
		figure = "hit" // its bars are the loading of its layers
	}
	if !bars && figure == "" {
		p.raw(`<i class="e">` + word + "</i>")
	} else {
		p.raw(`<span class="sr">` + word + "</span>")
	}
	p.raw(`</span><span class="n">` + figure + "</span></li>\n")
}

func (p *page) cacheRows(direction string, total float64) {
	open := false
	for i := range p.Caches {
		c := &p.Caches[i]
		if c.Direction != direction {
			continue
		}
		if !open {
			p.raw("<h3>cache " + direction + "</h3>\n<ol>\n")
			open = true
		}
		label := cleanLine(c.Type + " " + c.Ref)
		p.raw(`<li><span class="l"></span><code title="`)
		p.text(shorten(label, 300))
		p.raw(`">`)
		p.text(shorten(label, 90))
		p.raw(`</code><span class="t">`)
		kind := "cache"
		if c.Error != "" {
			kind = "failed"
		}
		p.bar(kind, c.Start, c.Start+c.Seconds, total)
		p.raw(`</span><span class="n">` + duration(c.Seconds) + "</span></li>\n")
	}
	if open {
		p.raw("</ol>\n")
	}
}

// bar draws one span of work.
func (p *page) bar(kind string, start, end, total float64) {
	start = min(max(start, 0), total)
	end = min(max(end, start), total)
	p.raw(`<i class="` + kind + `" style="left:`)
	p.number(start / total * 100)
	p.raw("%;width:")
	p.number((end - start) / total * 100)
	p.raw(`%"></i>`)
}
