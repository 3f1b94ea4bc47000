package report_test

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// TestQuiet says which builds ask something of somebody, and so make a comment
// where there is none yet.
func TestQuiet(t *testing.T) {
	with := func(b build, change func(*build)) build {
		change(&b)
		return b
	}
	fast := advice.Suggestion{Rule: "late-arg", Title: "Move it", File: "Dockerfile", Line: 1, EndLine: 1, Predicted: advice.Prediction{SecondsSavedPerBuild: 9}}
	lean := advice.Suggestion{Rule: "non-root", Title: "Run as node", File: "Dockerfile", Line: 1, EndLine: 1}
	imported := func(answer string) func(*build) {
		return func(b *build) {
			b.head.Caches = append(b.head.Caches, record.CacheAccess{Direction: record.Import, Type: "registry", Ref: "ghcr.io/octo/shop:cache", Error: answer})
			b.head.Warnings = append(b.head.Warnings, "importing the registry cache `ghcr.io/octo/shop:cache`: "+answer)
		}
	}
	exported := func(b *build) {
		b.head.Caches = append(b.head.Caches, record.CacheAccess{Direction: record.Export, Type: "gha", Error: "ghcr.io/octo/shop:cache: not found"})
	}
	for name, c := range map[string]struct {
		build build
		quiet bool
	}{
		"nothing lost":                       {allHit(), true},
		"nothing lost, time to be saved":     {with(allHit(), func(b *build) { b.suggestions = []advice.Suggestion{fast} }), false},
		"nothing lost, the image could be":   {with(allHit(), func(b *build) { b.suggestions = []advice.Suggestion{lean} }), true},
		"nothing lost, a warning":            {with(allHit(), func(b *build) { b.warnings = []string{"something"} }), false},
		"nothing lost, a cache that is gone": {with(allHit(), imported("ghcr.io/octo/shop:cache: not found")), false},
		"the first":                          {firstBuild(), true},
		"the first, its cache is not there":  {with(firstBuild(), imported("ghcr.io/octo/shop:cache: not found")), true},
		"the first, its cache is refused":    {with(firstBuild(), imported("403 Forbidden")), false},
		"the first, its export failed":       {with(firstBuild(), exported), false},
		"the first, with a suggestion":       {with(firstBuild(), func(b *build) { b.suggestions = []advice.Suggestion{fast} }), false},
		"the first, another warning":         {with(firstBuild(), func(b *build) { b.warnings = []string{"something"} }), false},
		"the first, failed":                  {with(firstBuild(), func(b *build) { b.head.Status = record.Failed }), false},
		"something lost":                     {oneCause(), false},
		"a miss that nothing explains":       {unexplained(), false},
		"failed":                             {failedBuild(), false},
	} {
		r := c.build.report()
		if got := report.Quiet(r); got != c.quiet {
			t.Errorf("%s: Quiet is %v", name, got)
		}
		// A quiet build has one line that nobody has to unfold, and it is not bold.
		text := report.Comment(r)
		first, rest, _ := strings.Cut(text, "\n\n")
		quiet := !strings.Contains(first, "**") && strings.HasPrefix(rest, "<details>\n<summary>Details</summary>") &&
			strings.Index(rest, "</details>\n") == len(rest)-len("</details>\n")
		if quiet != c.quiet {
			t.Errorf("%s: the comment is quiet: %v\n%s", name, quiet, text)
		}
	}
}
