package report

import (
	"bytes"
	_ "embed" // for the style sheet
	"strconv"
	"strings"
)

// styleSheet is all the style of report.html. It names no font and no address.
//
//go:embed page.css
var styleSheet string

// page is an HTML page in the making. Templates would be parsed at each start
// for one rendering; a few typed methods are as safe and cost nothing. Only
// [page.raw] writes without escaping, and it is given constants and numbers.
type page struct {
	*view
	b bytes.Buffer
	// anchors are those of the cards of causes, by the cause's ID.
	anchors map[string]string
}

// raw writes markup of ours.
func (p *page) raw(markup string) { p.b.WriteString(markup) }

// text writes text escaped, for content and for quoted attributes.
func (p *page) text(s string) {
	last := 0
	for i := 0; i < len(s); i++ {
		var ref string
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		case '"':
			ref = "&#34;"
		case '\'':
			ref = "&#39;"
		default:
			continue
		}
		p.b.WriteString(s[last:i])
		p.b.WriteString(ref)
		last = i + 1
	}
	p.b.WriteString(s[last:])
}

// sentence writes a sentence.
func (p *page) sentence(s sentence) {
	for _, x := range s {
		if x.link != "" {
			p.raw(`<a href="`)
			p.text(x.link)
			p.raw(`">`)
		}
		if x.code {
			p.raw("<code>")
			p.text(x.text)
			p.raw("</code>")
		} else {
			p.text(x.text)
		}
		if x.link != "" {
			p.raw("</a>")
		}
	}
}

// diff writes a patch with its lines coloured.
func (p *page) diff(patch string) {
	text := cleanBlock(patch)
	if text == "" {
		return
	}
	p.raw(`<pre tabindex="0">`)
	for _, l := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(l, "+++"), strings.HasPrefix(l, "---"), strings.HasPrefix(l, "@@"):
			p.raw(`<span class="hunk">`)
		case strings.HasPrefix(l, "+"):
			p.raw(`<span class="add">`)
		case strings.HasPrefix(l, "-"):
			p.raw(`<span class="del">`)
		default:
			p.raw("<span>")
		}
		p.text(l)
		p.raw("</span>")
	}
	p.raw("</pre>\n")
}

// errorText writes an error as it stands, line by line.
func (p *page) errorText(text string, lines int) {
	text, left := firstLines(cleanBlock(text), lines, 1000)
	p.raw(`<pre class="error" tabindex="0">`)
	for _, l := range strings.Split(text, "\n") {
		p.raw("<span>")
		p.text(l)
		p.raw("</span>")
	}
	if left > 0 {
		p.raw(`<span class="hunk">… ` + count(left, "more line") + "</span>")
	}
	p.raw("</pre>\n")
}

// data writes a figure with the exact value of report.json behind its words. The
// name is the key there, within what the nearest id stands for.
func (p *page) data(name string, value float64, text string) {
	p.raw(`<data data-n="` + name + `" value="`)
	p.b.Write(strconv.AppendFloat(p.b.AvailableBuffer(), value, 'f', -1, 64))
	p.raw(`">` + text + "</data>")
}

// number writes a number for CSS, to a hundredth.
func (p *page) number(f float64) {
	p.b.Write(strconv.AppendFloat(p.b.AvailableBuffer(), float64(int64(f*100+0.5))/100, 'f', -1, 64))
}

// cell writes a table cell with a sentence.
func (p *page) cell(class string, s sentence) {
	p.raw("<td")
	if class != "" {
		p.raw(` class="` + class + `"`)
	}
	p.raw(">")
	p.sentence(s)
	p.raw("</td>")
}

// facts writes a list of sentences.
func (p *page) facts(facts []sentence) {
	if len(facts) == 0 {
		return
	}
	p.raw("<ul>\n")
	for _, s := range facts {
		p.raw("<li>")
		p.sentence(s)
		p.raw("</li>\n")
	}
	p.raw("</ul>\n")
}
