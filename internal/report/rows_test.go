package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// manyCauses is a file that several edits reach into: a copy in each of four stages, the
// first of which is below all others, with five steps each, an argument of all, and an edit.
func manyCauses() report.Report {
	var steps []report.Step
	all := []string{"c1", "c2", "c3", "c4", "c5", "c6"}
	causes := []report.Cause{
		{ID: "c1", Kind: cause.ContextFiles, Line: 10, Subject: "one.txt", LostSeconds: 2},
		{ID: "c2", Kind: cause.ContextFiles, Line: 20, Subject: "two.txt"},
		{ID: "c3", Kind: cause.ContextFiles, Line: 30, Subject: "three.txt"},
		{ID: "c4", Kind: cause.ContextFiles, Line: 40, Subject: "four.txt"},
		{ID: "c5", Kind: cause.BuildArg, Line: 5, Subject: "SHA"},
		{ID: "c6", Kind: cause.InstructionChanged, Line: 40},
	}
	for stage := range 4 {
		for i := range 6 {
			s := report.Step{
				ID: fmt.Sprintf("s%d-%d", stage, i), Instruction: fmt.Sprintf("RUN step %d", i), File: "Dockerfile",
				Line: 10*(stage+1) + i, Status: "miss", Seconds: float64(i),
			}
			for n, c := range all {
				if c == "c1" || n == stage || c == "c5" && i > 0 || c == "c6" && stage == 3 {
					s.Causes = append(s.Causes, c)
					causes[n].Steps = append(causes[n].Steps, s.ID)
				}
			}
			steps = append(steps, s)
		}
	}
	for i := range causes {
		causes[i].File = "Dockerfile"
	}
	return report.Report{
		Build: report.Build{Dockerfile: "Dockerfile", Status: "succeeded", WallSeconds: 60, Base: report.Base{Why: report.WhyNearest}},
		Steps: steps, Causes: causes, Totals: report.Totals{Steps: 24, Misses: 24, LostSeconds: 50},
	}
}

// Who reads no further than the table must learn of every cause, and not of lines alone
// that it would have to look up.
func TestTableTellsEveryCause(t *testing.T) {
	table, _, _ := strings.Cut(report.Comment(manyCauses()), "<details>")
	for _, want := range []string{
		"| **2.0&nbsp;s** | 10 `RUN step 0` | `one.txt` changed |",
		"20 `RUN step 0` | `two.txt` changed, and because of line 10 |",
		"30 `RUN step 0` | `three.txt` changed, and because of line 10 |",
		"40 `RUN step 0` | `four.txt` changed; the instruction was edited, and because of line 10 |",
		"11 `RUN step 1` | build arg `SHA` has another value (Dockerfile:5), and because of line 10 |",
		"and 16 more steps",
		"Lost in all: 50 s. Each figure is what the build would gain without that cause alone",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table does not say %q:\n%s", want, table)
		}
	}
	if n := strings.Count(table, "RUN step"); n != 8 {
		t.Errorf("the table has %d steps, want 8:\n%s", n, table)
	}
	if strings.Contains(table, "no time lost") {
		t.Errorf("50 s were lost:\n%s", table)
	}
}

// A cause that lost nothing alone did not lose nothing.
func TestLostTogether(t *testing.T) {
	r := manyCauses()
	r.Causes[0].LostSeconds = 0
	line, _, _ := strings.Cut(report.Comment(r), "\n")
	if want := "24 steps re-ran; and 5 more causes, 50 s lost in all."; !strings.Contains(line, want) {
		t.Errorf("got %q, want it to say %q", line, want)
	}
}

func TestFiguresThatAddUpNeedNoWord(t *testing.T) {
	r := manyCauses()
	r.Causes[0].LostSeconds = 50
	if text := report.Comment(r); strings.Contains(text, "add up") {
		t.Errorf("they add up:\n%s", text)
	}
}

