package report_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// huge is a build of n steps, each with a giant instruction, a cause and a
// suggestion of its own.
func huge(n int) build {
	giant := strings.Repeat("|`<b>日本\\", 400)
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{number: i + 1, text: "RUN " + giant, status: record.Miss, seconds: 1, start: float64(i)}
	}
	head, l := observed(float64(n), "build", lines...)
	head.Status = record.Failed
	head.Failure = &record.Failure{Message: strings.Repeat(giant+"\n", 500)}
	b := build{head: head, ledger: l, base: onMain()}
	var files []cause.FileChange
	for i := range 1000 {
		files = append(files, cause.FileChange{Path: fmt.Sprintf("%s/%d", giant, i), Change: "content"})
	}
	for i := range n {
		b.causes = append(b.causes, cause.Cause{
			ID: fmt.Sprintf("c%d", i+1), Kind: cause.ContextFiles, File: giant, Line: i + 1, Instruction: giant,
			Subject: giant, Detail: giant, Evidence: cause.Evidence{Files: files, Compared: []string{giant}},
			Steps: []string{fmt.Sprintf("s%d", i+1)},
		})
		b.warnings = append(b.warnings, giant)
	}
	for range 50 {
		b.suggestions = append(b.suggestions, advice.Suggestion{Title: giant, Patch: strings.Repeat("+"+giant+"\n", 300)})
	}
	head.Caches = append(head.Caches, record.CacheAccess{Ref: giant, Error: giant, Type: giant})
	return b
}

// TestBudget fills a report with more of everything than any document may hold.
func TestBudget(t *testing.T) {
	r := huge(5000).report()
	comment, summary := report.Comment(r), report.Summary(r)
	if n := len(comment); n > report.CommentBudget {
		t.Errorf("the comment takes %d bytes", n)
	}
	if n := len(summary); n > report.SummaryBudget {
		t.Errorf("the summary takes %d bytes", n)
	}
	if !strings.HasPrefix(comment, "**") || !strings.Contains(comment, "| Lost | Step |") {
		t.Errorf("the comment lost its first line or its table:\n%.400s", comment)
	}
	if !strings.Contains(comment, "Left out for length: ") || !strings.Contains(comment, "summary of the run") {
		t.Errorf("the comment does not say what was left out:\n…%s", comment[max(0, len(comment)-600):])
	}
	if !strings.Contains(comment, "more steps") {
		t.Error("the comment does not say how many steps its table leaves out")
	}
	if !strings.Contains(summary, "All 5000 steps") && !strings.Contains(summary, "Left out for length: ") {
		t.Error("the summary neither has all steps nor says that it has not")
	}
}

// TestBalancedWhenCut makes sure that a cut never goes through a section: every
// fold that opens also closes.
func TestBalancedWhenCut(t *testing.T) {
	for _, n := range []int{1, 10, 100} {
		r := huge(n).report()
		for _, text := range []string{report.Comment(r), report.Summary(r)} {
			if a, b := strings.Count(text, "\n<details>\n"), strings.Count(text, "\n</details>\n"); a != b {
				t.Errorf("%d steps: %d folds open, %d close", n, a, b)
			}
		}
	}
}

// TestDeterministic renders twice.
func TestDeterministic(t *testing.T) {
	for name, b := range scenarios() {
		var x, y bytes.Buffer
		renderAll(&x, b.report())
		renderAll(&y, b.report())
		if !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Errorf("%s: two renderings differ", name)
		}
	}
}

func renderAll(w io.Writer, r report.Report) {
	_ = report.JSON(w, r)
	_, _ = io.WriteString(w, report.Comment(r))
	_, _ = io.WriteString(w, report.Summary(r))
	_ = report.HTML(w, r)
	_ = report.Terminal(w, r, true)
}

// BenchmarkAll makes a report of a build of twelve steps and all its renderings.
func BenchmarkAll(b *testing.B) {
	benchmark(b, steps(12))
}

// BenchmarkPage makes the page of a build of 2,000 steps.
func BenchmarkPage(b *testing.B) {
	r := steps(2000).report()
	b.ReportAllocs()
	for b.Loop() {
		_ = report.HTML(io.Discard, r)
	}
}

func benchmark(b *testing.B, in build) {
	b.ReportAllocs()
	for b.Loop() {
		renderAll(io.Discard, in.report())
	}
}

