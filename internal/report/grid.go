package report

import (
	"strings"
	"unicode/utf8"
)

// grid is a table for any rendering. Columns whose name ends in ":" hold amounts
// and are aligned right.
type grid struct {
	columns []string
	rows    [][]sentence
}

func (g *grid) row(cells ...sentence) { g.rows = append(g.rows, cells) }

// markdown is the grid for GitHub. Amounts do not break in their cells.
func (g *grid) markdown() string {
	t := newTable(g.columns...)
	for _, cells := range g.rows {
		for i, c := range cells {
			if strings.HasSuffix(g.columns[i], ":") && len(c) == 1 && !c[0].code {
				cells[i] = amount(c[0].text)
			}
		}
		t.row(cells...)
	}
	return t.b.String()
}

// grid writes a grid for the page.
func (p *page) grid(g *grid) {
	class := func(i int) string {
		if strings.HasSuffix(g.columns[i], ":") {
			return "n"
		}
		return ""
	}
	p.raw("<div class=\"scroll\"><table>\n<thead><tr>")
	for i, c := range g.columns {
		p.raw("<th")
		if class(i) != "" {
			p.raw(` class="n"`)
		}
		p.raw(` scope="col">` + strings.TrimSuffix(c, ":") + "</th>")
	}
	p.raw("</tr></thead>\n<tbody>\n")
	for _, cells := range g.rows {
		p.raw("<tr>")
		for i, c := range cells {
			p.cell(class(i), c)
		}
		p.raw("</tr>\n")
	}
	p.raw("</tbody>\n</table></div>\n")
}

// historyWide is how wide a grid on a terminal may be, in columns.
const historyWide = 80

// text writes the grid for a terminal. Below each row stands a line, if there is
// one. Texts are cut to what the amounts leave.
func (g *grid) text(b *strings.Builder, below []string) {
	cells := make([][]string, 0, len(g.rows)+1)
	head := make([]string, len(g.columns))
	for i, c := range g.columns {
		head[i] = strings.TrimSuffix(c, ":")
	}
	cells = append(cells, head)
	for _, row := range g.rows {
		line := make([]string, len(row))
		for i, c := range row {
			line[i] = c.text()
			if line[i] == "" {
				line[i] = "-"
			}
		}
		cells = append(cells, line)
	}
	widths := g.widths(cells)
	for n, line := range cells {
		var row strings.Builder
		for i, c := range line {
			c = shorten(c, widths[i])
			fill := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(c)))
			if strings.HasSuffix(g.columns[i], ":") {
				row.WriteString("  " + fill + c)
			} else {
				row.WriteString("  " + c + fill)
			}
		}
		b.WriteString(strings.TrimRight(row.String(), " ") + "\n")
		if n > 0 && n <= len(below) && below[n-1] != "" {
			b.WriteString("      " + shorten(below[n-1], historyWide-6) + "\n")
		}
	}
}

// widths makes the widest text narrower until a row fits.
func (g *grid) widths(cells [][]string) []int {
	widths := make([]int, len(g.columns))
	total := 0
	for i := range widths {
		for _, line := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
		total += widths[i] + 2
	}
	for ; total > historyWide; total-- {
		widest := -1
		for i, c := range g.columns {
			if !strings.HasSuffix(c, ":") && widths[i] > 8 && (widest < 0 || widths[i] > widths[widest]) && !strings.HasPrefix(c, "Started") {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}
