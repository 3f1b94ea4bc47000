package advice

import (
	"sort"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// worthSeconds is the least a suggestion has to save in a build, in seconds,
// where its gain can be told: below it a patch costs more to read than it brings.
const worthSeconds = 0.5

// Input is one explained build.
type Input struct {
	Head   *record.Record
	Causes []cause.Cause
	Ledger timing.Ledger
}

// rule looks for one kind of edit.
type rule struct {
	name string
	find func(*scene) []Suggestion
}

func rules() []rule {
	return []rule{
		{"deps-before-source", depsBeforeSource},
		{"dockerignore", dockerignore},
		{"late-arg", lateArg},
	}
}

// Suggest gives the edits that this build shows to be worth it, the one that
// saves most first. Each stands for itself: its patch applies to the tree that
// was built, without the others. A Dockerfile that cannot be parsed, a build of
// a remote context and a build without causes give none.
func Suggest(in Input) []Suggestion {
	s := newScene(in)
	if s == nil {
		return nil
	}
	var out []Suggestion
	for _, r := range rules() {
		for _, g := range r.find(s) {
			g.Rule = r.name
			out = append(out, g)
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if x, y := a.Predicted.SecondsSavedPerBuild, b.Predicted.SecondsSavedPerBuild; x != y {
			return x > y
		}
		if a.Rule != b.Rule {
			return a.Rule < b.Rule
		}
		return a.Line < b.Line
	})
	return out
}
