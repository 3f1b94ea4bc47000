package cause

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// Explain says why the steps of head missed, compared with base. Base is nil if
// no earlier record was found; searched then says where. Every step that missed
// is in at least one cause, and every cause has at least one step.
func Explain(head, base *record.Record, searched []string) []Cause {
	e := &explainer{head: head, base: base, searched: searched, causes: map[string]*Cause{}, numbers: map[string]int32{}, compared: map[[2]int]*comparison{}, held: map[*record.CacheIndex][]held{}}
	if base != nil {
		e.pairing = pair(head, base)
	}
	e.index()
	e.findRoots()
	// In the order of the file, whatever the order in the record: a cause of many
	// steps names the first.
	for _, i := range e.stepOrder {
		if s := &head.Steps[i]; s.Status == record.Miss {
			e.explain(s)
		}
	}
	e.attribute()
	return e.sorted()
}

// explainer collects causes under a name that is the same for the same cause.
type explainer struct {
	head, base *record.Record
	searched   []string
	*pairing
	causes map[string]*Cause
	// numbered are the causes that are the root of a vertex, numbers their places.
	numbered []*Cause
	numbers  map[string]int32
	memo     []causeSet // the roots of each vertex
	known    []bool     // that the memo has them
	blamed   []blame
	// rooted, attributed and climbed count what is bounded.
	rooted, attributed, climbed int
	// compared are pairs of manifests, by their indexes.
	compared map[[2]int]*comparison

	stepOrder      []int          // indexes of the head's steps in the order of the file
	position       map[string]int // of each step, by ID, in stepOrder
	consumers      map[int][]string
	baseSteps      map[stepPlace]*record.Step
	inHead, inBase *scope
	underHit       map[int]bool // vertices of the base that one that hit was made of
	held           map[*record.CacheIndex][]held
	// unpairedHead and unpairedBase are instructions by text.
	unpairedHead, unpairedBase map[string]int
}

// add registers a cause under a name, once. Of several places where it shows, it
// names the first in the file, whatever order they are found in.
func (e *explainer) add(name string, c Cause) string {
	have, ok := e.causes[name]
	switch {
	case !ok:
		e.causes[name] = &c
	case c.Line < have.Line:
		have.File, have.Line, have.EndLine, have.Instruction = c.File, c.Line, c.EndLine, c.Instruction
	}
	return name
}

// at is a cause that names an instruction of the head.
func (e *explainer) at(kind Kind, instruction int) Cause {
	c := Cause{Kind: kind, File: e.head.Dockerfile.Path}
	if instruction >= 0 && instruction < len(e.head.Dockerfile.Instructions) {
		in := e.head.Dockerfile.Instructions[instruction]
		c.Line, c.EndLine, c.Instruction = in.Line, in.EndLine, in.Text
	}
	return c
}

func (e *explainer) noCache(v *record.Vertex) string {
	at := v.Instruction
	if !e.head.Invocation.NoCache {
		at = e.filtered(v)
	}
	c := e.at(NoCache, at)
	c.Subject = "--no-cache"
	if !e.head.Invocation.NoCache {
		c.Subject = "--no-cache-filter"
		if stage := e.stageOf(at); stage != "" {
			c.Subject += " " + stage
		}
	}
	c.Detail = fmt.Sprintf("the build was told to ignore the cache (%s)", c.Subject)
	return e.add(buildWide+c.Subject, c)
}

// filtered is the instruction of a stage that --no-cache-filter names. Equal
// instructions of several stages share an operation, which then ignores the cache for
// all of them.
func (e *explainer) filtered(v *record.Vertex) int {
	named := func(at int) bool {
		return slices.ContainsFunc(e.head.Invocation.NoCacheFilter, func(name string) bool { return strings.EqualFold(name, e.stageOf(at)) })
	}
	if named(v.Instruction) {
		return v.Instruction
	}
	for _, s := range e.head.Steps {
		if named(s.Instruction) && slices.ContainsFunc(s.Vertices, func(i int) bool { return &e.head.Vertices[i] == v }) {
			return s.Instruction
		}
	}
	return v.Instruction
}

// buildWide starts the name of a cause that is a flag of the build. It has no line of
// its own and names the first step that it cost.
const buildWide = "build "

