package dockerfile

import (
	"fmt"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// contextLines is how many unchanged lines stand around a change, as in git.
const contextLines = 3

// Diff gives the change of one file as a unified diff with the prefixes a/ and
// b/, which git apply takes. The path is relative to the repository, with
// slashes. A before of nil stands for a file that is not there yet. The result
// is empty if nothing changed.
func Diff(path string, before, after []byte) string {
	if string(before) == string(after) {
		return ""
	}
	from, to := label("a/"+path), label("b/"+path)
	if before == nil {
		from = "/dev/null"
	}
	// Lines never gives edits that overlap, the only thing that is an error here.
	patch, err := udiff.ToUnified(from, to, string(before), udiff.Lines(string(before), string(after)), contextLines)
	if err != nil {
		panic(fmt.Sprintf("diffing %s: %v", path, err))
	}
	return patch
}

// label writes a path as git does: in quotes, with escapes, if it holds what
// would end or break the line (git's quote.c).
func label(path string) string {
	if strings.IndexFunc(path, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) < 0 {
		return path
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(path) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
