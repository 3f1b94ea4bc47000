package cause

import (
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// pairing says which instruction and which vertex of the base record each one
// of the head record corresponds to. Vertex digests and line numbers take no
// part in it: the first change with every build, the second with every edit.
type pairing struct {
	head, base   *record.Record
	instructions map[int]int // head to base
	reverse      map[int]int // base to head
	platforms    map[string]string
	vertices     map[int]int // head to base
}

func pair(head, base *record.Record) *pairing {
	p := &pairing{
		head: head, base: base,
		instructions: map[int]int{}, reverse: map[int]int{}, platforms: pairPlatforms(head, base), vertices: map[int]int{},
	}
	p.align(group(&head.Dockerfile, -1), group(&base.Dockerfile, -1))
	for h, b := range pairStages(&head.Dockerfile, &base.Dockerfile) {
		p.align(group(&head.Dockerfile, h), group(&base.Dockerfile, b))
	}
	p.pairVertices()
	return p
}

// group lists the instructions of one stage; -1 are those above the first FROM.
func group(d *record.Dockerfile, stage int) []int {
	var out []int
	for i, in := range d.Instructions {
		if in.Stage == stage {
			out = append(out, i)
		}
	}
	return out
}

// pairPlatforms pairs equal platforms, and two single ones that differ.
func pairPlatforms(head, base *record.Record) map[string]string {
	h, b := platformsOf(head), platformsOf(base)
	out := map[string]string{}
	for p := range h {
		if b[p] {
			out[p] = p
		}
	}
	if len(out) == 0 && len(h) == 1 && len(b) == 1 {
		for hp := range h {
			for bp := range b {
				out[hp] = bp
			}
		}
	}
	return out
}

func platformsOf(r *record.Record) map[string]bool {
	out := map[string]bool{}
	for _, s := range r.Steps {
		out[s.Platform] = true
	}
	return out
}

// pairStages pairs stages by name first, and the others in order by how alike
// their instructions are, so that renamed, added and removed stages do not
// shift the rest.
func pairStages(head, base *record.Dockerfile) map[int]int {
	out := map[int]int{}
	names := map[string]int{}
	for i, s := range base.Stages {
		if !isNumber(s.Name) {
			names[s.Name] = i
		}
	}
	taken := map[int]bool{}
	var freeHead []int
	for i, s := range head.Stages {
		if b, ok := names[s.Name]; ok && !isNumber(s.Name) {
			out[i], taken[b] = b, true
			continue
		}
		freeHead = append(freeHead, i)
	}
	var freeBase []int
	for i := range base.Stages {
		if !taken[i] {
			freeBase = append(freeBase, i)
		}
	}
	bags := func(d *record.Dockerfile, stages []int) []bag {
		out := make([]bag, len(stages))
		for i, s := range stages {
			out[i] = bagOf(stageText(d, s))
		}
		return out
	}
	h, b := bags(head, freeHead), bags(base, freeBase)
	for _, m := range alignment(len(freeHead), len(freeBase), func(i, j int) float64 { return 0.1 + similarity(h[i], b[j]) }) {
		out[freeHead[m[0]]] = freeBase[m[1]]
	}
	return out
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func stageText(d *record.Dockerfile, stage int) string {
	var b strings.Builder
	for _, i := range group(d, stage) {
		b.WriteString(d.Instructions[i].Text)
		b.WriteByte('\n')
	}
	return b.String()
}

// align pairs the instructions of two stages: the longest common subsequence of
// equal ones, and between those the ones that are most alike. Equal ends are cut
// off first, so that a long stage with one edit costs little.
func (p *pairing) align(head, base []int) {
	set := func(h, b int) { p.instructions[h], p.reverse[b] = b, h }
	text := func(h, b int) bool {
		return p.head.Dockerfile.Instructions[h].Text == p.base.Dockerfile.Instructions[b].Text
	}
	for len(head) > 0 && len(base) > 0 && text(head[0], base[0]) {
		set(head[0], base[0])
		head, base = head[1:], base[1:]
	}
	for len(head) > 0 && len(base) > 0 && text(head[len(head)-1], base[len(base)-1]) {
		set(head[len(head)-1], base[len(base)-1])
		head, base = head[:len(head)-1], base[:len(base)-1]
	}
	bags := func(r *record.Record, list []int) []bag {
		out := make([]bag, len(list))
		for i, n := range list {
			out[i] = bagOf(r.Dockerfile.Instructions[n].Text)
		}
		return out
	}
	headBags, baseBags := bags(p.head, head), bags(p.base, base)
	inHead, inBase := texts(p.head, head), texts(p.base, base)
	matches := alignment(len(head), len(base), func(i, j int) float64 {
		h, b := &p.head.Dockerfile.Instructions[head[i]], &p.base.Dockerfile.Instructions[base[j]]
		switch {
		case h.Command != b.Command:
			return 0
		case h.Text == b.Text:
			return 3
		case h.Command == "ARG" && len(h.Names) == 1 && len(b.Names) == 1:
			// Two arguments are the same one or they are not.
			if h.Names[0] == b.Names[0] {
				return 2
			}
			return 0
		case inBase[h.Text] || inHead[b.Text]:
			// What still stands somewhere was moved, not edited into something else.
			return 0
		default:
			return 0.1 + similarity(headBags[i], baseBags[j])
		}
	})
	for _, m := range matches {
		set(head[m[0]], base[m[1]])
	}
}

// texts is the set of the instructions' texts.
func texts(r *record.Record, list []int) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, n := range list {
		out[r.Dockerfile.Instructions[n].Text] = true
	}
	return out
}

// maxAlignment bounds the table of an alignment, in cells; beyond it the tails
// are paired in order.
const maxAlignment = 4 << 20

// alignment returns the pairs of indexes, in order, with the greatest sum of
// scores; a score of 0 never pairs.
func alignment(n, m int, score func(i, j int) float64) [][2]int {
	if n == 0 || m == 0 {
		return nil
	}
	if n*m > maxAlignment {
		var out [][2]int
		for i := range min(n, m) {
			if score(i, i) > 0 {
				out = append(out, [2]int{i, i})
			}
		}
		return out
	}
	scores := make([]float64, n*m)
	best := make([]float64, (n+1)*(m+1)) // best[i][j]: from i and j on
	at := func(i, j int) *float64 { return &best[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			s := score(i, j)
			scores[i*m+j] = s
			*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			if s > 0 {
				*at(i, j) = max(*at(i, j), s+*at(i+1, j+1))
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < n && j < m; {
		s := scores[i*m+j]
		switch {
		case s > 0 && *at(i, j) == s+*at(i+1, j+1):
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case *at(i, j) == *at(i+1, j):
			i++
		default:
			j++
		}
	}
	return out
}

// pairVertices pairs the operations of paired instructions by platform, kind
// and order.
func (p *pairing) pairVertices() {
	type slot struct {
		instruction int
		platform    string
		kind        record.OpKind
		n           int
	}
	count := map[slot]int{}
	next := func(s slot) slot {
		s.n = count[s]
		count[slot{s.instruction, s.platform, s.kind, 0}]++
		return s
	}
	base := map[slot]int{}
	for i, v := range p.base.Vertices {
		if v.Instruction >= 0 {
			base[next(slot{v.Instruction, v.Platform, v.Kind, 0})] = i
		}
	}
	clear(count)
	for i, v := range p.head.Vertices {
		b, ok := p.instructions[v.Instruction]
		platform, known := p.platforms[v.Platform]
		if v.Instruction < 0 || !ok || !known {
			continue
		}
		s := next(slot{v.Instruction, v.Platform, v.Kind, 0})
		s.instruction, s.platform = b, platform
		if j, ok := base[s]; ok {
			p.vertices[i] = j
		}
	}
}
