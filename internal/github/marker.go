package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Key names a comment among those of a pull request, or a section within one, by
// what tells it apart: for a comment the workflow, for a section the job, the
// Dockerfile, the target, the platforms and the values of a matrix. The parts are
// hashed, so that no text from a repository enters the marker.
func Key(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		// The length keeps ("a", "bc") apart from ("ab", "c").
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func marker(key string) string { return "<!-- layercause:" + key + " -->" }

// marked reports whether a comment starts with the marker. Further down a body
// holds text from the repository, which may hold anything.
func marked(body, key string) bool { return strings.HasPrefix(body, marker(key)) }

// stored is a text as GitHub gives it back: line ends may change, and space at the
// end is lost.
func stored(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
