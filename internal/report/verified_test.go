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
		"not by this change": {advice.Prediction{Commits: 20, CommitsSaved: 17, SecondsSavedPerBuild: 7}, advice.Verification{SecondsBefore: 9, SecondsAfter: 9.02, SameFiles: true},
			"It would have saved 8.2 s on 17 of the last 20 commits. For this change a build shows no gain: 9.0 s instead of 9.0 s, with the same files in the image."},
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

// What a build has shown to save nothing asks nobody for anything: it is in the summary
// and on the page for who wants to know what was tried, and said to have failed.
func TestWhatABuildRefuted(t *testing.T) {
	suggestion := func(title string, seconds float64, v *advice.Verification) advice.Suggestion {
		g := edited("rule", title, "Dockerfile", 4, shopFile, strings.Replace(shopFile, "npm ci", "npm ci "+title, 1),
			advice.Prediction{Commits: 8, CommitsSaved: 8, SecondsSavedPerBuild: seconds, Estimated: true})
		g.Verified = v
		return g
	}
	good := suggestion("Good", 5, &advice.Verification{SecondsBefore: 8.3, SecondsAfter: 3.2, SameFiles: true})
	idle := suggestion("Idle", 2.4, &advice.Verification{SecondsBefore: 8.3, SecondsAfter: 8.3, NoGain: true, SameFiles: true})
	idle.Assumes = []string{"with what it downloaded before, it takes 50 % of the time"}
	sound := suggestion("Sound", 2.4, idle.Verified)
	sound.Sound = true
	const title, gain = "1 suggestion that a build refuted: it saved next to nothing", "A build with it took 8.3 s instead of 8.3 s, with the same files in the image."

	b := oneCause()
	b.suggestions = []advice.Suggestion{good, idle}
	r := b.report()
	var page, terminal, text, sarif strings.Builder
	a := report.NewAdvice(report.Advised{Dockerfile: "Dockerfile", Advice: advice.Advice{Suggestions: b.suggestions}})
	for _, err := range []error{report.HTML(&page, r), report.Terminal(&terminal, r, false), report.AdviceText(&text, a, false), report.AdviceSARIF(&sarif, a)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	folded := "<details>\n<summary>" + title + "</summary>"
	for name, c := range map[string]struct {
		text  string
		says  []string
		never string
	}{
		"comment":            {text: report.Comment(r), says: []string{"**Suggestion: Good.**"}, never: "Idle"},
		"SARIF":              {text: sarif.String(), says: []string{"Good."}, never: "Idle"},
		"summary":            {report.Summary(r), []string{"**Suggestion: Good.**", folded, "**Refuted: Idle.** " + gain, "it takes 50 % of", "+RUN npm ci Idle"}, "Suggestion: Idle"},
		"page":               {page.String(), []string{"<h2>Suggestion</h2>", "<h3>Good.</h3>", "<details><summary>" + title + "</summary>", "<h3>Idle.</h3>", gain}, "2.4 s by estimate"},
		"terminal":           {terminal.String(), []string{"Suggestion: Good.", "in the report: " + title}, "Idle"},
		"advice":             {text.String(), []string{"1 suggestion for Dockerfile: with it, a build took 3.2 s instead of 8.3 s.", "1. Good.", title + ".\n- Idle."}, "2. Idle"},
		"advice as Markdown": {report.AdviceMarkdown(a), []string{"**1 suggestion for Dockerfile", "#### 1. Good.", folded, "**Refuted: Idle.**"}, "#### 2"},
	} {
		at := 0
		for _, want := range c.says {
			n := strings.Index(c.text[at:], want)
			if n < 0 {
				t.Errorf("the %s does not say %q, or too early:\n%s", name, want, c.text)
				break
			}
			at += n
		}
		if strings.Contains(c.text, c.never) {
			t.Errorf("the %s says %q:\n%s", name, c.never, c.text)
		}
	}
	if g := r.Suggestions; g[0].Refuted || !g[1].Refuted || !g[1].Verified.NoGain {
		t.Errorf("report.json has %+v", g)
	}

	b = allHit()
	b.suggestions = []advice.Suggestion{idle}
	if !report.Quiet(b.report()) {
		t.Error("a build that lost nothing breaks its silence for what a build refuted")
	}
	a = report.NewAdvice(report.Advised{Dockerfile: "Dockerfile", Advice: advice.Advice{Suggestions: b.suggestions}})
	if text, want := report.AdviceMarkdown(a), "**No suggestion for Dockerfile: building showed that 1 edit would save next to nothing.**"; !strings.HasPrefix(text, want) {
		t.Errorf("the advice does not begin with %q:\n%s", want, text)
	}

	// Where more speaks for a suggestion than time, that is what it is made for.
	b = oneCause()
	b.suggestions = []advice.Suggestion{sound}
	text2 := report.Comment(b.report())
	if want := "<summary>1 suggestion</summary>\n\n**Suggestion: Sound.** " + gain; !strings.Contains(text2, want) || strings.Contains(text2, "would have saved") {
		t.Errorf("the comment does not have %q:\n%s", want, text2)
	}
}
