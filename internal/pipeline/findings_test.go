package pipeline

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

func TestFindingsSayWhatTheReportSays(t *testing.T) {
	head := &record.Record{
		Schema: record.Schema, ID: "a", Status: record.Succeeded,
		Dockerfile: record.Dockerfile{Instructions: []record.Instruction{{Command: "RUN", Text: "RUN true", Line: 1, EndLine: 1, Stage: -1}}},
		Steps: []record.Step{
			{ID: "s1", Status: record.Hit}, {ID: "s2", Status: record.Miss}, {ID: "s3", Status: record.StepFailed}, {ID: "s4", Status: record.NotRun},
		},
	}
	causes := []cause.Cause{
		{ID: "c1", Kind: cause.BuildArg, File: "Dockerfile", Line: 2, Instruction: "ARG V", Subject: "V", Steps: []string{"s3"}},
		{ID: "c2", Kind: cause.ContextFiles, File: "Dockerfile", Line: 6, Instruction: "COPY . .", Subject: "a", Steps: []string{"s2", "s3"},
			Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "a"}, {Path: "b"}}}},
	}
	ledger := timing.Ledger{
		Saved: 9, SavedIsBound: true, Lost: 5, ImportSeconds: 1, ExportSeconds: 2, DownloadSeconds: 3, NetSaved: -4,
		CauseLost: map[string]float64{"c1": 1, "c2": 4},
	}
	want := &record.Findings{
		Hits: 1, Misses: 2, NotRun: 1, Saved: 9, Lost: 5, Import: 1, Export: 2, Download: 3, Net: -4, SavedIsBound: true,
		Causes: []record.Finding{
			{Kind: "context-files", File: "Dockerfile", Line: 6, Instruction: "COPY . .", Subject: "a", Files: []string{"a", "b"}, Steps: 2, Lost: 4},
			{Kind: "build-arg", File: "Dockerfile", Line: 2, Instruction: "ARG V", Subject: "V", Steps: 1, Lost: 1},
		},
	}
	if d := cmp.Diff(want, findings(report.New(head, nil, causes, ledger, advice.Advice{}, nil))); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

// Whatever a build makes of itself, its record can be written, and stays small.
func TestFindingsAreBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	var causes []cause.Cause
	var files []cause.FileChange
	ledger := timing.Ledger{Saved: math.Inf(1), Lost: math.NaN(), NetSaved: math.Inf(-1), CauseLost: map[string]float64{"c0": -1, "c1": math.NaN()}}
	for range 50 {
		files = append(files, cause.FileChange{Path: long})
	}
	for i := range 300 {
		causes = append(causes, cause.Cause{
			ID: fmt.Sprintf("c%d", i), Line: -1, File: long, Instruction: long, Subject: long, Evidence: cause.Evidence{Files: files},
		})
	}
	head := &record.Record{Schema: record.Schema, ID: "a", Status: record.Failed}
	head.Findings = findings(report.New(head, nil, causes, ledger, advice.Advice{}, nil))
	data, err := record.Encode(head)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(head.Findings.Causes); n != findingCauses || len(data) > 100_000 {
		t.Errorf("%d causes in %d bytes", n, len(data))
	}
}
