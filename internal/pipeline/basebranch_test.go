package pipeline_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/report"
)

// A first build makes no comment; a pull request into main is compared with the
// builds of main alone.
func TestPullRequestIsComparedWithItsBaseBranch(t *testing.T) {
	t.Parallel()
	d, registry := pullDaemon(t)
	p := newPull(t, d, registry, githubtest.Options{})
	if _, summary := p.job(); strings.Contains(summary, "Hit rate") || len(p.github.Comments("acme/shop", 7)) != 0 {
		t.Errorf("the first build makes %d comments and the summary\n%s", len(p.github.Comments("acme/shop", 7)), summary)
	}
	// Two builds of main; the second has the same files as the first, so it hits.
	p.env = map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": pulledSHA}
	p.job()
	p.edits--
	p.job()
	p.env = nil
	_, summary := p.job()
	said := regexp.MustCompile("(?m)^Hit rate [0-9]+ %, (down|up) from [0-9]+ % on `main`; wall time .*\\(median of its last 2 builds\\)\\.$")
	for name, text := range map[string]string{"comment": p.comment(), "summary": summary} {
		if !said.MatchString(text) {
			t.Errorf("the %s does not compare with main:\n%s", name, text)
		}
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if b := r.BaseBranch; b == nil || b.Name != "main" || b.Builds != 2 || b.HitRate <= r.Totals.HitRate || b.WallSeconds <= 0 {
		t.Errorf("baseBranch is %+v beside a hit rate of %v", b, r.Totals.HitRate)
	}
}
