package report_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// onBranch is an earlier build that took so long and hit so many of ten steps.
func onBranch(branch string, wall float64, hits int) *record.Record {
	return &record.Record{
		Status: record.Succeeded, Seconds: wall, Commit: record.Commit{Branch: branch, SHA: baseSHA},
		Findings: &record.Findings{Hits: hits, Misses: 10 - hits},
	}
}

// TestBaseBranch compares a build of a pull request into main, of which 2 of 5
// steps hit within 43.6 s, with what the history holds.
func TestBaseBranch(t *testing.T) {
	changed := func(change func(*record.Record)) *record.Record {
		x := onBranch("main", 1, 1)
		change(x)
		return x
	}
	main := func(wall float64, hits int) *record.Record { return onBranch("main", wall, hits) }
	none := func(*record.Record) {}
	for name, c := range map[string]struct {
		head func(*record.Record)
		past []*record.Record
		want *report.BaseBranch
		said string
	}{
		"no earlier build": {none, nil, nil, ""},
		"one": {none, []*record.Record{main(12, 9)}, &report.BaseBranch{Name: "main", Builds: 1, HitRate: 0.9, WallSeconds: 12},
			"Hit rate 40 %, down from 90 % on `main`; wall time 44 s, up from 12 s (its last build)."},
		"two": {none, []*record.Record{main(12, 9), main(20, 8)}, &report.BaseBranch{Name: "main", Builds: 2, HitRate: 0.85, WallSeconds: 16},
			"Hit rate 40 %, down from 85 % on `main`; wall time 44 s, up from 16 s (median of its last 2 builds)."},
		"the last five of seven": {none, []*record.Record{main(90, 0), main(80, 1), main(70, 2), main(60, 3), main(50, 0), main(1, 10), main(1, 10)},
			&report.BaseBranch{Name: "main", Builds: 5, HitRate: 0.1, WallSeconds: 70},
			"Hit rate 40 %, up from 10 % on `main`; wall time 44 s, down from 1m10s (median of its last 5 builds)."},
		"alike": {none, []*record.Record{main(44.5, 4)}, &report.BaseBranch{Name: "main", Builds: 1, HitRate: 0.4, WallSeconds: 44.5},
			"Hit rate 40 %, as on `main`; wall time 44 s, about as long as there (its last build)."},
		"others do not count": {none, []*record.Record{
			onBranch("cart", 1, 1),
			changed(func(x *record.Record) { x.Status = record.Failed }),
			changed(func(x *record.Record) { x.Findings = nil }),
			changed(func(x *record.Record) { x.Findings = &record.Findings{NotRun: 3} }),
			changed(func(x *record.Record) { x.Commit.BaseBranch = "main" }), // of a fork's main
		}, nil, ""},
		"no pull request": {func(x *record.Record) { x.Commit.BaseBranch = "" }, []*record.Record{main(12, 9), onBranch("", 12, 9)}, nil, ""},
		"failed": {func(x *record.Record) { x.Status = record.Failed }, []*record.Record{main(12, 9)},
			&report.BaseBranch{Name: "main", Builds: 1, HitRate: 0.9, WallSeconds: 12}, ""},
	} {
		b := oneCause()
		c.head(b.head)
		b.past = c.past
		r := b.report()
		if d := cmp.Diff(c.want, r.BaseBranch); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		hit := allHit()
		hit.past = c.past
		if quiet := report.Comment(hit.report()); c.want != nil && !strings.Contains(quiet, "<details>\n<summary>Details</summary>\n\nHit rate 100 %, ") {
			t.Errorf("%s: the comment of a build that lost nothing:\n%s", name, quiet)
		}
		for document, text := range map[string]string{"comment": report.Comment(r), "summary": report.Summary(r)} {
			if c.said == "" && strings.Contains(text, "Hit rate") || !strings.Contains(text, c.said) {
				t.Errorf("%s: the %s does not say %q:\n%.900s", name, document, c.said, text)
			}
		}
	}
}
