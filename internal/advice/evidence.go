package advice

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
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
	if s.Today != nil {
		if s.today, err = s.Today(nil, s.memory); err != nil {
			s.today = nil
		}
	}
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

// place gives the instruction of today's Dockerfile for each step of a plan, or -1:
// the one with the same text, and of those that of the line. The newest commit's
// Dockerfile need not be today's: edits may not be committed yet. What stands alone
// at the line of an edited instruction is taken for it.
func (s *scene) place(p *replay.Plan) []int {
	out := make([]int, len(p.Steps))
	used := map[int]bool{}
	for n := range p.Steps {
		x := &p.Steps[n]
		text := record.RedactURLs(x.Text)
		out[n] = -1
		if i := s.file.InstructionAt(x.Line); p.Current && i >= 0 && !used[i] && s.file.Instructions[i].Text == text {
			out[n], used[i] = i, true
			continue
		}
		for i := range s.file.Instructions {
			if !used[i] && s.file.Instructions[i].Text == text {
				out[n], used[i] = i, true
				break
			}
		}
	}
	for n := range p.Steps {
		if out[n] >= 0 || !p.Current {
			continue
		}
		command, _, _ := strings.Cut(p.Steps[n].Text, " ")
		if i := s.file.InstructionAt(p.Steps[n].Line); i >= 0 && !used[i] && s.file.Instructions[i].Command == strings.ToUpper(command) {
			out[n], used[i] = i, true
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
