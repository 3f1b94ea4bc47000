package report_test

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/report"
)

// Who waits for a build is told first of what saves time; the rest is folded, and
// does not break the silence of a build that lost nothing.
func TestWhatSavesNoTimeIsNotPressing(t *testing.T) {
	user := advice.Suggestion{Rule: "non-root", Title: "Run as node", File: "Dockerfile", Line: 1, EndLine: 1, Patch: "--- a/Dockerfile\n+++ b/Dockerfile\n"}
	secret := user
	secret.Rule, secret.Title = "secret-in-layer", "Hand over the token as a secret"
	fast := user
	fast.Rule, fast.Title, fast.Predicted = "late-arg", "Move it", advice.Prediction{Commits: 1, CommitsSaved: 1, SecondsSavedPerBuild: 9}

	b := allHit()
	b.suggestions = []advice.Suggestion{user}
	if got := report.Comment(b.report()); strings.Contains(got, "Run as") {
		t.Errorf("a build that lost nothing is told of a user:\n%s", got)
	}
	b.suggestions = []advice.Suggestion{user, secret}
	if got := report.Comment(b.report()); !strings.Contains(got, "**Suggestion: Hand over the token") {
		t.Errorf("a credential in the image goes unsaid:\n%s", got)
	}
	for name, c := range map[string]struct {
		all       []advice.Suggestion
		top, fold string
	}{
		"only a user": {[]advice.Suggestion{user}, "", "<summary>1 suggestion</summary>"},
		"time first":  {[]advice.Suggestion{user, fast}, "**Suggestion: Move it", "<summary>1 more suggestion</summary>"},
	} {
		b := oneCause()
		b.suggestions = c.all
		comment := report.Comment(b.report())
		head, _, folded := strings.Cut(comment, c.fold)
		if !folded || !strings.Contains(head, c.top) || strings.Contains(head, "Run as") {
			t.Errorf("%s:\n%s", name, comment)
		}
	}
}
