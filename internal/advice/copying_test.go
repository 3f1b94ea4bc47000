package advice

import (
	"testing"

	"github.com/layercause/layercause/internal/record"
)

func TestTarget(t *testing.T) {
	isDir := map[string]bool{"": true, "src": true, "src/lib": true, "docs": true}
	for _, tt := range []struct{ copy, file, want string }{
		{"COPY . /app", "src/a.js", "src/a.js"},
		{"COPY src /app", "src/lib/a.js", "lib/a.js"},
		{"COPY ./src/ /app", "src/a.js", "a.js"},
		{"COPY src/a.js /app", "src/a.js", "dest"},
		{"COPY src/a.js /app/", "src/a.js", "a.js"},
		{"COPY src/a.js a.js /app", "src/a.js", "a.js"},
		{"COPY src/*.js /app/", "src/a.js", "a.js"},
		{"COPY s* /app/", "src/lib/a.js", "lib/a.js"},
		{"COPY src/lib src /app/", "src/lib/a.js", "a.js"}, // the source that stands first counts
		{"COPY src src/lib /app/", "src/lib/a.js", "lib/a.js"},
		{"COPY src/l* . /app/", "src/lib/a.js", "a.js"},
		{"COPY . src/l* /app/", "src/lib/a.js", "src/lib/a.js"},
		{"COPY src docs src /app/", "src/a.js", "a.js"},
		{"COPY docs /app", "src/a.js", "none"},
		{"COPY src/b.js /app", "src/a.js", "none"},
		{"COPY src/a.js/b /app", "src/a.js", "none"},
		{"COPY src/*.md /app/", "src/a.js", "none"},
		{"COPY src /app", "src2/a.js", "none"},
	} {
		s := sceneOf(t, "FROM a\n"+tt.copy+"\n")
		s.context, s.folders = &record.Manifest{}, isDir
		c := newCopying(s, 1)
		if c == nil {
			t.Errorf("%s is not followed", tt.copy)
			continue
		}
		got, ok := c.target(tt.file)
		switch {
		case !ok:
			got = "none"
		case got == "":
			got = "dest"
		}
		if got != tt.want {
			t.Errorf("%s brings %s to %q, want %q", tt.copy, tt.file, got, tt.want)
		}
	}
}
