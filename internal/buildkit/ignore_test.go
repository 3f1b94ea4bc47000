package buildkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An ignore file that is a link leads to a file of the context, wherever it points.
func TestIgnoreFileThatIsALink(t *testing.T) {
	for _, tt := range []struct{ name, to, want, at string }{
		{".dockerignore", "rules/ignore", "inside", "app/rules/ignore"},
		{".dockerignore", "/rules/ignore", "inside", "app/rules/ignore"},
		{".dockerignore", "../../../rules/ignore", "inside", "app/rules/ignore"},
		{".dockerignore", "../secret", "", ""},
		{".dockerignore", "OUTSIDE", "", ""},
		{"Dockerfile.dockerignore", "OUTSIDE", "", ""},
		{"Dockerfile.dockerignore", "rules/ignore", "inside", "app/rules/ignore"},
		{".dockerignore", ".dockerignore", "", ""},
	} {
		root := t.TempDir()
		for name, text := range map[string]string{"secret": "token", "app/rules/ignore": "inside", "app/Dockerfile": "FROM scratch"} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		to := strings.Replace(tt.to, "OUTSIDE", filepath.Join(root, "secret"), 1)
		if err := os.Symlink(to, filepath.Join(root, "app", tt.name)); err != nil {
			t.Fatal(err)
		}
		lines, path := readIgnore(filepath.Join(root, "app"), "")
		at := ""
		if path != "" {
			at = relative(root, path)
		}
		if got := strings.Join(lines, "\n"); got != tt.want || at != tt.at {
			t.Errorf("%s to %s has %q, read from %q; want %q from %q", tt.name, tt.to, got, at, tt.want, tt.at)
		}
	}
}
