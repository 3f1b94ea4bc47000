package advice

import (
	"cmp"
	"maps"
	"slices"

	"github.com/layercause/layercause/internal/replay"
)

// change is what the replayed builds tell of one instruction.
type change struct {
	// Reruns is in how many builds it was executed, and Builds in how many of them
	// because it changed itself: its text, its files or an argument.
	Reruns, Builds int
	// Files are its files that changed, and Args the arguments that changed it, with
	// the number of builds.
	Files, Args map[string]int
}

// look replays the builds as they were.
func (s *scene) look() {
	s.history = map[int]*change{}
	if s.Replay == nil {
		return
	}
	before, err := s.Replay(nil, s.memory)
	if err != nil || len(before.Builds) == 0 {
		return
	}
	s.before = before
	places := map[*replay.Plan][]int{}
	for i := range before.Builds {
		b := &before.Builds[i]
		if b.Plan == nil {
			continue
		}
		at, ok := places[b.Plan]
		if !ok {
			at = s.place(b.Plan)
			places[b.Plan] = at
		}
		for _, m := range b.Misses {
			if at[m.Step] >= 0 {
				s.note(at[m.Step], m)
			}
		}
	}
}

func (s *scene) note(at int, m replay.Miss) {
	c := s.history[at]
	if c == nil {
		c = &change{Files: map[string]int{}, Args: map[string]int{}}
		s.history[at] = c
	}
	c.Reruns++
	if m.Own {
		c.Builds++
	}
	for _, f := range m.Files {
		c.Files[f]++
	}
	for _, a := range m.Args {
		c.Args[a]++
	}
}

// place gives the instruction of today's Dockerfile for each step of a plan, or
// -1: that of the line, or, of an older Dockerfile, the one with the same text.
func (s *scene) place(p *replay.Plan) []int {
	out := make([]int, len(p.Steps))
	used := map[int]bool{}
	for n := range p.Steps {
		x := &p.Steps[n]
		out[n] = -1
		if p.Current {
			out[n] = s.file.InstructionAt(x.Line)
			continue
		}
		for i := range s.file.Instructions {
			if !used[i] && s.file.Instructions[i].Text == x.Text {
				out[n], used[i] = i, true
				break
			}
		}
	}
	return out
}

// changed is what the builds tell of an instruction; never nil.
func (s *scene) changed(at int) *change {
	if c := s.history[at]; c != nil {
		return c
	}
	return &change{}
}

// builds is how many builds were replayed.
func (s *scene) builds() int {
	if s.before == nil {
		return 0
	}
	return len(s.before.Builds)
}

// seconds gives what the instruction takes when it is executed, in seconds, and
// whether that was measured.
func (s *scene) seconds(at int) (seconds float64, measured bool) {
	p := s.prices.of(s.file.Instructions[at].Text)
	return p.seconds, p.measured
}

// often lists names by how often they changed, the most often first.
func often(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b))
	})
}
