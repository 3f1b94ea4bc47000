package replay

import (
	"slices"

	"github.com/aymanbagabas/go-udiff"
)

// carry makes the edit to a file as it was at another commit: a three-way merge, by
// lines, of that version and the edited one, with the newest version as their common
// base. It fails where both change the same lines; it never guesses. A nil text is a
// file that is not there.
func (e Edit) carry(version []byte) ([]byte, bool) {
	switch {
	case same(version, e.Before):
		return e.After, true
	case same(version, e.After):
		return version, true
	case version == nil || e.Before == nil || e.After == nil:
		return nil, false
	}
	base := string(e.Before)
	merged, ok := merge(lines(base, string(version)), lines(base, string(e.After)))
	if !ok {
		return nil, false
	}
	out, err := udiff.Apply(base, merged)
	return []byte(out), err == nil
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && string(a) == string(b) }

// lines are the edits from one text to another, those that touch as one.
func lines(before, after string) []udiff.Edit {
	var out []udiff.Edit
	for _, e := range udiff.Lines(before, after) {
		if n := len(out); n > 0 && out[n-1].End == e.Start {
			out[n-1].End = e.End
			out[n-1].New += e.New
			continue
		}
		out = append(out, e)
	}
	return out
}

// merge puts two lists of edits of one text together, unless they overlap. What is
// inserted at one place by both in different words has no order, so that is an
// overlap too.
func merge(a, b []udiff.Edit) ([]udiff.Edit, bool) {
	out := slices.Clone(a)
	for _, y := range b {
		same := false
		for _, x := range a {
			switch {
			case x == y:
				same = true
			case x.Start < y.End && y.Start < x.End, x.Start == y.Start && (x.Start == x.End || y.Start == y.End):
				return nil, false
			case x.Start == x.End && y.Start < x.Start && x.Start < y.End, y.Start == y.End && x.Start < y.Start && y.Start < x.End:
				return nil, false
			}
		}
		if !same {
			out = append(out, y)
		}
	}
	slices.SortStableFunc(out, func(x, y udiff.Edit) int { return x.Start - y.Start })
	return out, true
}
