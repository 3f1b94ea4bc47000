package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/report"
)

// verdict is how one answer compares with the truth.
type verdict string

const (
	right       verdict = "right"
	wrong       verdict = "wrong"
	unexplained verdict = "unexplained"
)

// nothing is the row of the table for cases in which every step has to hit.
const nothing = "(no cause)"

// judgement is the verdict on a case, by the kinds of causes that it has or
// should have had.
type judgement struct {
	overall verdict
	kinds   map[string]verdict
	// listed, expected and matched count files: in the report, in the truth, in both.
	listed, expected, matched map[string]int
	// differences say what is wrong.
	differences []string
}

// lost are the kinds of causes that say that the evidence ran out.
var lost = []string{"unexplained", "rerun-for-child", "stage-output"}

func judge(want []expected, got []report.Cause) judgement {
	j := judgement{
		overall: right, kinds: map[string]verdict{},
		listed: map[string]int{}, expected: map[string]int{}, matched: map[string]int{},
	}
	rest := slices.Clone(got)
	var missing []expected
	for _, e := range want {
		j.kinds[e.kind] = right
		i := slices.IndexFunc(rest, e.is)
		if i < 0 {
			missing = append(missing, e)
			j.files(e.kind, e.files, nil)
			continue
		}
		j.files(e.kind, e.files, changesOf(rest[i]))
		if e.everywhere {
			rest = slices.DeleteFunc(rest, e.is)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	gaveUp := slices.ContainsFunc(rest, func(c report.Cause) bool { return slices.Contains(lost, string(c.Kind)) })
	for _, e := range missing {
		j.differ(e.kind, gaveUp, "missing: "+e.String())
	}
	for _, c := range rest {
		j.files(string(c.Kind), nil, changesOf(c))
		kind := string(c.Kind)
		if slices.Contains(lost, kind) {
			if len(missing) > 0 {
				j.differ(missing[0].kind, true, "given up: "+text(c))
			} else {
				j.differ(nothing, true, "given up: "+text(c))
			}
			continue
		}
		j.differ(kind, false, "not expected: "+text(c))
	}
	if len(want) == 0 && len(got) == 0 {
		j.kinds[nothing] = right
	}
	return j
}

// is says that a cause is the expected one.
func (e expected) is(c report.Cause) bool {
	subject := len(e.subjects) == 0 || slices.ContainsFunc(e.subjects, func(s string) bool { return strings.HasSuffix(c.Subject, s) })
	return e.kind == string(c.Kind) && (e.everywhere || slices.Contains(e.lines, c.Line)) && subject
}

// differ notes a difference. A wrong answer is worse than none.
func (j *judgement) differ(kind string, gaveUp bool, text string) {
	v := wrong
	if gaveUp {
		v = unexplained
	}
	if j.kinds[kind] != wrong {
		j.kinds[kind] = v
	}
	if j.overall != wrong {
		j.overall = v
	}
	j.differences = append(j.differences, text)
}

// files compares the list of files of one cause.
func (j *judgement) files(kind string, want, got []fileChange) {
	if len(want)+len(got) == 0 {
		return
	}
	j.listed[kind] += len(got)
	j.expected[kind] += len(want)
	matched := 0
	for _, f := range want {
		if slices.ContainsFunc(got, func(g fileChange) bool { return g.path == f.path && g.change == f.change }) {
			matched++
		}
	}
	j.matched[kind] += matched
	if got != nil && want != nil && (matched < len(want) || matched < len(got)) {
		j.differ(kind, false, fmt.Sprintf("the files of %s: want %s, got %s", kind, names(want), names(got)))
	}
}

func changesOf(c report.Cause) []fileChange {
	var out []fileChange
	for _, f := range c.Evidence.Files {
		out = append(out, fileChange{path: f.Path, change: f.Change})
	}
	return out
}

func names(files []fileChange) string {
	var out []string
	for _, f := range files {
		out = append(out, f.change+" "+f.path)
	}
	return strings.Join(out, ", ")
}

func (e expected) String() string {
	if e.everywhere {
		return e.kind
	}
	s := fmt.Sprintf("%s at %s", e.kind, strings.Trim(strings.ReplaceAll(fmt.Sprint(e.lines), " ", " or "), "[]"))
	if len(e.subjects) > 0 {
		s += " (" + strings.Join(e.subjects, " or ") + ")"
	}
	if len(e.files) > 0 {
		s += ": " + names(e.files)
	}
	return s
}

func text(c report.Cause) string {
	s := fmt.Sprintf("%s at %d (%s)", c.Kind, c.Line, c.Subject)
	if f := changesOf(c); len(f) > 0 {
		s += ": " + names(f)
	}
	return s + ": " + c.Detail
}
