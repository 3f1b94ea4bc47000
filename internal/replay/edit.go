package replay

import "github.com/layercause/layercause/internal/dockerfile"

// carry makes the edit to a file as it was at another commit, with the newest
// version as their common base. It fails where both change the same lines; it never
// guesses. A nil text is a file that is not there.
func (e Edit) carry(version []byte) ([]byte, bool) {
	switch {
	case same(version, e.Before):
		return e.After, true
	case same(version, e.After):
		return version, true
	case version == nil || e.Before == nil || e.After == nil:
		return nil, false
	}
	return dockerfile.Merge(ended(e.Before), ended(e.After), ended(version))
}

// ended ends the last line: whether it ends makes no difference to a build, and must
// make none to a merge.
func ended(text []byte) []byte {
	if len(text) == 0 || text[len(text)-1] == '\n' {
		return text
	}
	return append(text[:len(text):len(text)], '\n')
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && string(a) == string(b) }
