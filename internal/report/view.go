package report

import (
	"strings"

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
