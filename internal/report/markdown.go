package report

import (
	"strconv"
	"strings"
)

// markdown writes a sentence for GitHub. Inside a table the bar has a meaning
// even within a code span.
func (s sentence) markdown(b *strings.Builder, inTable bool) {
	for _, p := range s {
		if p.link != "" {
			b.WriteByte('[')
		}
		if p.code {
			markdownCode(b, p.text, inTable)
		} else {
			b.WriteString(p.text)
		}
		if p.link != "" {
			b.WriteString("](" + p.link + ")")
		}
	}
}

// markdownText is the sentence as Markdown outside of a table.
func (s sentence) markdownText() string {
	var b strings.Builder
	s.markdown(&b, false)
	return b.String()
}

// markdownCode writes a cleaned line as a code span. Nothing is interpreted in
// one (no link, no mention, no entity), and it ends only at a run of backticks of
// its own length.
func markdownCode(b *strings.Builder, text string, inTable bool) {
	if inTable && strings.ContainsRune(text, '|') {
		htmlCode(b, text)
		return
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	// A space is stripped from both ends if both have one.
	pad := ""
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		pad = " "
	}
	b.WriteString(fence + pad + text + pad + fence)
}

// htmlCode writes a cleaned line as <code> within Markdown, where Markdown would
// still read the content: so every mark becomes a character reference, which
// can never be structure, and <wbr> parts what GitHub links after decoding.
func htmlCode(b *strings.Builder, text string) {
	b.WriteString("<code>")
	for _, r := range text {
		switch {
		case r == '@' || r == ':' || r == '.':
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";<wbr>")
		case r > '~' || isLetter(byte(r)) || isDigit(byte(r)) || strings.ContainsRune(" -/,=+", r):
			b.WriteRune(r)
		default:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	b.WriteString("</code>")
}

// fenced writes a cleaned block between fences that it cannot close.
func fenced(b *strings.Builder, language, text string) {
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	b.WriteString(fence + language + "\n" + text + "\n" + fence + "\n")
}

// longestRun is the length of the longest run of c in s.
func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// table writes a Markdown table row by row.
type table struct {
	b strings.Builder
}

// newTable starts a table. Columns whose name ends in ":" are aligned right.
func newTable(columns ...string) *table {
	t := &table{}
	rule := "|"
	for _, c := range columns {
		name, right := strings.CutSuffix(c, ":")
		t.b.WriteString("| " + name + " ")
		if right {
			rule += "--:|"
		} else {
			rule += ":--|"
		}
	}
	t.b.WriteString("|\n" + rule + "\n")
	return t
}

// row writes one row; it has as many cells as the table has columns.
func (t *table) row(cells ...sentence) {
	for _, c := range cells {
		t.b.WriteString("| ")
		c.markdown(&t.b, true)
		t.b.WriteByte(' ')
	}
	t.b.WriteString("|\n")
}

// amount is a quantity that does not break in its cell.
func amount(text string) sentence {
	return words(strings.ReplaceAll(text, " ", "&nbsp;"))
}

// folded writes a section that opens on a click. Its title is words of ours.
func folded(title, body string) string {
	return "<details>\n<summary>" + title + "</summary>\n\n" + strings.TrimRight(body, "\n") + "\n\n</details>\n"
}
