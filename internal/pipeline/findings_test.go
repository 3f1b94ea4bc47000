package pipeline

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
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

// What a build refuted is not said by who reads its record alone.
func TestWhatWasWithdrawnStaysSo(t *testing.T) {
	const text = "FROM node:22\nENV API_TOKEN=abc\nRUN true\n"
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	head := &record.Record{
		Schema: record.Schema, ID: "a", Status: record.Succeeded, Invocation: record.Invocation{Context: ".", Dockerfile: "Dockerfile"},
		Dockerfile: record.Dockerfile{Path: "Dockerfile", Text: text}, Findings: &record.Findings{},
	}
	for _, in := range f.Instructions {
		head.Dockerfile.Instructions = append(head.Dockerfile.Instructions, record.Instruction{Command: in.Command, Text: in.Text, Line: in.Line, EndLine: in.EndLine})
	}
	c := &commenting{runner: &runner{}}
	made := c.explain(head, nil).Suggestions
	if len(made) == 0 || made[0].Rule != "secret-in-layer" {
		t.Fatalf("suggested are %+v", made)
	}
	all := []advice.Suggestion{
		{Rule: made[0].Rule, File: made[0].File, Line: made[0].Line},
		{Rule: "stays", Line: 1}, {Rule: "saves nothing", Line: 2},
	}
	idle := all[2]
	idle.Verified = &advice.Verification{NoGain: true}
	head.Findings.Withdrawn = withdrawn(all, []advice.Suggestion{all[1], idle})
	want := []record.Withdrawn{{Rule: made[0].Rule, File: "Dockerfile", Line: 2}, {Rule: "saves nothing", Line: 2}}
	if d := cmp.Diff(want, head.Findings.Withdrawn); d != "" {
		t.Errorf("withdrawn (-want +got):\n%s", d)
	}
	if got := c.explain(head, nil).Suggestions; len(got) != len(made)-1 {
		t.Errorf("suggested are %d of %d: %+v", len(got), len(made), got)
	}
}
