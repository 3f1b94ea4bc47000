package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// bars are the rows of a comment's waterfall: the mark of each, its first cell, how
// many cells it has, and its name.
func bars(t *testing.T, comment string) (rows []string) {
	t.Helper()
	_, rest, found := strings.Cut(comment, "```text\n       0 s")
	chart, _, closed := strings.Cut(rest, "\n```")
	if !found || !closed {
		t.Fatalf("no waterfall in:\n%s", comment)
	}
	for _, line := range strings.Split(chart, "\n")[1:] {
		cells, name := []rune(line)[7:31], string([]rune(line)[32:])
		drawn := strings.TrimSpace(string(cells))
		first := strings.IndexRune(string(cells), []rune(drawn + " ")[0])
		rows = append(rows, fmt.Sprintf("%c %d+%d %s", []rune(drawn + " ")[0], first, len([]rune(drawn)), name))
	}
	return rows
}

// TestTextWaterfall draws 24 seconds in 24 cells.
func TestTextWaterfall(t *testing.T) {
	head, l := observed(24, "build",
		line{number: 2, text: "RUN first", status: record.Miss, seconds: 6},
		line{number: 3, text: "RUN tiny", status: record.Miss, start: 6, seconds: 0.1},
		line{number: 4, text: "RUN beside", status: record.Miss, start: 3, seconds: 18},
		line{number: 5, text: "RUN hit", status: record.Hit, saved: 2},
		line{number: 6, text: "RUN last", status: record.StepFailed, start: 23.99, seconds: 0.01},
	)
	head.Status = record.Failed
	step := l.Steps["s3"]
	step.Critical = false
	l.Steps["s3"] = step
	comment := report.Comment(build{head: head, ledger: l}.report())
	want := []string{
		"█ 0+6 line 2: RUN first", "░ 3+18 line 4: RUN beside", "█ 6+1 line 3: RUN tiny", "█ 23+1 line 6: RUN last (failed)",
	}
	if got := bars(t, comment); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the rows are:\n%s\nnot:\n%s\nin:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), comment)
	}
	many := report.Comment(steps(100).report())
	if got := bars(t, many); len(got) != 25 || !strings.Contains(many, "Not drawn: the 27 shortest bars.") {
		t.Errorf("of 50 steps and 2 caches %d rows are drawn:\n%s", len(got), many)
	}
}
