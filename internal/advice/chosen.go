package advice

import (
	"slices"

	"github.com/layercause/layercause/internal/dockerfile"
)

// Chosen gives what to apply where nobody chooses: the set that saves most, or the
// suggestion that does, and of those that are worth making without saving time all
// that change other lines and leave the image as it is: what a program may run as,
// or finds beside it, is for its owner to decide. Members are indexes of the
// suggestions, ascending.
func (a Advice) Chosen() (edits []FileEdit, members []int) {
	if a.Best != nil {
		edits, members = a.Best.Edits, slices.Clone(a.Best.Members)
	}
	for i := range a.Suggestions {
		g := &a.Suggestions[i]
		saves := g.Predicted.worth() && !g.noGain()
		if g.Refuted() || g.Patch == "" || slices.Contains(members, i) || saves && len(members) > 0 || !saves && len(g.Declares) > 0 {
			continue
		}
		more, fits := together(edits, g.Edits)
		if !fits || !stillParse(more) {
			continue
		}
		if _, clean := patchOf(more); !clean {
			continue
		}
		edits, members = more, append(members, i)
	}
	slices.Sort(members)
	return edits, members
}

// stillParse says whether what was a Dockerfile still is one. What never was, such
// as a .dockerignore, is not asked.
func stillParse(edits []FileEdit) bool {
	for _, e := range edits {
		before, err := dockerfile.Parse(e.Path, e.Before)
		if err != nil {
			continue
		}
		after, err := dockerfile.Parse(e.Path, e.After)
		if err != nil || len(after.Stages) < len(before.Stages) {
			return false
		}
	}
	return true
}
