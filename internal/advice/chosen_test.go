package advice_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
)

// The best set, or the best suggestion, and then what is worth making without saving
// time, as long as it changes other lines and has a patch.
func TestChosen(t *testing.T) {
	const text = "FROM node\nCOPY . .\nRUN one\nRUN two\nRUN three\nRUN four\n"
	saves := advice.Prediction{Commits: 2, CommitsSaved: 2, SecondsSavedPerBuild: 9}
	edit := func(p advice.Prediction, path, before, from, to string) advice.Suggestion {
		e := advice.FileEdit{Path: path, After: []byte(strings.Replace(before, from, to, 1))}
		if before != "" {
			e.Before = []byte(before)
		}
		return advice.Suggestion{Predicted: p, Edits: []advice.FileEdit{e}, Patch: dockerfile.Diff(path, e.Before, e.After)}
	}
	one := edit(saves, "Dockerfile", text, "RUN one\n", "RUN first\n")
	two := edit(saves, "Dockerfile", text, "RUN one\nRUN two\n", "RUN two\nRUN one\n")
	sound := edit(advice.Prediction{Commits: 2}, "Dockerfile", text, "RUN four\n", "RUN fourth\n")
	same := edit(advice.Prediction{Commits: 2}, "Dockerfile", text, "RUN one\n", "RUN uno\n")
	wrong := edit(advice.Prediction{Commits: 2}, "Dockerfile", text, "FROM node\n", "FORM node\n")
	ignore := edit(advice.Prediction{}, ".dockerignore", "", "", ".git\n")
	remark := advice.Suggestion{Rule: "smaller-base"}
	unsafe := sound
	unsafe.Patch = ""
	user := sound
	user.Declares = []advice.Difference{{Path: "config.User"}}
	refuted := one
	refuted.Verified = &advice.Verification{NoGain: true}
	idle := refuted
	idle.Sound, idle.Edits = true, sound.Edits
	first := string(one.Edits[0].After)
	both := one.Edits[0]
	both.After = []byte(strings.Replace(string(both.After), "RUN three\n", "RUN third\n", 1))

	for name, c := range map[string]struct {
		advice  advice.Advice
		members []int
		want    map[string]string // what is replaced in the Dockerfile, or a new file's text
	}{
		"nothing":                {advice.Advice{}, nil, nil},
		"no patch":               {advice.Advice{Suggestions: []advice.Suggestion{remark, unsafe}}, nil, nil},
		"the best one alone":     {advice.Advice{Suggestions: []advice.Suggestion{one, two}}, []int{0}, map[string]string{"one": "first"}},
		"with what is sound":     {advice.Advice{Suggestions: []advice.Suggestion{one, two, remark, ignore, sound}}, []int{0, 3, 4}, map[string]string{"one": "first", "four": "fourth", ".dockerignore": ".git\n"}},
		"sound on the same":      {advice.Advice{Suggestions: []advice.Suggestion{one, same, sound}}, []int{0, 2}, map[string]string{"one": "first", "four": "fourth"}},
		"another image":          {advice.Advice{Suggestions: []advice.Suggestion{one, user}}, []int{0}, map[string]string{"one": "first"}},
		"only what is sound":     {advice.Advice{Suggestions: []advice.Suggestion{sound}}, []int{0}, map[string]string{"four": "fourth"}},
		"no Dockerfile any more": {advice.Advice{Suggestions: []advice.Suggestion{wrong, sound}}, []int{1}, map[string]string{"four": "fourth"}},
		"what a build refuted":   {advice.Advice{Suggestions: []advice.Suggestion{two, refuted}}, []int{0}, map[string]string{"one\nRUN two": "two\nRUN one"}},
		"nothing but that":       {advice.Advice{Suggestions: []advice.Suggestion{refuted}}, nil, nil},
		"sound, if not fast":     {advice.Advice{Suggestions: []advice.Suggestion{two, idle}}, []int{0, 1}, map[string]string{"one\nRUN two": "two\nRUN one", "four": "fourth"}},
		"the best set": {advice.Advice{
			Suggestions: []advice.Suggestion{two, one, one, sound},
			Best:        &advice.Set{Members: []int{1, 2}, Edits: []advice.FileEdit{both}},
		}, []int{1, 2, 3}, map[string]string{"one": "first", "three": "third", "four": "fourth"}},
	} {
		t.Run(name, func(t *testing.T) {
			edits, members := c.advice.Chosen()
			if d := cmp.Diff(c.members, members); d != "" {
				t.Errorf("members (-want +got):\n%s", d)
			}
			got, want := map[string]string{}, map[string]string{}
			for _, e := range edits {
				got[e.Path] = string(e.After)
			}
			changed := text
			for from, to := range c.want {
				if strings.HasPrefix(from, ".") {
					want[from] = to
				} else {
					changed = strings.Replace(changed, from, to, 1)
				}
			}
			if changed != text {
				want["Dockerfile"] = changed
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("files (-want +got):\n%s", d)
			}
		})
	}
	if got := string(one.Edits[0].After); got != first {
		t.Errorf("a suggestion was changed to %q", got)
	}
}
