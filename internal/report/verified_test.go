package report_test

import (
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

func TestWhatABuildWithASuggestionShowed(t *testing.T) {
	saves := advice.Prediction{Commits: 1, CommitsSaved: 1, SecondsSavedPerBuild: 7}
	for name, c := range map[string]struct {
		predicted advice.Prediction
		verified  advice.Verification
		want      string
	}{
		"faster": {saves, advice.Verification{SecondsBefore: 9, SecondsAfter: 2, SameFiles: true},
			"Verified by a build: 2.0 s instead of 9.0 s, with the same files in the image."},
		"not faster": {saves, advice.Verification{SecondsBefore: 9, SecondsAfter: 9.5, SameFiles: true},
			"Verified by a build: 9.5 s instead of 9.0 s, so that nothing was saved, with the same files in the image."},
		"not for speed": {advice.Prediction{}, advice.Verification{SecondsBefore: 9, SecondsAfter: 9.5, Differences: []string{"config.User is new"}, DifferenceCount: 1},
			"Verified by a build: 9.5 s instead of 9.0 s, with 1 difference in the image, which the edit is meant to make."},
		"another image": {saves, advice.Verification{SecondsBefore: 9, SecondsAfter: 2, Differences: []string{"/a is new"}, DifferenceCount: 30},
			"Verified by a build: 2.0 s instead of 9.0 s, with 30 differences in the image, which the edit is meant to make."},
	} {
		t.Run(name, func(t *testing.T) {
			all := advice.Advice{Suggestions: []advice.Suggestion{{Rule: "rule", Title: "Do it", Predicted: c.predicted, Verified: &c.verified}}}
			r := report.New(&record.Record{Status: record.Succeeded, Seconds: 9}, nil, nil, timing.Ledger{Wall: 9}, all, nil)
			if text := report.Summary(r); !strings.Contains(text, "**Suggestion: Do it.** "+c.want) {
				t.Errorf("the summary says:\n%s", text)
			}
			v := r.Suggestions[0].Verified
			if v == nil || v.DifferenceCount != c.verified.DifferenceCount || len(v.Differences) != len(c.verified.Differences) {
				t.Errorf("report.json has %+v", v)
			}
		})
	}
}
