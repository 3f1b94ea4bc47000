package advice

import (
	"fmt"

	"github.com/layercause/layercause/internal/record"
)

// Replayed is what one of the builds would have executed with the Dockerfile as it
// is.
type Replayed struct {
	Commit  string
	Seconds float64 // of wall time, by the prices of the steps
	Reruns  []Rerun
	// Unread says that the commit's Dockerfile was not there or could not be read.
	Unread bool
}

// Rerun is a step of a [Replayed] build that was executed.
type Rerun struct {
	// Text is the instruction's, and Line where it stood in that build's Dockerfile.
	Text string
	Line int
	// Own says that the step itself changed. Else Because is the line of the step it
	// stands on that did.
	Own     bool
	Because int
	// ByContent says that it only reads the output of steps that were executed: had
	// they made the same again, it would not have been.
	ByContent bool
	Files     []string // that changed, some of FileCount
	FileCount int
	Args      []string // whose value changed
	Seconds   float64
	Measured  bool // else the seconds are the model's
}

// replayed lists the builds that were replayed without an edit.
func (s *scene) replayed() []Replayed {
	if s.before == nil {
		return nil
	}
	var out []Replayed
	for i := range s.before.Builds {
		b := &s.before.Builds[i]
		x := Replayed{Commit: b.Commit.SHA, Unread: b.Plan == nil}
		x.Seconds, _ = s.prices.wall(b.Plan, s.misses(b), s.Head.Builder.Cores)
		because := map[int]int{} // by step
		for _, m := range b.Misses {
			step := &b.Plan.Steps[m.Step]
			p := s.prices.of(step.Text)
			because[m.Step] = step.Line
			for _, in := range step.Inputs {
				if line := because[in]; line > 0 && !m.Own {
					because[m.Step] = line
				}
			}
			x.Reruns = append(x.Reruns, Rerun{
				Text: record.RedactURLs(step.Text), Line: step.Line, Own: m.Own, Because: because[m.Step], ByContent: m.ByContent,
				Files: m.Files, FileCount: m.FileCount, Args: m.Args, Seconds: p.seconds, Measured: p.measured,
			})
		}
		out = append(out, x)
	}
	return out
}

// Model says in words what a step is taken to cost that was never measured.
func Model() string {
	return fmt.Sprintf("%g s for a compiler, %g s for an install, %g s for another RUN, %g s for a COPY",
		costCompile, costInstall, costRun, costCopy)
}
