package cause

import (
	"sort"

	"github.com/layercause/layercause/internal/record"
)

// scope finds the instructions that others inherit from, without a walk up through
// all that stands between.
type scope struct {
	*record.Dockerfile
	at map[place][]int // ascending
}

// place is a stage and what is looked for in it: a command, or a variable as $NAME.
type place struct {
	stage int
	what  string
}

func newScope(d *record.Dockerfile) *scope {
	s := &scope{d, map[place][]int{}}
	for i, in := range d.Instructions {
		switch in.Command {
		case "SHELL", "USER", "WORKDIR":
			p := place{in.Stage, in.Command}
			s.at[p] = append(s.at[p], i)
		case "ARG", "ENV":
			for _, name := range in.Names {
				p := place{in.Stage, "$" + name}
				s.at[p] = append(s.at[p], i)
			}
		}
	}
	return s
}

// lastAbove finds the last SHELL, USER or WORKDIR above an instruction, in its
// stage and the stages that it starts from, or -1.
func (s *scope) lastAbove(instruction int, command string) int {
	return s.find(instruction-1, instruction, command)
}

// declaration finds the ARG or ENV line whose value an instruction sees, or -1. ENV
// X=$X sees the X of a line above.
func (s *scope) declaration(instruction int, name string) int {
	return s.find(instruction-1, instruction, "$"+name)
}

// declared is [scope.declaration], but a FROM sees the lines above the first FROM.
func (s *scope) declared(instruction int, name string) int {
	if at := s.declaration(instruction, name); at >= 0 {
		return at
	}
	return s.global(name)
}

// global finds the ARG above the first FROM that declares a variable, or -1.
func (s *scope) global(name string) int {
	if list := s.at[place{-1, "$" + name}]; len(list) > 0 {
		return list[0]
	}
	return -1
}

// maxParents bounds through how many stages is searched.
const maxParents = 100

// find searches upwards from last: the stage of the instruction, then the stages
// that it starts from.
func (s *scope) find(last, instruction int, what string) int {
	if instruction < 0 {
		return -1
	}
	stage := s.Instructions[instruction].Stage
	for depth := 0; stage >= 0 && depth < maxParents; depth++ {
		list := s.at[place{stage, what}]
		if n := sort.SearchInts(list, last+1); n > 0 {
			return list[n-1]
		}
		stage, last = s.Stages[stage].Parent, len(s.Instructions)
	}
	return -1
}
