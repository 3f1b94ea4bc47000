package report

// A joint is one piece of the line that joins the bars of the critical path:
// within one row, so that it survives page breaks and rows that wrap.
type joint struct {
	part jointPart
	x    float64 // seconds
	to   float64 // seconds, of a level piece
}

type jointPart string

const (
	whole jointPart = "v"   // from the top of the row to its bottom
	upper jointPart = "v u" // from the top to the middle
	lower jointPart = "v d" // from the middle to the bottom
	level jointPart = "h"   // along the middle
)

// joints joins each bar of the critical path with the next, row by row. A path
// that zigzags through a long file would take rows times steps: where it costs
// more than a few pieces a row, the rest stays unjoined.
func (t *timeline) joints() [][]joint {
	rows := make([][]joint, len(t.lanes))
	budget := 4*len(t.lanes) + 100
	for n := 1; n < len(t.path); n++ {
		a, b := t.path[n-1], t.path[n]
		from, to := &t.lanes[a], &t.lanes[b]
		x := min(from.end(), to.start())
		first, last := min(a, b), max(a, b)
		if budget -= last - first + 1; budget < 0 {
			break
		}
		rows[first] = append(rows[first], joint{part: lower, x: x})
		for i := first + 1; i < last; i++ {
			rows[i] = append(rows[i], joint{part: whole, x: x})
		}
		rows[last] = append(rows[last], joint{part: upper, x: x})
		if to.start() > x {
			rows[b] = append(rows[b], joint{part: level, x: x, to: to.start()})
		}
	}
	return rows
}

func (p *page) joint(j joint, t *timeline) {
	p.raw(`<i class="` + string(j.part) + `" style="left:`)
	p.number(j.x / t.seconds * 100)
	if j.part == level {
		p.raw("%;width:")
		p.number((j.to - j.x) / t.seconds * 100)
	}
	p.raw(`%"></i>`)
}
