package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/workflow"
)

func TestReadWorkflows(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, ".github", "workflows")
	if got := readWorkflows(root); got != nil {
		t.Errorf("a repository without workflows has %v", got)
	}
	if err := os.MkdirAll(filepath.Join(dir, "folder.yml"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"b.yml": "b", "a.yaml": "a", "notes.md": "no", "large.yml": strings.Repeat("x", workflow.MaxSize+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Neither a secret of the machine nor what never ends.
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link.yml")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yml"), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range readWorkflows(root) {
		got = append(got, w.Path+" "+string(w.Text))
	}
	if diff := cmp.Diff([]string{".github/workflows/a.yaml a", ".github/workflows/b.yml b"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 2 * mostWorkflows {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("c%d.yml", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(readWorkflows(root)); n != mostWorkflows {
		t.Errorf("%d are read", n)
	}
}
