package dockerfile_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/dockerfile/dockerfiletest"
)

func TestEdit(t *testing.T) {
	tests := []struct {
		name, text string
		edit       func(*dockerfile.Edit)
		want       string
	}{
		{"nothing", "FROM a\nRUN b", func(*dockerfile.Edit) {}, "FROM a\nRUN b"},
		{"a comment moves along", "FROM a\n# why\nARG X\nRUN b\nRUN c\n",
			func(e *dockerfile.Edit) { e.MoveAfter(1, 2) }, "FROM a\nRUN b\n# why\nARG X\nRUN c\n"},
		{"a comment above the target stays with it", "FROM a\n# of b\nRUN b\nRUN c\n",
			func(e *dockerfile.Edit) { e.MoveBefore(2, 1) }, "FROM a\nRUN c\n# of b\nRUN b\n"},
		{"the last line has no newline", "FROM a\nRUN b\nRUN c",
			func(e *dockerfile.Edit) { e.MoveBefore(2, 1) }, "FROM a\nRUN c\nRUN b"},
		{"to the end without a newline", "FROM a\r\nRUN b\r\nRUN c",
			func(e *dockerfile.Edit) { e.MoveAfter(1, 2) }, "FROM a\r\nRUN c\r\nRUN b"},
		{"heredoc and continuation", "FROM a\nRUN <<E\nx\nE\nRUN \\\n\t# c\n\td\n",
			func(e *dockerfile.Edit) { e.MoveBefore(2, 1) }, "FROM a\nRUN \\\n\t# c\n\td\nRUN <<E\nx\nE\n"},
		{"lines get the file's endings", "FROM a\r\nRUN b\r\n",
			func(e *dockerfile.Edit) { e.InsertBefore(1, "COPY x .", "COPY y .") }, "FROM a\r\nCOPY x .\r\nCOPY y .\r\nRUN b\r\n"},
		{"after the last line", "FROM a\nRUN b", func(e *dockerfile.Edit) { e.InsertAfter(1, "RUN c") }, "FROM a\nRUN b\nRUN c"},
		{"replace keeps the comment", "FROM a\n# of b\nRUN b\nRUN c\n",
			func(e *dockerfile.Edit) { e.Replace(1, "RUN d", "RUN e") }, "FROM a\n# of b\nRUN d\nRUN e\nRUN c\n"},
		{"no blank line is left doubled", "FROM a\n\nARG X\n\nRUN b\n",
			func(e *dockerfile.Edit) { e.MoveAfter(1, 2) }, "FROM a\n\nRUN b\nARG X\n"},
		{"two neighbours", "FROM a\n\nARG X\nARG Y\n\nRUN b\n",
			func(e *dockerfile.Edit) { e.Remove(1); e.Remove(2) }, "FROM a\n\nRUN b\n"},
		{"no blank line is left at the end", "FROM a\n\nRUN b\n", func(e *dockerfile.Edit) { e.Remove(1) }, "FROM a\n"},
		{"several inserts at one place", "FROM a\nCOPY . .\nRUN b\n", func(e *dockerfile.Edit) {
			e.InsertBefore(1, "COPY x .")
			e.MoveBefore(2, 1)
		}, "FROM a\nCOPY x .\nRUN b\nCOPY . .\n"},
		{"other text with the comment", "FROM a\r\nCOPY . .\r\n# why\r\nRUN b\r\nRUN c",
			func(e *dockerfile.Edit) { e.MoveBeforeAs(2, 1, "RUN d") }, "FROM a\r\n# why\r\nRUN d\r\nCOPY . .\r\nRUN c"},
		{"everything", "FROM a\n", func(e *dockerfile.Edit) { e.Remove(0) }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, tt.text)
			e := f.Edit()
			tt.edit(e)
			got := string(e.Bytes())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if got == "" {
				return
			}
			patch := dockerfile.Diff("a b/Dockerfile", f.Data, []byte(got))
			if applied := gitApply(t, "a b/Dockerfile", f.Data, patch); applied != got {
				t.Errorf("git apply gives %q, want %q, from\n%s", applied, got, patch)
			}
		})
	}
}

func TestDiffPaths(t *testing.T) {
	for _, path := range []string{"Dockerfile", "a b/c d", "ü/x", "tab\tx", `quote"and\`, "new\nline", "x.dockerfile"} {
		after := []byte("new\r\nfile")
		for _, before := range [][]byte{nil, {}, []byte("old"), []byte("new\r\n")} {
			if got := gitApply(t, path, before, dockerfile.Diff(path, before, after)); got != string(after) {
				t.Errorf("%q from %q: got %q", path, before, got)
			}
		}
	}
	if got := dockerfile.Diff("x", []byte("a"), []byte("a")); got != "" {
		t.Errorf("the diff of equal texts is %q", got)
	}
}

// gitApply applies a patch with git itself; before is nil for no file.
func gitApply(t *testing.T, path string, before []byte, patch string) string {
	t.Helper()
	if patch == "" {
		return string(before)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, path)
	if before != nil {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, before, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("git", "apply", "--whitespace=nowarn", "-")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	cmd.Stdin = strings.NewReader(patch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// An edit followed by its diff applied gives the edited bytes, and no line that
// is not blank is lost or made up.
func FuzzEdit(f *testing.F) {
	for _, s := range []string{"FROM a\nARG X\n\nRUN b\nRUN c", "FROM a\r\n\r\n# c\r\nARG X\r\n\r\nRUN <<E\r\nb\r\nE\r\n", "FROM a\nRUN b \\"} {
		f.Add([]byte(s), uint8(1), uint8(2), true)
		f.Add([]byte(s), uint8(2), uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, i, j uint8, after bool) {
		file, err := dockerfile.Parse("f", data)
		if err != nil {
			return
		}
		n := len(file.Instructions)
		e := file.Edit()
		if after {
			e.MoveAfter(int(i)%n, int(j)%n)
		} else {
			e.MoveBefore(int(i)%n, int(j)%n)
		}
		moved := string(e.Bytes())
		if diff := cmp.Diff(tally(string(data)), tally(moved)); diff != "" {
			t.Errorf("lines (-before +after):\n%s", diff)
		}
		e.InsertAfter(int(j)%n, "RUN inserted")
		e.Remove(int(i+j) % n)
		for _, text := range []string{moved, string(e.Bytes())} {
			got, err := dockerfiletest.Apply(string(data), dockerfile.Diff("f", data, []byte(text)))
			if err != nil || got != text {
				t.Errorf("the diff of %q gives %q, %v; want %q", data, got, err, text)
			}
		}
	})
}

func tally(text string) map[string]int {
	lines := map[string]int{}
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimRight(line, "\r"); strings.TrimSpace(line) != "" {
			lines[line]++
		}
	}
	return lines
}

func ExampleDiff() {
	f, err := dockerfile.Parse("Dockerfile", []byte("FROM node\nCOPY . .\nRUN npm ci\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	e := f.Edit()
	e.InsertBefore(1, "COPY package.json package-lock.json ./")
	e.MoveBefore(2, 1)
	fmt.Print(dockerfile.Diff(f.Path, f.Data, e.Bytes()))
	// Output:
	// --- a/Dockerfile
	// +++ b/Dockerfile
	// @@ -1,3 +1,4 @@
	//  FROM node
	// +COPY package.json package-lock.json ./
	// +RUN npm ci
	//  COPY . .
	// -RUN npm ci
}
