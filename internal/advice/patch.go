package advice

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// struck marks where the record has a credential struck out of a text.
const struck = "***"

// patch gives the edit as a patch, or "" where it is not safe: the edited text
// must parse to the same instructions, but for those added, in stages of the
// same names; and no line of the patch may hold a struck-out credential, since
// git apply compares it with the real file.
func (s *scene) patch(e *dockerfile.Edit, added ...string) string {
	after := e.Bytes()
	f, err := dockerfile.Parse(s.file.Path, after)
	if err != nil || f.Escape != s.file.Escape || len(f.Directives) != len(s.file.Directives) || len(f.Stages) != len(s.file.Stages) {
		return ""
	}
	want := slices.Clone(added)
	for _, in := range s.file.Instructions {
		want = append(want, in.Text)
	}
	var got []string
	for _, in := range f.Instructions {
		got = append(got, in.Text)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		return ""
	}
	patch := dockerfile.Diff(s.Head.Dockerfile.Path, s.file.Data, after)
	if strings.Contains(patch, struck) {
		return ""
	}
	return patch
}

// longestQuote is how much of an instruction a title shows, in characters.
const longestQuote = 60

// quoted names an instruction in a title, on one line.
func quoted(in dockerfile.Instruction) string {
	text := []rune(oneLine(strings.ReplaceAll(in.Text, "`", "")))
	if len(text) > longestQuote {
		text = append(text[:longestQuote-1], '…')
	}
	return "`" + string(text) + "`"
}

// place gives a suggestion the lines of an instruction.
func (s *scene) place(g Suggestion, instruction int) Suggestion {
	in := s.file.Instructions[instruction]
	g.File, g.Line, g.EndLine = s.Head.Dockerfile.Path, in.Line, in.EndLine
	return g
}