// The misses of a first build are no loss, so there is no time that it would have taken
// without them.
func TestFirstBuildHasNothingToMiss(t *testing.T) {
	b := firstBuild()
	b.ledger.WithoutCache, b.ledger.WithoutMisses = 41, 41
	text := report.Comment(b.report())
	if !strings.Contains(text, "41 s without any cache.") || strings.Contains(text, "had nothing missed") {
		t.Errorf("got:\n%s", text)
	}
}

// Of long texts the part is shown in which they differ.
func TestEvidenceShowsTheDifference(t *testing.T) {
	b := oneCause()
	packages := strings.Repeat("ein-päckchen ", 500)
	b.causes[0].Kind = cause.InstructionChanged
	b.causes[0].Evidence = cause.Evidence{
		Before: "RUN apt-get install " + packages + "curl=1 && true", After: "RUN apt-get install " + packages + "curl=2 && true",
	}
	text := report.Comment(b.report())
	for _, want := range []string{"ein-päckchen curl=1 && true`", "ein-päckchen curl=2 && true`", "before: `…"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

func TestDigestsAreCalledSo(t *testing.T) {
	text := report.Comment(severalCauses().report())
	if want := "- before, as a keyed digest of its value: `hmac:51d0a2`"; !strings.Contains(text, want) {
		t.Errorf("it does not say %q:\n%s", want, text)
	}
}

// A step that another one's failure stopped did run for a while.
func TestStoppedStep(t *testing.T) {
	b := failedBuild()
	b.head.Steps[len(b.head.Steps)-1].Seconds = 3
	if b.head.Steps[len(b.head.Steps)-1].Status != record.NotRun {
		t.Fatal("it is no step that was not run")
	}
	if text := report.Comment(b.report()); !strings.Contains(text, "| stopped | 3.0&nbsp;s |") {
		t.Errorf("got:\n%s", text)
	}
}

func TestFailedAtOnce(t *testing.T) {
	b := failedBuild()
	b.head.Steps = b.head.Steps[len(b.head.Steps)-2 : len(b.head.Steps)-1] // the one that failed
	b.head.Steps[0].Seconds = 0.01
	text := report.Comment(b.report())
	for _, want := range []string{"failed at once.** No other step ran.", "<summary>The only step</summary>"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
}

// Results that were gone together were not lost for one another's sake.
func TestGoneTogether(t *testing.T) {
	r := manyCauses()
	r.Steps, r.Causes = r.Steps[:3], r.Causes[:1]
	r.Causes[0].Kind, r.Causes[0].Steps = cause.CacheEvicted, []string{"s0-0", "s0-1", "s0-2"}
	for i := range r.Steps {
		r.Steps[i].Causes = []string{"c1"}
	}
	text := report.Comment(r)
	if strings.Contains(text, "because of") || strings.Count(text, "| same cause |") != 2 {
		t.Errorf("got:\n%s", text)
	}
}

// Who reads that a build failed wants to see what it printed, and not the failure again.
func TestFailureLeadsToTheLog(t *testing.T) {
	b := failedBuild()
	b.head.Steps, b.causes = b.head.Steps[len(b.head.Steps)-2:len(b.head.Steps)-1], nil
	b.ledger.WithoutCache, b.ledger.WithoutMisses = 55.1, 55.1
	r := b.report()
	r.Links.RunID = "100"
	text := report.Comment(r)
	if want := "What it printed is in the [log of the run](https://github.com/octo/shop/actions/runs/100)."; !strings.Contains(text, want) {
		t.Errorf("it does not say %q:\n%s", want, text)
	}
	for _, wrong := range []string{"Why it ran", "had nothing missed"} {
		if strings.Contains(text, wrong) {
			t.Errorf("it says %q:\n%s", wrong, text)
		}
	}
	if text := report.Comment(oneCause().report()); strings.Contains(text, "log of the run") {
		t.Errorf("nothing failed:\n%s", text)
	}
}
