package report

import (
	"slices"
	"sort"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// view is a report with what the renderings look up in it.
type view struct {
	*Report
	steps  map[string]*Step
	causes map[string]*Cause
	// platforms says that steps must be told apart by their platform.
	platforms bool
}

func newView(r *Report) *view {
	v := &view{
		Report: r,
		steps:  make(map[string]*Step, len(r.Steps)),
		causes: make(map[string]*Cause, len(r.Causes)),
	}
	first := ""
	for i := range r.Steps {
		s := &r.Steps[i]
		v.steps[s.ID] = s
		if first == "" {
			first = s.Platform
		}
		v.platforms = v.platforms || s.Platform != first
	}
	for i := range r.Causes {
		v.causes[r.Causes[i].ID] = &r.Causes[i]
	}
	return v
}

// failed says that the build failed.
func (v *view) failed() bool { return v.Build.Status == string(record.Failed) }

// missed says that a step was executed.
func missed(s *Step) bool {
	return s.Status == string(record.Miss) || s.Status == string(record.StepFailed)
}

// failedStep is the step that failed, or nil.
func (v *view) failedStep() *Step {
	for i := range v.Steps {
		if v.Steps[i].Status == string(record.StepFailed) {
			return &v.Steps[i]
		}
	}
	return nil
}

// mainCause is the costliest cause of a step, or nil.
func (v *view) mainCause(s *Step) *Cause {
	for _, id := range s.Causes {
		if c := v.causes[id]; c != nil {
			return c
		}
	}
	return nil
}

// row is one line of the table of steps that missed.
type row struct {
	step *Step
	// cause is the costliest cause of the step, or nil.
	cause *Cause
	// first marks the row that tells the cause; the others refer to its line.
	first bool
}

// missRows are the steps that missed, or none if this was the first build, where
// all of them would say so. They come in the order of blame: the costliest cause first. Within a cause
// the step that the cause names comes first, since it is where to look; then the
// longest.
func (v *view) missRows() []row {
	if v.firstBuild() {
		return nil
	}
	rank := make(map[*Cause]int, len(v.Causes))
	for i := range v.Causes {
		rank[&v.Causes[i]] = i
	}
	var rows []row
	for i := range v.Steps {
		if s := &v.Steps[i]; missed(s) {
			rows = append(rows, row{step: s, cause: v.mainCause(s)})
		}
	}
	order := func(r row) int {
		if r.cause == nil {
			return len(rank)
		}
		return rank[r.cause]
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := rows[i], rows[j]
		if x, y := order(a), order(b); x != y {
			return x < y
		}
		if x, y := a.named(), b.named(); x != y {
			return x
		}
		return a.step.Seconds > b.step.Seconds
	})
	for i := range rows {
		rows[i].first = i == 0 || rows[i].cause == nil || rows[i-1].cause != rows[i].cause
	}
	return rows
}

// named says that the cause names this very step.
func (r row) named() bool {
	return r.cause != nil && r.cause.Line > 0 && r.cause.Line == r.step.Line
}

// otherLines are the lines of the step's causes, but not its own line.
func (v *view) otherLines(s *Step) []int {
	var lines []int
	for _, id := range s.Causes {
		if c := v.causes[id]; c != nil && c.Line > 0 && c.Line != s.Line && !slices.Contains(lines, c.Line) {
			lines = append(lines, c.Line)
		}
	}
	slices.Sort(lines)
	return lines
}

// reason says why a step missed, in the words of the table.
func (v *view) reason(r row, files int) sentence {
	switch {
	case r.cause == nil && r.step.Status == string(record.StepFailed):
		return words("it failed")
	case r.cause == nil:
		return words("not explained")
	case r.cause.Kind == cause.FirstBuild:
		return v.why(r.cause, files)
	case !r.first:
		if lines := v.otherLines(r.step); len(lines) > 0 {
			return words("because of " + lineList(lines))
		}
		return words("same cause")
	}
	s := v.why(r.cause, files)
	if !r.named() && r.cause.Line > 0 {
		s = s.say(" (").place(v.Links, r.cause.File, r.cause.Line, r.cause.EndLine).say(")")
	}
	if more := len(r.step.Causes) - 1; more > 0 {
		s = s.say(", and " + count(more, "more cause"))
	}
	return s
}

// instruction is the step as it is named in tables: its first line, and its
// platform where there are several.
func (v *view) instruction(s *Step, limit int) sentence {
	t := code(withoutOptions(headOf(s.Instruction)), limit)
	if v.platforms && s.Platform != "" {
		t = t.say(" ").code(s.Platform, 40)
	}
	return t
}

// withoutOptions leaves out the values of the long options of a RUN, which say less
// than the command, and which no table on a phone has room for.
func withoutOptions(instruction string) string {
	command, rest, _ := strings.Cut(instruction, " ")
	if !strings.EqualFold(command, "RUN") {
		return instruction
	}
	words := strings.Split(rest, " ")
	for i, w := range words {
		name, value, _ := strings.Cut(w, "=")
		if !strings.HasPrefix(w, "--") {
			break
		}
		if len(value) > 10 {
			words[i] = name + "=…"
		}
	}
	return command + " " + strings.Join(words, " ")
}

// lineList writes "line 6" or "lines 3, 6 and 9".
func lineList(lines []int) string {
	var names []string
	for i, n := range lines {
		if i == 3 && len(lines) > 4 {
			names = append(names, itoa(len(lines)-i)+" more")
			break
		}
		names = append(names, itoa(n))
	}
	if len(names) == 1 {
		return "line " + names[0]
	}
	last := len(names) - 1
	return "lines " + strings.Join(names[:last], ", ") + " and " + names[last]
}
