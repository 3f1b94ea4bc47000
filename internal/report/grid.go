package report

import "strings"

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