func (e *explainer) stageOf(instruction int) string {
	if instruction < 0 {
		return ""
	}
	if s := e.head.Dockerfile.Instructions[instruction].Stage; s >= 0 {
		return e.head.Dockerfile.Stages[s].Name
	}
	return ""
}

// unpaired is an operation whose instruction the base does not have.
func (e *explainer) unpaired(v *record.Vertex) string {
	if _, ok := e.platforms[v.Platform]; !ok {
		c := e.at(Platform, e.fromOf(v.Instruction))
		c.Subject = v.Platform
		c.Detail = fmt.Sprintf("%s was not built before", v.Platform)
		c.Evidence.After = v.Platform
		return e.add("platform "+v.Platform, c)
	}
	if _, ok := e.instructions[v.Instruction]; !ok {
		if name, ok := e.broughtBy(v.Instruction); ok {
			return name
		}
	}
	c := e.at(InstructionAdded, v.Instruction)
	c.Subject = commandOf(e.head, v.Instruction)
	c.Detail = "the instruction is new"
	if b, ok := e.instructions[v.Instruction]; ok {
		before := e.base.Dockerfile.Instructions[b].Text
		if before != c.Instruction {
			return e.edited(v.Instruction)
		}
		if e.otherFrontend() {
			return e.frontend()
		}
		c.Kind, c.Detail = StepOptions, "the instruction is carried out in another way than before"
		c.Evidence.Before, c.Evidence.After = before, c.Instruction
	} else if from := e.movedFrom(v.Instruction); from >= 0 {
		c.Detail = fmt.Sprintf("the instruction was moved here from line %d", e.base.Dockerfile.Instructions[from].Line)
	}
	return e.add(newName(v.Instruction), c)
}

// newName is the name of the cause of an instruction that is new.
func newName(instruction int) string { return fmt.Sprintf("added %d", instruction) }

func commandOf(r *record.Record, instruction int) string {
	if instruction < 0 {
		return ""
	}
	return r.Dockerfile.Instructions[instruction].Command
}

// fromOf returns the FROM of the stage that an instruction stands in.
func (e *explainer) fromOf(instruction int) int {
	if instruction < 0 {
		return -1
	}
	if s := e.head.Dockerfile.Instructions[instruction].Stage; s >= 0 {
		return e.head.Dockerfile.Stages[s].From
	}
	return -1
}

// inOrder returns step IDs in the order of the file, each once.
func (e *explainer) inOrder(ids []string) []string {
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(e.position[a], e.position[b]) })
	return slices.Compact(ids)
}

// firstOf is the first instruction that a flag of the build cost. Of a filter that is
// one of the stage that it names: an equal one of another stage shares its operation.
func (e *explainer) firstOf(c *Cause) int {
	at := func(id string) int { return e.head.Steps[e.stepOrder[e.position[id]]].Instruction }
	if c.Kind == NoCache {
		for _, id := range c.Steps {
			if strings.HasSuffix(c.Subject, " "+e.stageOf(at(id))) {
				return at(id)
			}
		}
	}
	return at(c.Steps[0])
}

// sorted returns the causes that have steps, by line, numbered.
func (e *explainer) sorted() []Cause {
	out := []Cause{}
	for _, name := range slices.Sorted(maps.Keys(e.causes)) {
		if c := e.causes[name]; len(c.Steps) > 0 {
			if strings.HasPrefix(name, buildWide) {
				first := e.at(c.Kind, e.firstOf(c))
				c.Line, c.EndLine, c.Instruction = first.Line, first.EndLine, first.Instruction
			}
			// Steps that share a cause need each other; only others explain anything.
			own := map[string]bool{}
			if len(c.Evidence.NeededBy) > 0 {
				for _, s := range c.Steps {
					own[s] = true
				}
			}
			c.Evidence.NeededBy = slices.DeleteFunc(e.inOrder(c.Evidence.NeededBy), func(s string) bool { return own[s] })
			out = append(out, *c)
		}
	}
	slices.SortStableFunc(out, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
	})
	for i := range out {
		out[i].ID = fmt.Sprintf("c%d", i+1)
	}
	return out
}
