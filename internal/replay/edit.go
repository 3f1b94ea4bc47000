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
	return dockerfile.Merge(e.Before, e.After, version)
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && string(a) == string(b) }
