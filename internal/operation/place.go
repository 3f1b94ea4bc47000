package operation

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/dockerfile"
)

// Places says which instructions of a Dockerfile the operations of a graph are made
// of.
type Places struct {
	// Instruction is, by operation, the index of its instruction, or -1. Helper
	// operations without lines of their own, such as the files of a heredoc, belong to
	// what uses them.
	Instruction []int
	// Lines are, by operation, the instructions whose lines it has. Two stages may
	// share one. At a FROM an operation is that of a trigger.
	Lines [][]int

	file *dockerfile.File
}

// Place finds the places of a graph's operations. The file is the one that the graph
// was made of, with what triggers bring; nil if it could not be read.
func (g *Graph) Place(file *dockerfile.File) *Places {
	p := &Places{Instruction: make([]int, len(g.Vertices)), Lines: g.linesOf(file), file: file}
	for i := range g.Vertices {
		p.Instruction[i] = -1
		if at := p.Lines[i]; len(at) > 0 {
			p.Instruction[i] = slices.Min(at)
		}
	}
	for i := len(g.Vertices) - 1; i >= 0; i-- {
		if p.Instruction[i] < 0 {
			continue
		}
		v := g.Vertices[i]
		for n := range v.Edges {
			from := v.Input(n)
			if p.Instruction[from.Index] >= 0 || len(from.Lines) > 0 {
				continue
			}
			p.Instruction[from.Index] = p.Instruction[i]
			// What a stage starts from, and does not copy or mount, is its FROM's.
			if _, reads := Selectors(v)[n]; from.Op.GetSource() != nil && (!reads || v.isRoot(n)) {
				if stage := file.Instructions[p.Instruction[i]].Stage; stage >= 0 {
					p.Instruction[from.Index] = file.Stages[stage].From
				}
			}
		}
	}
	return p
}

// Steps lists the instructions whose steps an operation belongs to: those that
// BuildKit can cache. An operation that two stages share counts for both; a source
// is none's.
func (p *Places) Steps(v *Vertex) []int {
	if v.Op.GetSource() != nil || p.Instruction[v.Index] < 0 {
		return nil
	}
	at := p.Lines[v.Index]
	if len(at) == 0 {
		at = []int{p.Instruction[v.Index]}
	}
	var out []int
	for _, i := range at {
		if p.file.Instructions[i].Cacheable() {
			out = append(out, i)
		}
	}
	return out
}

// linesOf lists the instructions whose lines each operation has.
func (g *Graph) linesOf(file *dockerfile.File) [][]int {
	out := make([][]int, len(g.Vertices))
	if file == nil {
		return out
	}
	triggers := make([]map[int]int, len(file.Stages))
	for s, stage := range file.Stages {
		if next := stage.From + 1; next < len(file.Instructions) && file.Instructions[next].Brought {
			triggers[s] = g.triggers(file, s)
		}
	}
	for i, v := range g.Vertices {
		for _, l := range v.Lines {
			at := At(file, l)
			if at < 0 {
				continue
			}
			if stage := file.Instructions[at].Stage; stage >= 0 {
				if t, ok := triggers[stage][i]; ok {
					at = t
				}
			}
			if !slices.Contains(out[i], at) {
				out[i] = append(out[i], at)
			}
		}
	}
	return out
}

// isRoot says that an input is the file system that a command runs on.
func (v *Vertex) isRoot(input int) bool {
	e := v.Op.GetExec()
	return e != nil && slices.ContainsFunc(e.Mounts, func(m *pb.Mount) bool {
		return m.Dest == pb.RootMount && int(m.Input) == input
	})
}

// At gives the index of the first instruction that has the lines, or -1.
func At(file *dockerfile.File, l Lines) int {
	if file == nil {
		return -1
	}
	return file.InstructionAt(l.Start)
}

// numbered is the name that BuildKit gives to what a trigger makes. The rest of it
// may show the values of variables.
var numbered = regexp.MustCompile(`^\[[^\]]*?(\d+)/\d+\] ONBUILD (?:LINK )?(\w+)`)

// triggers maps each operation at the FROM of a stage to the trigger that made it.
// BuildKit numbers the commands of a stage in their order.
func (g *Graph) triggers(file *dockerfile.File, stage int) map[int]int {
	from := file.Stages[stage].From
	at := map[int][]int{} // vertices by number
	words := map[int]string{}
	for i, v := range g.Vertices {
		m := numbered.FindStringSubmatch(v.Label)
		if m == nil || !slices.ContainsFunc(v.Lines, func(l Lines) bool { return At(file, l) == from }) {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil {
			at[n], words[n] = append(at[n], i), strings.ToUpper(m[2])
		}
	}
	out := map[int]int{}
	in := file.Instructions
	next := from + 1
	for _, n := range slices.Sorted(maps.Keys(at)) {
		for i := next; i < len(in) && in[i].Brought && in[i].Stage == stage; i++ {
			if in[i].Command != words[n] {
				continue
			}
			for _, v := range at[n] {
				out[v] = i
			}
			next = i + 1
			break
		}
	}
	return out
}
