package dockerfile

import (
	"sort"
	"strconv"
	"strings"
)

// File is a parsed Dockerfile.
type File struct {
	// Path is the path that was given to [Parse], for messages.
	Path string
	// Data is the file's text, byte for byte.
	Data []byte
	// Directives are the parser directives (syntax, escape, check) in order.
	Directives []Directive
	// Syntax is the frontend image that a syntax line names, or empty.
	Syntax string
	// Escape is the escape character, \ or `.
	Escape rune
	// Stages and Instructions are in the order of the file.
	Stages       []Stage
	Instructions []Instruction

	lines []int // byte offset of each line's start, and the end of the file
	fixed []bool
}

// Directive is a parser directive such as "# syntax=docker/dockerfile:1".
type Directive struct {
	Name  string // lower case
	Value string
	Line  int
}

// Stage is one FROM and what follows it.
type Stage struct {
	// Name is the AS name in lower case, or the stage's number in decimal.
	Name string
	// Base is the FROM's reference as written, variables not expanded.
	Base string
	// Parent is the index of the earlier stage that Base names, or -1. It is -1
	// too if Base has a variable in it.
	Parent int
	// From is the index of the FROM instruction.
	From int
}

// Range is a half-open range of bytes.
type Range struct{ Start, End int }

// Instruction is one instruction of a Dockerfile.
type Instruction struct {
	// Stage is the index in File.Stages; -1 for an ARG above the first FROM.
	Stage   int
	Command string // upper case
	// Text has line continuations joined and comments dropped; the bodies of
	// heredocs follow after a newline, each with its closing word.
	Text string
	// Line and EndLine count from 1 and include continuations and heredocs.
	Line    int
	EndLine int
	// Bytes are the whole lines of the instruction, the last newline included.
	Bytes Range
	// Block is Bytes and the comment lines directly above, which belong to the
	// instruction and move with it.
	Block Range
	// Names are the variables that an ARG or ENV declares, in order.
	Names []string
	// Variables are the names that the text expands with $X or ${X}, sorted. What
	// is made from such a text may show the value of a build argument.
	Variables []string
	// Flags are the --name=value words between the command and its arguments; of
	// an ONBUILD those of its trigger.
	Flags []Flag
	// Args are the words after the flags: the elements of a JSON form, else the
	// words of a FROM, COPY, ADD, ARG, EXPOSE or VOLUME, else the whole text as
	// one. An ENV or LABEL has none, an ONBUILD those of its trigger.
	Args []string
	// JSON says that the arguments are in the JSON form.
	JSON     bool
	Heredocs []Heredoc
	// Trigger is the command that an ONBUILD puts off, upper case.
	Trigger string
	// Brought says that the instruction is a trigger that the FROM of its line
	// brings, see [File.Bring]. Its Text starts with ONBUILD.
	Brought bool
}

// Flag is one flag of an instruction, such as --from=build or --link.
type Flag struct {
	Name  string // without dashes
	Value string
}

// Heredoc is an inline document of a RUN, COPY or ADD.
type Heredoc struct {
	Name string
	// Expand says that variables in Body are expanded.
	Expand bool
	// Body ends with a newline unless it is empty.
	Body string
}

// Cacheable says whether the instruction becomes a vertex of BuildKit's graph,
// which can hit or miss the cache. ENV, ARG, USER and the like only change what
// follows them.
func (in Instruction) Cacheable() bool {
	switch in.Command {
	case "RUN", "COPY", "ADD", "WORKDIR":
		return true
	}
	return false
}

// Flag gives the value of the first flag with that name.
func (in Instruction) Flag(name string) (string, bool) {
	for _, f := range in.Flags {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}

// Script is what a RUN executes: its shell text and the bodies of its heredocs,
// or the words of its JSON form with spaces between them.
func (in Instruction) Script() string {
	s := strings.Join(in.Args, " ")
	for _, h := range in.Heredocs {
		s += "\n" + h.Body
	}
	return s
}

// Comments are the comment lines directly above an instruction, which belong to it,
// without line endings.
func (f *File) Comments(i int) []string {
	in := f.Instructions[i]
	var out []string
	for line := range strings.Lines(string(f.Data[in.Block.Start:in.Bytes.Start])) {
		out = append(out, strings.TrimRight(line, "\r\n"))
	}
	return out
}

// InstructionAt gives the index of the instruction that covers the line, which
// counts from 1, or -1 for a comment, a blank line or a line outside the file.
func (f *File) InstructionAt(line int) int {
	i := sort.Search(len(f.Instructions), func(i int) bool { return f.Instructions[i].EndLine >= line })
	if i == len(f.Instructions) || f.Instructions[i].Line > line {
		return -1
	}
	return i
}

// StageNamed gives the index of the stage that a --from or --target refers to,
// by name in any case or by number, or -1. Of two stages with one name it is the
// later one.
func (f *File) StageNamed(ref string) int {
	for i := len(f.Stages) - 1; i >= 0; i-- {
		if strings.EqualFold(f.Stages[i].Name, ref) {
			return i
		}
	}
	if n, err := strconv.Atoi(ref); err == nil && n >= 0 && n < len(f.Stages) {
		return n
	}
	return -1
}

// StageEnd gives the index of the first instruction after the stage.
func (f *File) StageEnd(stage int) int {
	if stage+1 < len(f.Stages) {
		return f.Stages[stage+1].From
	}
	return len(f.Instructions)
}
