package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Key names the comment of one build among those of a pull request, from what
// tells builds apart: the workflow, the job, the Dockerfile and the target, and
// what else the caller adds, such as the platforms of a matrix. The parts are
// hashed, so that no text from a repository enters the marker.
func Key(workflow, job, dockerfile, target string, more ...string) string {
	h := sha256.New()
	for _, part := range append([]string{workflow, job, dockerfile, target}, more...) {
		// The length keeps ("a", "bc") apart from ("ab", "c").
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func marker(key string) string { return "<!-- layercause:" + key + " -->" }

// marked reports whether a comment starts with the marker. Further down a body
// holds text from the repository, which may hold anything.
func marked(body, key string) bool { return strings.HasPrefix(body, marker(key)) }

// withMarker puts the marker on the first line.
func withMarker(key, body string) string { return marker(key) + "\n" + body }

// sameText compares bodies as GitHub stores them: line ends may change, and
// space at the end is lost.
func sameText(a, b string) bool {
	norm := func(s string) string {
		return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	}
	return norm(a) == norm(b)
}
