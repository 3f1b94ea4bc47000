package advice

import (
	"maps"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// candidate is an edit that a rule proposes. What it is worth is found by a replay.
type candidate struct {
	Suggestion
	// costs are the seconds that steps of the edited Dockerfile take, by their text,
	// where that is not what was measured: the rule's own estimate.
	costs map[string]float64
	// sound says that the edit is worth making even if it saves no time.
	sound bool
	// predicted is the rule's own prediction, from what the records of earlier builds
	// say, where no replay can tell: of a base image that moves, of a cache. Such a
	// candidate is not replayed.
	predicted *Prediction
}

// draft makes a candidate of an edit of the Dockerfile, placed at an instruction.
// The edited text must parse to the same instructions, but for those removed and
// added, in stages of the same names: draft reports false for what is not safe.
func (s *scene) draft(e *dockerfile.Edit, at int, title string, removed, added []string) (candidate, bool) {
	return s.draftStages(e, at, title, removed, added, 0)
}

// draftStages is draft for an edit that adds stages.
func (s *scene) draftStages(e *dockerfile.Edit, at int, title string, removed, added []string, stages int) (candidate, bool) {
	after := e.Bytes()
	f, err := dockerfile.Parse(s.file.Path, after)
	if err != nil || f.Escape != s.file.Escape || len(f.Directives) != len(s.file.Directives) || len(f.Stages) != len(s.file.Stages)+stages {
		return candidate{}, false
	}
	want := slices.Clone(added)
	for _, in := range s.file.Instructions {
		want = append(want, in.Text)
	}
	for _, text := range removed {
		i := slices.Index(want, text)
		if i < 0 {
			return candidate{}, false
		}
		want = slices.Delete(want, i, i+1)
	}
	var got []string
	for _, in := range f.Instructions {
		got = append(got, in.Text)
	}
	for _, list := range [][]string{want, got} {
		for i, text := range list {
			list[i] = upperCase(text)
		}
		slices.Sort(list)
	}
	if !slices.Equal(want, got) {
		return candidate{}, false
	}
	return s.draftFiles(at, title, FileEdit{s.Head.Dockerfile.Path, s.file.Data, after})
}

// upperCase writes an instruction's text with its command in upper case: what an
// edit puts in gets the case of the file.
func upperCase(text string) string {
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return text
	}
	return strings.ToUpper(text[:end]) + text[end:]
}

// draftFiles makes a candidate of edits of any files, placed at an instruction of
// the Dockerfile, or at the first line of the first file if that is -1.
func (s *scene) draftFiles(at int, title string, edits ...FileEdit) (candidate, bool) {
	c := candidate{Suggestion: Suggestion{Title: oneLine(title), File: edits[0].Path, Line: 1, EndLine: 1, Edits: edits}}
	if at >= 0 {
		in := s.file.Instructions[at]
		c.File, c.Line, c.EndLine = s.Head.Dockerfile.Path, in.Line, in.EndLine
	}
	var ok bool
	c.Patch, ok = patchOf(edits)
	return c, ok
}

// worsens names a check of BuildKit's that finds more in the edited Dockerfile than
// in this one, or gives nothing.
func (s *scene) worsens(edits []FileEdit) string {
	i := slices.IndexFunc(edits, func(e FileEdit) bool { return e.Path == s.Head.Dockerfile.Path })
	if i < 0 {
		return ""
	}
	if s.checks == nil {
		s.checks = checksOf(s.file.Data)
	}
	after := checksOf(edits[i].After)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if after[name] > s.checks[name] {
			return name
		}
	}
	return ""
}

// checksOf counts the findings of BuildKit's checks by their rule. A text that makes
// no graph has one more.
func checksOf(text []byte) map[string]int {
	found, err := dockerfile.Lint(text)
	out := map[string]int{}
	for _, c := range found {
		out[c.Rule]++
	}
	if err != nil {
		out["that it can be built"]++
	}
	return out
}

// remark is a candidate without an edit.
func (s *scene) remark(at int, title string) candidate {
	in := s.file.Instructions[at]
	return candidate{sound: true, Suggestion: Suggestion{
		Title: oneLine(title), File: s.Head.Dockerfile.Path, Line: in.Line, EndLine: in.EndLine,
	}}
}

// longestQuote is how much of an instruction a title shows, in characters.
const longestQuote = 60

// quoted names an instruction in a title, on one line.
func quoted(in dockerfile.Instruction) string {
	plain := in.Text
	if first, _, more := strings.Cut(plain, "\n"); more && len(in.Heredocs) > 0 {
		plain = first + " …"
	}
	text := []rune(oneLine(strings.ReplaceAll(plain, "`", "")))
	if len(text) > longestQuote {
		text = append(text[:longestQuote-1], '…')
	}
	return "`" + string(text) + "`"
}

// oneLine folds the spaces of continuation lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
