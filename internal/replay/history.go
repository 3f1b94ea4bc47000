package replay

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/moby/patternmatcher/ignorefile"
)

// History is what the last commits of a branch were, or what earlier builds were
// made of.
type History struct {
	// Commits are in order of time, the oldest first. That one is only what the
	// second is compared with.
	Commits []Commit
	// Shallow says that the clone ends before as many commits as were asked for.
	Shallow bool
	// Notes are what a reader of the result has to know.
	Notes []Note

	tree   *tree
	states []state // by commit
	epochs []*epoch
	at     []*epoch // by commit

	mu    sync.Mutex
	plans map[string]*plan // nil for those that cannot be converted
	bound map[boundTo]*bound
}

// Note is something that limits what a replay tells, and what to do about it.
type Note struct{ Text, Hint string }

// state is what says how a commit is built.
type state struct {
	// file is the Dockerfile, own the ignore file beside it and root the one of the
	// context, with their paths in the repository as it is at the newest commit.
	file, own, root named
	// args are values that stand in for those of a recipe; nil is none. Given stand in
	// where a recipe has none.
	args  map[string]*string
	given map[string]string
}

// ignore is the ignore file that BuildKit takes.
func (s *state) ignore() []byte {
	if s.own.data != nil {
		return s.own.data
	}
	return s.root.data
}

// named is a file that was read; data is nil if it is not there.
type named struct {
	path string
	data []byte
}

func newHistory(commits []Commit, t *tree, states []state) *History {
	h := &History{Commits: commits, tree: t, states: states, epochs: t.epochs(), plans: map[string]*plan{}, bound: map[boundTo]*bound{}}
	for _, e := range h.epochs {
		for range e.end - e.start {
			h.at = append(h.at, e)
		}
	}
	return h
}

// plan makes the plan of a text, or returns nil if BuildKit cannot read it.
func (h *History) plan(r recipeText, every []string) *plan {
	key := fmt.Sprintf("%q %q", r, every)
	p, known := h.plans[key]
	if !known {
		p, _ = newPlan(r, every)
		h.plans[key] = p
	}
	return p
}

// fewEpochs is how many epochs keep what their filters let through, which is large.
const fewEpochs = 4

// boundTo is a plan with an ignore file in an epoch.
type boundTo struct {
	plan   *plan
	ignore string
	epoch  *epoch
}

// bound is what the inputs of a plan's operations are in an epoch: by operation and
// input, nil for what is no context.
type bound struct{ takes [][]*selection }

// bind selects the files of a plan's operations. It returns nil if the ignore file
// or a pattern cannot be read.
func (h *History) bind(p *plan, ignore []byte, e *epoch) *bound {
	key := boundTo{p, string(ignore), e}
	b, known := h.bound[key]
	if known {
		return b
	}
	b, err := newBound(p, ignore, e)
	if err != nil {
		b = nil
	}
	if len(h.epochs) > fewEpochs {
		e.forget()
	}
	h.bound[key] = b
	return b
}

func newBound(p *plan, ignore []byte, e *epoch) (*bound, error) {
	var patterns []string
	if len(ignore) > 0 {
		var err error
		if patterns, err = ignorefile.ReadAll(bytes.NewReader(ignore)); err != nil {
			return nil, err
		}
	}
	b := &bound{takes: make([][]*selection, len(p.ops))}
	for i, o := range p.ops {
		b.takes[i] = make([]*selection, len(o.inputs))
		for j, in := range o.inputs {
			if !in.local {
				continue
			}
			f := in.filter
			f.ExcludePatterns = patterns
			s, err := e.take(f, in.selectors)
			if err != nil {
				return nil, err
			}
			b.takes[i][j] = s
		}
	}
	return b, nil
}
