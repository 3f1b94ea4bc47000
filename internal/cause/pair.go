package cause

import (
	"strconv"

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
	h, b := groups(&head.Dockerfile), groups(&base.Dockerfile)
	p.align(h[0], b[0])
	for i, j := range pairStages(&head.Dockerfile, &base.Dockerfile, h, b) {
		p.align(h[i+1], b[j+1])
	}
	p.pairVertices()
	return p
}

// groups lists the instructions of each stage; those above the first FROM come
// first.
func groups(d *record.Dockerfile) [][]int {
	out := make([][]int, len(d.Stages)+1)
	for i, in := range d.Instructions {
		out[in.Stage+1] = append(out[in.Stage+1], i)
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
func pairStages(head, base *record.Dockerfile, inHead, inBase [][]int) map[int]int {
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
	bags := func(d *record.Dockerfile, stages []int, in [][]int) []bag {
		out := make([]bag, len(stages))
		for i, s := range stages {
			out[i] = bagOf(texts(d, in[s+1])...)
		}
		return out
	}
	h, b := bags(head, freeHead, inHead), bags(base, freeBase, inBase)
	for _, m := range alignment(len(freeHead), len(freeBase), func(i, j int) float64 { return 0.1 + similarity(h[i], b[j]) }) {
		out[freeHead[m[0]]] = freeBase[m[1]]
	}
	return out
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

// texts lists the instructions' texts.
func texts(d *record.Dockerfile, list []int) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = d.Instructions[n].Text
	}
	return out
}

// align pairs the instructions of two stages: the longest common subsequence of
// equal ones, and between those the ones that are most alike.
func (p *pairing) align(head, base []int) {
	h, b := texts(&p.head.Dockerfile, head), texts(&p.base.Dockerfile, base)
	inHead, inBase := map[string]bool{}, map[string]bool{}
	headBags, baseBags := make([]bag, len(head)), make([]bag, len(base))
	top, hEnd, bEnd := trim(h, b, 0, len(h), 0, len(b))
	for i := top; i < hEnd; i++ {
		inHead[h[i]], headBags[i] = true, bagOf(h[i])
	}
	for j := top; j < bEnd; j++ {
		inBase[b[j]], baseBags[j] = true, bagOf(b[j])
	}
	matches := alignTexts(h, b, func(i, j int) float64 {
		h, b := &p.head.Dockerfile.Instructions[head[i]], &p.base.Dockerfile.Instructions[base[j]]
		switch {
		case h.Command != b.Command || h.Trigger != b.Trigger:
			return 0
		case h.Text == b.Text && (h.Command == "ARG" || h.Command == "ENV"):
			return 2.9 // where a step and a variable change places, the variable was moved
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
		p.instructions[head[m[0]]], p.reverse[base[m[1]]] = base[m[1]], head[m[0]]
	}
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
	// An operation that lines of several stages shared stands for each of them.
	for _, s := range p.base.Steps {
		for _, i := range s.Vertices {
			if v := &p.base.Vertices[i]; v.Instruction != s.Instruction {
				base[next(slot{s.Instruction, s.Platform, v.Kind, 0})] = i
			}
		}
	}
	clear(count)
	inHead, inBase := onlyPlatform(p.head), onlyPlatform(p.base)
	for i, v := range p.head.Vertices {
		b, ok := p.instructions[v.Instruction]
		platform, known := p.platforms[v.Platform]
		if h, was := inHead[v.Instruction], inBase[b]; ok && h != "" && was != "" {
			platform, known = was, true // the stage's own, such as --platform=$BUILDPLATFORM
		}
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

// onlyPlatform is the platform of each instruction that was carried out for one
// platform only.
func onlyPlatform(r *record.Record) map[int]string {
	out := map[int]string{}
	for _, v := range r.Vertices {
		if v.Source != nil && v.Source.Kind == record.SourceLocal {
			continue // a context is for all
		}
		if p, ok := out[v.Instruction]; ok && p != v.Platform {
			out[v.Instruction] = ""
		} else if !ok {
			out[v.Instruction] = v.Platform
		}
	}
	return out
}
