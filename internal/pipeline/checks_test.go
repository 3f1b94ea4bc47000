package pipeline

import (
	"bytes"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/report"
)

// Of more findings than GitHub shows, those that matter most are shown.
func TestWhichChecksAreAnnotated(t *testing.T) {
	var r report.Report
	r.Build.Dockerfile = "Dockerfile"
	for range 8 {
		r.Checks = append(r.Checks, report.Check{Rule: "FromAsCasing", Line: 1, EndLine: 1, Message: "style"})
	}
	for range 4 {
		r.Checks = append(r.Checks, report.Check{Rule: "UndefinedVar", Line: 2, EndLine: 3, Message: "mistake"})
	}
	r.Checks = append(r.Checks, report.Check{Rule: "SecretsUsedInArgOrEnv", File: "other/Dockerfile", Line: 4, EndLine: 4, Message: "leak"},
		report.Check{Rule: "OfTheWholeFile", Message: "nowhere"})
	var out bytes.Buffer
	if dropped := action.NewLog(&out, nil).Annotate(checkAnnotations(r)); dropped != 3 {
		t.Errorf("%d were dropped, want 3", dropped)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != action.AnnotationLimit || lines[0] != "::warning endLine=4,file=other/Dockerfile,line=4,title=SecretsUsedInArgOrEnv::leak" ||
		lines[1] != "::warning endLine=3,file=Dockerfile,line=2,title=UndefinedVar::mistake" {
		t.Errorf("annotations:\n%s", out.String())
	}
	for text, want := range map[string]int{"::mistake": 4, "::style": 5, "nowhere": 0} {
		if got := strings.Count(out.String(), text); got != want {
			t.Errorf("%d of %q, want %d", got, text, want)
		}
	}
}
