package advice_test

import (
	"math"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
)

// A build refutes what was to save time in it, and nothing else.
func TestNoGain(t *testing.T) {
	commit := func(c string) string { return strings.Repeat(c, 40) }
	ran := []advice.Rerun{{Text: "RUN make"}}
	all := advice.Advice{Builds: []advice.Replayed{
		{Commit: commit("a"), Reruns: ran}, {Commit: commit("b")}, {Commit: commit("c"), Reruns: ran}, {Commit: commit("d"), Reruns: ran},
	}}
	for name, c := range map[string]struct {
		gains         []float64
		earlier       string
		before, after float64
		want          bool
	}{
		"as long":                                {[]float64{3, 0, 3, 3}, commit("c"), 9, 9, true},
		"longer":                                 {[]float64{3, 0, 3, 3}, commit("c"), 9, 9.4, true},
		"shorter, by less than a patch is worth": {[]float64{3, 0, 3, 3}, commit("c"), 9, 8.6, true},
		"shorter":                                {[]float64{3, 0, 3, 3}, commit("c"), 9, 8.4, false},
		"a commit that it does not help":         {[]float64{3, 0, 3, 0}, commit("c"), 9, 9, false},
		"a commit that it hardly helps":          {[]float64{3, 0, 3, 0.4}, commit("c"), 9, 9, false},
		"one of two commits that it helps":       {[]float64{3, 0, 0, 3}, commit("b"), 9, 9, false},
		"two commits that it helps":              {[]float64{0, 0, 3, 3}, commit("b"), 9, 9, true},
		"a commit between that ran nothing":      {[]float64{0, 0, 3, 3}, commit("a"), 9, 9, true},
		"the commit in front of them all":        {[]float64{3, 0, 3, 3}, commit("e"), 9, 9, true},
		"it is not known which commits":          {[]float64{0, 0, 3, 3}, commit("e"), 9, 9, false},
		"the same commit":                        {[]float64{3, 0, 3, 3}, commit("d"), 9, 9, false},
		"not from a replay":                      {nil, commit("c"), 9, 9, false},
	} {
		g := &advice.Suggestion{Predicted: advice.Prediction{SecondsSavedPerBuild: 2, Gains: c.gains}}
		if got := all.NoGain(g, c.earlier, advice.Verification{SecondsBefore: c.before, SecondsAfter: c.after}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsSoundIsNotRefuted(t *testing.T) {
	g := advice.Suggestion{Verified: &advice.Verification{NoGain: true}}
	if !g.Refuted() {
		t.Error("it was to save time, and saved none")
	}
	if g.Sound = true; g.Refuted() {
		t.Error("it was not for the time alone")
	}
	g = advice.Suggestion{Verified: &advice.Verification{}}
	if g.Refuted() || (&advice.Suggestion{}).Refuted() {
		t.Error("what saves time, or was not built, is refuted")
	}
}

// The gain of each build is known where builds of the same commits would show it.
func TestGainsByBuild(t *testing.T) {
	sc := read(t, "testdata/suggest/npm")
	all := advice.Suggest(sc.input)
	p := all.Suggestions[0].Predicted
	if len(p.Gains) != len(all.Builds) || len(p.Gains) != 1 || math.Abs(p.Gains[0]-p.SecondsSavedPerBuild) > 0.001 {
		t.Errorf("the gains are %v in %d builds, and the mean is %v", p.Gains, len(all.Builds), p.SecondsSavedPerBuild)
	}
	rule := all.Suggestions[0].Rule
	evicted := sc.input.Head.Steps[0].ID
	sc.input.Causes = append(sc.input.Causes, cause.Cause{Kind: cause.CacheEvicted, Steps: []string{evicted}})
	if g := advice.Suggest(sc.input).Suggestions[0]; g.Rule != rule || g.Predicted.Gains != nil {
		t.Errorf("after a result was evicted the gains of %s are %v, which no change of the files can show", g.Rule, g.Predicted.Gains)
	}
}
