package pipeline

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// repository is a git repository in the making, whose build context is a folder.
type repository struct {
	t   *testing.T
	dir string
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) write(files ...string) {
	r.t.Helper()
	for _, f := range files {
		path, text, _ := strings.Cut(f, "=")
		path = filepath.Join(r.dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r repository) commit(message string) string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-qm", message)
	return r.git("rev-parse", "HEAD")
}

func changing(paths ...string) []cause.Cause {
	c := cause.Cause{Kind: cause.ContextFiles, Context: "context"}
	for _, p := range paths {
		c.Evidence.Files = append(c.Evidence.Files, cause.FileChange{Path: p, Change: "content"})
	}
	return []cause.Cause{c}
}

func TestTheCommitOfEachFileIsNamed(t *testing.T) {
	r := repository{t, t.TempDir()}
	r.git("init", "-q")
	r.write("app/a=1", "app/b=1", "app/dir/c=1", "app/gone=1", "app/dirty=1", "app/[x]*=1", "app/naïve name=1", "other=1")
	base := r.commit("base")
	r.write("app/a=2", "app/[x]*=2", "app/naïve name=2")
	r.commit("not the last")
	r.write("app/a=3")
	second := r.commit("second")
	r.git("checkout", "-q", "-b", "side", base)
	r.write("app/dir/c=2")
	side := r.commit("side")
	r.git("checkout", "-q", "-")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	if err := os.Remove(filepath.Join(r.dir, "app/gone")); err != nil {
		t.Fatal(err)
	}
	r.write("app/dirty=2", "other=2")
	last := r.commit("last")
	r.write("app/dirty=3", "app/new=1")

	paths := []string{"a", "b", "dir", "dir/c", "gone", "dirty", "[x]*", "naïve name", "new", "../other", "-p", "x\x00y"}
	causes := append(changing(paths...), changing(paths...)...)
	causes[1].Context = "named"
	checkout{filepath.Join(r.dir, "app"), last}.nameCommits(t.Context(), causes, base)
	got := map[string]string{}
	for _, f := range causes[0].Evidence.Files {
		if f.Commit != "" {
			got[f.Path] = f.Commit
		}
	}
	first := r.git("rev-parse", second+"^")
	want := map[string]string{"a": second, "dir/c": side, "gone": last, "[x]*": first, "naïve name": first}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, f := range causes[1].Evidence.Files {
		if f.Commit != "" {
			t.Errorf("%s of another folder has a commit", f.Path)
		}
	}
}

func TestNoCommitIsNamedWithoutItsHistory(t *testing.T) {
	r := repository{t, t.TempDir()}
	r.git("init", "-q")
	r.write("a=1")
	base := r.commit("base")
	r.write("a=2")
	head := r.commit("head")
	shallow := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", "--depth", "1", "file://"+r.dir, shallow)
	for name, c := range map[string]struct {
		checkout
		base string
	}{
		"no repository":     {checkout{t.TempDir(), head}, base},
		"no folder":         {checkout{filepath.Join(r.dir, "missing"), head}, base},
		"a shallow clone":   {checkout{shallow, head}, base},
		"the same commit":   {checkout{r.dir, base}, base},
		"an unknown commit": {checkout{r.dir, head}, strings.Repeat("1", 40)},
		"an option":         {checkout{r.dir, head}, "--output=" + strings.Repeat("a", 31)},
		"no commit":         {checkout{r.dir, head}, ""},
		"nothing built":     {checkout{r.dir, ""}, base},
	} {
		causes := changing("a")
		c.nameCommits(t.Context(), causes, c.base)
		if got := causes[0].Evidence.Files[0].Commit; got != "" {
			t.Errorf("%s: commit %s", name, got)
		}
	}
	causes := changing("a")
	env := Env{Dir: r.dir}
	built := &record.Record{Commit: record.Commit{SHA: head}, Invocation: record.Invocation{Context: "."}}
	checkoutOf(t.Context(), env, built).nameCommits(t.Context(), causes, base)
	if got := causes[0].Evidence.Files[0].Commit; got != head {
		t.Errorf("of a record made here the commit is %q, want %s", got, head)
	}
	built.Invocation.Context = "https://example.com/x.git"
	if c := checkoutOf(t.Context(), env, built); isDir(c.dir) {
		t.Errorf("a URL is checked out at %s", c.dir)
	}
}
