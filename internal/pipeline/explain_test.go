package pipeline

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// A record that no stage can be right about still gives a report.
func TestFaultIsAWarning(t *testing.T) {
	head := &record.Record{
		Status: record.Succeeded, Seconds: 3,
		Steps: []record.Step{{ID: "s1", Status: record.Miss, Vertices: []int{7}}}, // there is no vertex 7
		Dockerfile: record.Dockerfile{
			Path: "Dockerfile", Instructions: []record.Instruction{{Command: "RUN", Text: "RUN true", Line: 1, EndLine: 1, Stage: -1}},
		},
	}
	r := explainBuild(t.Context(), checkout{}, head, comparison{why: report.WhyNone}, advisor{}, []string{"an earlier warning"})
	if len(r.Warnings) != 2 || !strings.Contains(r.Warnings[1], "a fault of layercause") {
		t.Errorf("warnings: %q", r.Warnings)
	}
	if r.Build.Status != "succeeded" || r.Build.WallSeconds != 3 {
		t.Errorf("build: %+v", r.Build)
	}
}