// steps is an ordinary build of n steps, half of which missed.
func steps(n int) build {
	one := oneCause()
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{number: i + 1, text: "RUN make target-" + fmt.Sprint(i), status: record.Hit, saved: 2}
		if i >= n/2 {
			lines[i] = line{number: i + 1, text: lines[i].text, status: record.Miss, seconds: 2, start: float64(2 * (i - n/2))}
		}
	}
	head, l := observed(float64(n), "build", lines...)
	head.Caches = one.head.Caches
	one.head, one.ledger = head, l
	one.causes[0].Steps = nil
	for i := n / 2; i < n; i++ {
		one.causes[0].Steps = append(one.causes[0].Steps, fmt.Sprintf("s%d", i+1))
	}
	return one
}

// TestCommentWithin makes the comments of ordinary and of hostile builds ever
// smaller: never over the budget, no section cut, always with a first line, and
// with a note as soon as something is missing.
func TestCommentWithin(t *testing.T) {
	all := map[string]report.Report{"huge": huge(50).report(), "hostile": planted(strings.Repeat("`|", 200))}
	for name, b := range scenarios() {
		all[name] = b.report()
	}
	for name, r := range all {
		whole := report.Comment(r)
		parts := map[string]bool{}
		for _, p := range strings.Split(whole, "\n\n") {
			parts[p] = true
		}
		for budget := report.CommentBudget; budget >= 200; budget = budget * 3 / 4 {
			text := report.CommentWithin(r, budget)
			if len(text) > budget {
				t.Fatalf("%s: %d bytes for a budget of %d:\n%s", name, len(text), budget, text)
			}
			first, rest, _ := strings.Cut(text, "\n\n")
			if len(first) < 20 || !strings.HasSuffix(strings.Trim(strings.TrimRight(first, "\n"), "*"), ".") && !strings.Contains(first, ".** ") {
				t.Fatalf("%s: within %d bytes the first line is %q", name, budget, first)
			}
			if a, b := strings.Count(text, "<details>\n"), strings.Count(text, "</details>\n"); a != b {
				t.Fatalf("%s: within %d bytes %d folds open, %d close", name, budget, a, b)
			}
			if a := strings.Count(text, "\n```"); a%2 != 0 {
				t.Fatalf("%s: within %d bytes a fence stays open", name, budget)
			}
			if len(whole) <= budget && text != whole && !strings.Contains(whole, "eft out for length") {
				t.Fatalf("%s: %d bytes were enough", name, budget)
			}
			if len(text) < len(whole)/2 && !strings.Contains(text, "eft out for length") {
				t.Fatalf("%s: within %d bytes nothing says that something is missing:\n%s", name, budget, text)
			}
			if name == "one-cause" { // a table may be shortened, and says so
				for _, p := range strings.Split(strings.TrimSpace(rest), "\n\n") {
					if p != "" && !parts[p] && !parts[p+"\n"] && !strings.HasPrefix(p, "<sub>") && !strings.HasPrefix(p, "| Lost") && !strings.Contains(p, "more step that missed") {
						t.Fatalf("within %d bytes a section was cut:\n%s", budget, p)
					}
				}
			}
		}
	}
}

func TestCommentTitle(t *testing.T) {
	for _, c := range []struct {
		build report.Build
		want  string
	}{
		{report.Build{}, ""},
		{report.Build{Dockerfile: "Dockerfile"}, "Dockerfile"},
		{report.Build{Dockerfile: "docker/api.Dockerfile", Target: "prod", Platforms: []string{"linux/amd64", "linux/arm64"}},
			"`docker/api.Dockerfile`, target `prod`, `linux/amd64`, `linux/arm64`"},
		{report.Build{Dockerfile: "Dockerfile", Platforms: []string{"a/1", "a/2", "a/3", "a/4", "a/5", "a/6"}},
			"Dockerfile, `a/1`, `a/2`, `a/3`, `a/4`, and 2 more"},
		{report.Build{Dockerfile: "a\nb](x)"}, "`a b](x)`"},
	} {
		if got := report.CommentTitle(report.Report{Build: c.build}); got != c.want {
			t.Errorf("the title of %+v is %q, not %q", c.build, got, c.want)
		}
	}
}
