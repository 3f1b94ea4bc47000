package replay_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/replay"
)

// repository is one that a test makes.
type repository struct {
	t   testing.TB
	dir string
	n   int
}

func newRepository(t testing.TB, flags ...string) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	r.git(append([]string{"init", "-q", "-b", "main"}, flags...)...)
	return r
}

// git runs git with no configuration but ours.
func (r *repository) git(args ...string) string {
	r.t.Helper()
	r.n++
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "protocol.file.allow=always"}, args...)...)
	const date = "2026-01-01T00:00:00Z"
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files, where an empty text removes one, and commits all.
func (r *repository) commit(files ...string) {
	r.t.Helper()
	for i := 0; i < len(files); i += 2 {
		p := filepath.Join(r.dir, files[i])
		if files[i+1] == "" {
			if err := os.Remove(p); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(files[i+1]), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "a commit")
}

func (r *repository) read(o replay.Options) *replay.History {
	r.t.Helper()
	o.Dir = r.dir
	h, err := replay.Read(r.t.Context(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

// lines tells a result in short: a line a build, with the line of each miss, "!" if
// it is the step's own, "~" if it depends on what a stage makes, and its files.
func lines(res *replay.Result) string {
	var out []string
	for _, b := range res.Builds {
		var words []string
		for _, m := range b.Misses {
			w := fmt.Sprint(b.Plan.Steps[m.Step].Line)
			if m.Own {
				w += "!"
			}
			if m.ByContent {
				w += "~"
			}
			if m.FileCount > 0 {
				w += "(" + strings.Join(m.Files, ",") + ")"
			}
			if len(m.Args) > 0 {
				w += "[" + strings.Join(m.Args, ",") + "]"
			}
			words = append(words, w)
		}
		if b.Plan == nil {
			words = append(words, "unread")
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, "\n")
}

func check(t *testing.T, h *replay.History, r replay.Recipe, want ...string) *replay.Result {
	t.Helper()
	res, err := h.Replay(r)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(lines(res), "\n")
	if len(res.Builds) == 0 {
		got = nil
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return res
}

// startOfTime is when no file of a test was written.
var startOfTime = time.Unix(0, 0)

// link commits a symbolic link.
func (r *repository) link(to, name string) {
	r.t.Helper()
	os.Remove(filepath.Join(r.dir, name))
	if err := os.Symlink(to, filepath.Join(r.dir, name)); err != nil {
		r.t.Fatal(err)
	}
	r.commit()
}
