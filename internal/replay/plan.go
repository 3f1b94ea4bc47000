package replay

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/solver"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
)

// plan is a Dockerfile's operations, by steps.
type plan struct {
	Plan
	ops []op
	of  [][]int // by step, its operations
	// places tells the operations apart, whatever the arguments are.
	places []place
	// chain are the operations whose results the image is made of.
	chain []bool
	// texts are the steps by their text.
	texts map[string][]int
}

// op is one operation. Inputs stand before the operations that use them.
type op struct {
	own    string // what its key has that is its own
	source bool
	// settled says that its key tells what it makes: a source, or a document that
	// stands in the Dockerfile.
	settled bool
	inputs  []input
	steps   []int
	helper  bool
	// args are the volatile arguments that its own key depends on.
	args []string
}

// input is one edge between operations.
type input struct {
	op        int
	joint     string // which output, and what of it is in the key besides the content
	byContent bool
	// local says that it is the context, of which selectors are read.
	local     bool
	filter    buildcontext.Filter
	selectors []buildcontext.Selector
}

// contextName is what the build context is called as a local source.
const contextName = "context"

// newPlan makes the plan of a Dockerfile. Every names the arguments whose values are
// others at each commit.
func newPlan(r recipeText, every []string) (*plan, error) {
	g, f, err := convert(r)
	if err != nil {
		return nil, err
	}
	places := g.Place(f)
	p := &plan{texts: map[string][]int{}, places: placesOf(g, places)}
	byInstruction := map[int][]int{}
	p.ops = make([]op, len(g.Vertices))
	for i, v := range g.Vertices {
		if p.ops[i], err = newOp(v); err != nil {
			return nil, err
		}
		for _, instruction := range places.Steps(v) {
			byInstruction[instruction] = append(byInstruction[instruction], i)
		}
	}
	order := slices.Sorted(maps.Keys(byInstruction))
	for n, instruction := range order {
		for _, i := range byInstruction[instruction] {
			p.ops[i].steps = append(p.ops[i].steps, n)
		}
		in := f.Instructions[instruction]
		p.Steps = append(p.Steps, Step{Text: in.Text, Line: in.Line, EndLine: in.EndLine, Stage: stageOf(f, in)})
		p.of = append(p.of, byInstruction[instruction])
		p.texts[in.Text] = append(p.texts[in.Text], n)
	}
	p.connect()
	p.link()
	for _, name := range every {
		if err := p.vary(r, name); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func stageOf(f *dockerfile.File, in dockerfile.Instruction) string {
	if in.Stage < 0 {
		return ""
	}
	return f.Stages[in.Stage].Name
}

// newOp reads one operation.
func newOp(v *operation.Vertex) (op, error) {
	cm, err := operation.CacheMap(context.Background(), v)
	if err != nil {
		return op{}, err
	}
	o := op{own: ownKey(v, cm), source: v.Op.GetSource() != nil, helper: v.Helper()}
	o.settled = o.source || v.Op.GetFile() != nil && len(v.Edges) == 0
	if o.source {
		return o, nil
	}
	selectors := operation.Selectors(v)
	for i, edge := range v.Edges {
		in := input{op: v.Input(i).Index}
		var selector digest.Digest
		if cm != nil && i < len(cm.Deps) {
			in.byContent = cm.Deps[i].ComputeDigestFunc != nil
			selector = cm.Deps[i].Selector
		}
		in.joint = string(rune('0'+edge.Index)) + selector.String()
		if s := v.Input(i).Op.GetSource(); s != nil && s.Identifier == "local://"+contextName {
			in.local, in.filter = true, operation.FilterOf(s.Attrs)
			if in.selectors = selectors[i]; !in.byContent || len(in.selectors) == 0 {
				in.selectors = []buildcontext.Selector{{}}
			}
		}
		o.inputs = append(o.inputs, in)
	}
	return o, nil
}

// ownKey is BuildKit's digest of an operation, of a source what it names.
func ownKey(v *operation.Vertex, cm *solver.CacheMap) string {
	s := v.Op.GetSource()
	switch {
	case s != nil && strings.HasPrefix(s.Identifier, "local://"):
		return s.Identifier
	case s != nil:
		return s.Identifier + " " + v.Platform
	case cm == nil:
		return v.ID.String() // of a kind that no Dockerfile makes
	}
	return cm.Digest.String()
}

// connect finds which steps a step needs: those of its inputs, or of what helper
// operations and sources between them have as inputs.
func (p *plan) connect() {
	needs := make([][]int, len(p.ops)) // by operation, the steps that its result stands for
	for i, o := range p.ops {
		needs[i] = o.steps
		if len(o.steps) == 0 {
			for _, in := range o.inputs {
				needs[i] = append(needs[i], needs[in.op]...)
			}
			slices.Sort(needs[i])
			needs[i] = slices.Compact(needs[i])
		}
		for _, s := range o.steps {
			for _, in := range o.inputs {
				p.needs(s, needs[in.op])
			}
		}
	}
	for s := range p.Steps {
		slices.Sort(p.Steps[s].Inputs)
	}
}

// needs notes what a step needs of one input. Two steps may share an operation, as
// two equal COPY --link do: a step that has it needs nothing of the other.
func (p *plan) needs(step int, of []int) {
	if slices.Contains(of, step) {
		return
	}
	for _, x := range of {
		if !slices.Contains(p.Steps[step].Inputs, x) {
			p.Steps[step].Inputs = append(p.Steps[step].Inputs, x)
		}
	}
}

// link finds the operations that the last one's layers are of.
func (p *plan) link() {
	p.chain = make([]bool, len(p.ops))
	if len(p.ops) == 0 {
		return
	}
	p.chain[len(p.ops)-1] = true
	for i := len(p.ops) - 1; i >= 0; i-- {
		if !p.chain[i] {
			continue
		}
		for _, in := range p.ops[i].inputs {
			if !in.byContent {
				p.chain[in.op] = true
			}
		}
	}
}

// place tells the operations of a graph apart: by instruction, and number within it.
type place struct{ instruction, n int }

// placesOf gives the place of each operation.
func placesOf(g *operation.Graph, places *operation.Places) []place {
	count := map[int]int{}
	out := make([]place, len(g.Vertices))
	for i := range g.Vertices {
		at := places.Instruction[i]
		out[i] = place{at, count[at]}
		count[at]++
	}
	return out
}

// differs says which operations are not the same in another build of the same text.
func (p *plan) differs(other recipeText) ([]bool, error) {
	g, f, err := convert(other)
	if err != nil {
		return nil, err
	}
	theirs := map[place]string{}
	for i, at := range placesOf(g, g.Place(f)) {
		cm, err := operation.CacheMap(context.Background(), g.Vertices[i])
		if err != nil {
			return nil, err
		}
		theirs[at] = ownKey(g.Vertices[i], cm)
	}
	out := make([]bool, len(p.ops))
	for i := range p.ops {
		out[i] = theirs[p.places[i]] != p.ops[i].own
	}
	return out, nil
}

// vary finds the operations that depend on an argument: those that are others when
// it has another value.
func (p *plan) vary(r recipeText, name string) error {
	differs, err := p.differs(r.with(name, otherValue))
	if err != nil {
		// A number does not do; what is close to its value may.
		if differs, err = p.differs(r.with(name, r.args[name]+"1")); err != nil {
			return err
		}
	}
	for i, d := range differs {
		if d {
			p.ops[i].args = append(p.ops[i].args, name)
		}
	}
	return nil
}

// Values that stand for those of an argument that is another one each time.
const someValue, otherValue = "1700000001", "1700000002"

// with sets an argument.
func (r recipeText) with(name, value string) recipeText {
	args := make(map[string]string, len(r.args)+1)
	maps.Copy(args, r.args)
	args[name] = value
	r.args = args
	return r
}
