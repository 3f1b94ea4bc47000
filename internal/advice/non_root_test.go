package advice

import (
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// A file that only its owner may read is of no use to another user.
func TestClosed(t *testing.T) {
	for copy, want := range map[string]string{
		"COPY . /app":                   "key.pem",
		"COPY key.pem /app/":            "key.pem",
		"COPY server.js /app/":          "",
		"COPY private /app":             "private",
		"COPY --chmod=644 . /app":       "",
		"COPY --chown=node:node . /app": "",
	} {
		s := sceneOf(t, "FROM a\n"+copy+"\n")
		s.context = &record.Manifest{Paths: []string{"key.pem", "private", "private/a", "server.js"}, Modes: []uint32{0o600, 1<<31 | 0o700, 0o644, 0o644}}
		s.folders = folders(s.context)
		s.copies[1] = newCopying(s, 1)
		if got := s.closed(1); got != want {
			t.Errorf("%s brings %q for its owner alone, want %q", copy, got, want)
		}
	}
}
