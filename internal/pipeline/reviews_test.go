package pipeline

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
	"github.com/layercause/layercause/internal/report"
)

// What a build refuted is not there to be committed with one click.
func TestWhatABuildRefutedStandsOnNoLines(t *testing.T) {
	const sha = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
	const text = "FROM a\nRUN one\nRUN two\nRUN three\n"
	gh := githubtest.Start(t, githubtest.Options{})
	gh.AddPull("acme/shop", 7, sha)
	gh.AddFiles("acme/shop", 7, githubtest.ChangedFile{Path: "Dockerfile", Patch: "@@ -0,0 +1,4 @@\n+" + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n+")})
	change := func(from, to string) report.Suggestion {
		after := strings.Replace(text, from, to, 1)
		return report.Suggestion{Rule: "rule", Title: to, Patch: dockerfile.Diff("Dockerfile", []byte(text), []byte(after))}
	}
	refuted := change("RUN two", "RUN 2")
	refuted.Refuted = true
	rep := report.Report{Suggestions: []report.Suggestion{change("RUN one", "RUN 1"), refuted}}
	c, err := github.New(github.Options{Token: githubtest.WorkflowToken, BaseURL: gh.URL})
	if err != nil {
		t.Fatal(err)
	}
	r := runner{event: action.Event{Repository: "acme/shop", HeadSHA: sha}}
	if err := r.suggest(t.Context(), c, 7, &rep, report.PullSuggestions); err != nil {
		t.Fatal(err)
	}
	stand := gh.ReviewComments("acme/shop", 7)
	if len(stand) != 1 || !strings.Contains(stand[0].Body, "RUN 1") {
		t.Errorf("on the lines stand %+v", stand)
	}
	if rep.Suggestions[0].Placed != report.OnLines || rep.Suggestions[1].Placed != "" {
		t.Errorf("they are placed %q and %q", rep.Suggestions[0].Placed, rep.Suggestions[1].Placed)
	}
}
