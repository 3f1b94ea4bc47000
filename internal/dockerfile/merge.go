package dockerfile

import "github.com/aymanbagabas/go-udiff"

// Merge carries the changes from base to a over to b, another version of base. It
// reports false where both changed the same lines, or put lines at one place, and
// did not do the same.
func Merge(base, a, b []byte) ([]byte, bool) {
	text := string(base)
	ours, theirs := udiff.Lines(text, string(a)), udiff.Lines(text, string(b))
	var all []udiff.Edit
	for len(ours) > 0 && len(theirs) > 0 {
		x, y := ours[0], theirs[0]
		switch {
		case x == y:
			all, ours, theirs = append(all, x), ours[1:], theirs[1:]
		case before(x, y):
			all, ours = append(all, x), ours[1:]
		case before(y, x):
			all, theirs = append(all, y), theirs[1:]
		default:
			return nil, false
		}
	}
	all = append(append(all, ours...), theirs...)
	merged, err := udiff.Apply(text, all)
	return []byte(merged), err == nil
}

// before says that x ends where y has not begun, and that there is but one order
// of the two.
func before(x, y udiff.Edit) bool {
	return x.End < y.Start || x.End == y.Start && x.Start < x.End
}
