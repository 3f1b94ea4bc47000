package dockerfile

import (
	"regexp"
	"slices"
)

var onbuild = regexp.MustCompile(`(?i)^ONBUILD\s+`)

// Bring puts the instructions that ONBUILD triggers bring into a stage below its
// FROM, as BuildKit does. The triggers are without the word ONBUILD. The
// instructions have the lines of the FROM and no bytes of their own; a trigger that
// cannot be read is left out.
func (f *File) Bring(stage int, triggers []string) {
	from := f.Instructions[f.Stages[stage].From]
	var brought []Instruction
	for _, t := range triggers {
		x, err := Parse(f.Path, []byte("FROM scratch\n"+t))
		if err != nil || len(x.Instructions) != 2 || len(x.Stages) != 1 {
			continue
		}
		in := x.Instructions[1]
		in.Text, in.Stage, in.Brought = "ONBUILD "+in.Text, stage, true
		in.Line, in.EndLine, in.Bytes, in.Block = from.Line, from.EndLine, Range{}, Range{}
		brought = append(brought, in)
	}
	f.Instructions = slices.Insert(f.Instructions, f.Stages[stage].From+1, brought...)
	for i := stage + 1; i < len(f.Stages); i++ {
		f.Stages[i].From += len(brought)
	}
}

// Triggers lists what the ONBUILD instructions of a stage put off, without that
// word.
func (f *File) Triggers(stage int) []string {
	var out []string
	for _, in := range f.Instructions {
		if in.Stage == stage && in.Command == "ONBUILD" {
			out = append(out, onbuild.ReplaceAllString(in.Text, ""))
		}
	}
	return out
}
