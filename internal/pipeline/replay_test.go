package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

func TestEveryCommit(t *testing.T) {
	head := &record.Record{
		SaltID: "s", StartedAt: time.Date(2026, 11, 21, 11, 30, 0, 0, time.UTC),
		Commit: record.Commit{SHA: "0123456789abcdef0123456789abcdef01234567"},
		Invocation: record.Invocation{BuildArgs: []record.Value{
			{Name: "CHANNEL", Digest: "1"}, {Name: "FLAVOUR", Digest: "2"}, {Name: "NEW", Digest: "3"}}},
	}
	base := &record.Record{SaltID: "s", Invocation: record.Invocation{BuildArgs: []record.Value{
		{Name: "CHANNEL", Digest: "0"}, {Name: "FLAVOUR", Digest: "2"}}}}
	args := map[string]string{
		"COMMIT": "0123456789abcdef0123456789abcdef01234567", "SHORT": "v1-0123456", "DATE": "2026-11-21T11:29:58Z",
		"STAMP": "20261120", "EPOCH": "1795260000", "RUN": "https://ci.example/runs/77001", "NUMBER": "345",
		"CHANNEL": "beta", "FLAVOUR": "full", "NEW": "x", "VERSION": "3.4.5", "PORT": "8080", "YEAR": "2026", "OLD": "20240101", "EMPTY": "",
	}
	env := map[string]string{"GITHUB_RUN_ID": "77001", "GITHUB_RUN_NUMBER": "345"}
	got := everyCommit(args, head, base, func(name string) string { return env[name] })
	want := []string{"CHANNEL", "COMMIT", "DATE", "EPOCH", "NUMBER", "RUN", "SHORT", "STAMP"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("arguments that change with each commit (-want +got):\n%s", d)
	}
	base.SaltID = "another"
	if got := everyCommit(map[string]string{"CHANNEL": "beta"}, head, base, func(string) string { return "" }); got != nil {
		t.Errorf("%v changes, as digests say that cannot be compared", got)
	}
}

// The context may lie below the repository's folder, and that below the one that
// paths are shown relative to.
func TestCommitsOfANestedRepository(t *testing.T) {
	root := t.TempDir()
	app := filepath.Join(root, "src", "app")
	for name, text := range map[string]string{"Dockerfile": "FROM scratch\nCOPY . /\n", "a": "0"} {
		if err := os.MkdirAll(app, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(app, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", filepath.Join(root, "src"), "-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q")
	for _, text := range []string{"1", "2", "3", "4"} {
		if err := os.WriteFile(filepath.Join(app, "a"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		run("add", "-A")
		run("commit", "-q", "-m", text)
	}
	c := readCommits(t.Context(), app, filepath.Join(app, "Dockerfile"), root, 10)
	h := c.wait()
	if h == nil {
		t.Fatal(c.err)
	}
	if len(h.Commits) != 4 || c.prefix != "src" {
		t.Errorf("%d commits below %q", len(h.Commits), c.prefix)
	}
	edit := replay.Edit{Before: []byte("FROM scratch\nCOPY . /\n"), After: []byte("FROM scratch\nCOPY Dockerfile /\n")}
	for name, misses := range map[string]int{"src/app/Dockerfile": 0, "app/other": 3} {
		res, err := c.replayer(h, replay.Recipe{})(map[string]replay.Edit{name: edit}, replay.Everything)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, b := range res.Builds {
			got += len(b.Misses)
		}
		if got != misses {
			t.Errorf("with an edit of %s there are %d misses, want %d", name, got, misses)
		}
	}
}

func TestCommitsAreNotThere(t *testing.T) {
	dir := t.TempDir()
	if c := readCommits(t.Context(), dir, dir+"/Dockerfile", dir, 5); c.wait() != nil || !errors.Is(c.err, errNoRepository) {
		t.Errorf("without a repository: %v", c.err)
	}
	if c := readCommits(t.Context(), "https://example.com/a.git", "Dockerfile", "", 5); c.wait() != nil || c.err == nil {
		t.Error("a remote context has commits")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c := readCommits(ctx, "../..", "../../Dockerfile", "../..", 5); c.wait() != nil {
		t.Error("there are commits though nobody waits any more")
	}
}
