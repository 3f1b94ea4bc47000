package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/replay"
)

// refused reads a repository that cannot be replayed, and gives the error.
func refused(t *testing.T, o replay.Options, text, hint string) {
	t.Helper()
	_, err := replay.Read(t.Context(), o)
	var e *replay.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error that says %q", err, text)
	}
	if !strings.Contains(e.Error(), text) || !strings.Contains(e.Hint, hint) {
		t.Errorf("got %q with the hint %q, want %q and %q", e, e.Hint, text, hint)
	}
}

// short is a Dockerfile of two steps.
const short = "FROM example.com/base\nCOPY src src\nRUN make\n"

// few makes a repository with n commits.
func few(t *testing.T, n int, flags ...string) *repository {
	t.Helper()
	r := newRepository(t, flags...)
	r.commit("Dockerfile", short, "src/a", "0")
	for i := 1; i < n; i++ {
		r.commit("src/a", fmt.Sprint(i))
	}
	return r
}

func TestShallowClone(t *testing.T) {
	r := few(t, 6)
	c := &repository{t: t, dir: filepath.Join(t.TempDir(), "clone")}
	if err := os.Mkdir(c.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.git("clone", "-q", "--depth", "3", "file://"+r.dir, ".")
	h := c.read(replay.Options{})
	if !h.Shallow || len(h.Commits) != 3 {
		t.Errorf("shallow %t with %d commits", h.Shallow, len(h.Commits))
	}
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0].Text, "2 commits to replay instead of the 50") || !strings.Contains(h.Notes[0].Hint, "fetch-depth: 51") {
		t.Errorf("notes: %q", h.Notes)
	}
	check(t, h, replay.Recipe{}, "2!(src/a) 3", "2!(src/a) 3")
	if h := c.read(replay.Options{Commits: 2}); h.Shallow || len(h.Notes) > 0 {
		t.Errorf("all that was asked for is there, and yet it is called shallow: %q", h.Notes)
	}
	c.git("checkout", "-q", "--orphan", "x")
	c.git("commit", "-q", "-m", "a root")
	if h := c.read(replay.Options{}); len(h.Commits) != 1 {
		t.Errorf("%d commits", len(h.Commits))
	}
}

func TestNothingToRead(t *testing.T) {
	t.Run("no repository", func(t *testing.T) {
		refused(t, replay.Options{Dir: t.TempDir()}, "in no git repository", ".git folder")
	})
	t.Run("no folder", func(t *testing.T) {
		refused(t, replay.Options{Dir: filepath.Join(t.TempDir(), "gone")}, "in no git repository", ".git folder")
	})
	t.Run("no commit", func(t *testing.T) {
		refused(t, replay.Options{Dir: newRepository(t).dir}, "no commit yet", "commit what")
	})
	t.Run("no such ref", func(t *testing.T) {
		refused(t, replay.Options{Dir: few(t, 1).dir, Ref: "gone"}, `no commit "gone"`, "fetch it")
	})
	t.Run("a ref like an option", func(t *testing.T) {
		refused(t, replay.Options{Dir: few(t, 1).dir, Ref: "--output=x"}, "names no commit", "name a branch")
	})
	t.Run("no Dockerfile", func(t *testing.T) {
		refused(t, replay.Options{Dir: few(t, 2).dir, Dockerfile: "x/Dockerfile"}, "none of the last 2 commits has a Dockerfile", "commit it")
	})
	t.Run("a Dockerfile that is a link", func(t *testing.T) {
		r := few(t, 2)
		r.link("Dockerfile", "other")
		refused(t, replay.Options{Dir: r.dir, Dockerfile: "other"}, "is a symbolic link", "leads to")
	})
	t.Run("a Dockerfile elsewhere", func(t *testing.T) {
		refused(t, replay.Options{Dir: few(t, 2).dir, Dockerfile: "../Dockerfile"}, "outside the repository", "committed")
	})
	t.Run("no git", func(t *testing.T) {
		dir := few(t, 2).dir
		t.Setenv("PATH", t.TempDir())
		refused(t, replay.Options{Dir: dir}, "needs the git program", "install git")
	})
}

func TestStatesThatAreFine(t *testing.T) {
	want := []string{"2!(src/a) 3", "2!(src/a) 3"}
	t.Run("detached head", func(t *testing.T) {
		r := few(t, 4)
		r.git("checkout", "-q", "--detach", "HEAD~1")
		check(t, r.read(replay.Options{}), replay.Recipe{}, want...)
	})
	t.Run("dirty work tree", func(t *testing.T) {
		r := few(t, 3)
		for _, name := range []string{"Dockerfile", "src/a", "src/untracked"} {
			if err := os.WriteFile(filepath.Join(r.dir, name), []byte("FROM nothing that is committed"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		check(t, r.read(replay.Options{}), replay.Recipe{}, want...)
	})
	t.Run("below the repository", func(t *testing.T) {
		r := few(t, 3)
		h, err := replay.Read(t.Context(), replay.Options{Dir: filepath.Join(r.dir, "src")})
		if err != nil {
			t.Fatal(err)
		}
		check(t, h, replay.Recipe{}, want...)
	})
	t.Run("bare", func(t *testing.T) {
		r := few(t, 3)
		r.git("config", "core.bare", "true")
		b := &repository{t: t, dir: filepath.Join(r.dir, ".git")}
		check(t, b.read(replay.Options{}), replay.Recipe{}, want...)
	})
	t.Run("sha256", func(t *testing.T) {
		check(t, few(t, 3, "--object-format=sha256").read(replay.Options{}), replay.Recipe{}, want...)
	})
	t.Run("a commit alone", func(t *testing.T) {
		h := few(t, 1).read(replay.Options{})
		check(t, h, replay.Recipe{})
		if len(h.Notes) != 1 || !strings.Contains(h.Notes[0].Text, "a single commit") {
			t.Errorf("notes: %q", h.Notes)
		}
	})
	t.Run("settings that change what git prints", func(t *testing.T) {
		r := few(t, 3)
		for _, s := range []string{
			"diff.noprefix=true", "diff.renames=copies", "log.showSignature=true", "log.follow=true", "color.ui=always",
			"diff.external=false", "core.quotePath=true", "diff.relative=true", "log.decorate=full", "format.pretty=oneline",
			"core.fsmonitor=false-program", "diff.orderFile=gone", "log.showRoot=false", "core.pager=false", "diff.ignoreSubmodules=all",
		} {
			name, value, _ := strings.Cut(s, "=")
			r.git("config", name, value)
		}
		check(t, r.read(replay.Options{}), replay.Recipe{}, want...)
	})
}

// A caller that waits no longer is told so, and not that the repository is broken.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := replay.Read(ctx, replay.Options{Dir: few(t, 2).dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A replay reads: nothing in the repository's folder is another thing afterwards.
func TestNothingIsWritten(t *testing.T) {
	r := few(t, 3)
	if err := os.Chtimes(filepath.Join(r.dir, "src/a"), startOfTime, startOfTime); err != nil {
		t.Fatal(err) // an index that git would refresh
	}
	list := func() string {
		out, err := exec.Command("find", r.dir, "-printf", "%p %s %T@ %C@\n").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	before := list()
	check(t, r.read(replay.Options{}), replay.Recipe{}, "2!(src/a) 3", "2!(src/a) 3")
	if after := list(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// What a partial clone lacks is not fetched.
func TestPartialClone(t *testing.T) {
	r := few(t, 4)
	r.commit("Dockerfile", "# a comment\n"+short)
	r.git("config", "uploadpack.allowFilter", "true")
	clone := func(filter string) *repository {
		c := &repository{t: t, dir: t.TempDir()}
		c.git("clone", "-q", "--filter="+filter, "file://"+r.dir, ".")
		return c
	}
	objects := func(c *repository) string { return c.git("count-objects", "-v") }

	blobless := clone("blob:none")
	before := objects(blobless)
	h := blobless.read(replay.Options{})
	res := check(t, h, replay.Recipe{}, "unread", "unread", "unread", "3! 4!")
	if res.Unread != 3 || len(h.Notes) != 1 || !strings.Contains(h.Notes[0].Text, "lacks 1 version of the files") {
		t.Errorf("%d unread, notes: %q", res.Unread, h.Notes)
	}
	if after := objects(blobless); after != before {
		t.Errorf("objects were fetched: %q, before %q", after, before)
	}

	treeless := clone("tree:0")
	before = objects(treeless)
	refused(t, replay.Options{Dir: treeless.dir}, "lacks folders of its commits", "tree:0")
	if after := objects(treeless); after != before {
		t.Errorf("objects were fetched: %q, before %q", after, before)
	}
}

// Git ends at the first object that it must not fetch; those that come after it in
// the order of their ids are there all the same.
func TestPartialCloneTellsWhatItHas(t *testing.T) {
	for n := range 6 {
		r := newRepository(t)
		r.commit("Dockerfile", fmt.Sprintf("# old %d\n", n)+short, "src/a", "1")
		r.commit("src/a", "2")
		r.commit("Dockerfile", fmt.Sprintf("# %d\n", n)+short)
		r.git("config", "uploadpack.allowFilter", "true")
		c := &repository{t: t, dir: t.TempDir()}
		c.git("clone", "-q", "--filter=blob:none", "file://"+r.dir, ".")
		if res := check(t, c.read(replay.Options{}), replay.Recipe{}, "unread", "3! 4!"); res.Unread != 1 {
			t.Errorf("%d: %d unread", n, res.Unread)
		}
	}
}

func TestSubmodulesAndPointers(t *testing.T) {
	other := few(t, 2)
	r := newRepository(t)
	pointer := func(n int) string {
		return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n", n)
	}
	r.commit("Dockerfile", "FROM example.com/base\nCOPY lib /lib\nCOPY model.bin /\n", "model.bin", pointer(1), ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
	r.git("submodule", "--quiet", "add", "file://"+other.dir, "lib")
	r.commit()
	r.git("-C", filepath.Join(r.dir, "lib"), "checkout", "-q", "HEAD~1")
	r.commit()
	r.commit("model.bin", pointer(2))
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "2!(lib) 3", "", "3!(model.bin)")
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0].Text, "submodules") {
		t.Errorf("notes: %q", h.Notes)
	}
}

// TestHostilePaths reads names that look like git's own words, hold what ends a
// line, are no text, or lead out of the repository.
func TestHostilePaths(t *testing.T) {
	r := newRepository(t)
	deep := strings.Repeat("d/", 10_000) + "f"
	var in bytes.Buffer
	put := func(name, text string) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", quoted(name), len(text), text)
	}
	commit := func(n int) {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata 1\nx\n", n)
	}
	names := []string{
		"src/a\nb", "src/a\tb", "src/commit 0123", "src/:100644 100644 a b M", "src/\xff\xfe", "src/ ", "src/-n", "src/*", "src/[", `src/\`, "src/\"",
		"src/" + strings.Repeat("x", 300),
	}
	commit(1)
	put("Dockerfile", short)
	for _, name := range names {
		put(name, "1")
	}
	for i := range names {
		commit(2 + i)
		put(names[i], "2")
	}
	commit(100)
	put("src/"+deep, "1") // no checkout holds it
	commit(101)
	put("src/"+deep, "2")
	cmd := exec.Command("git", "-C", r.dir, "fast-import", "--quiet")
	cmd.Stdin = &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := make([]string, 0, len(names))
	for _, name := range names {
		want = append(want, "2!("+name+") 3")
	}
	res, err := r.read(replay.Options{}).Replay(replay.Recipe{})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range res.Builds[:len(names)] {
		if len(b.Misses) != 2 || len(b.Misses[0].Files) != 1 || b.Misses[0].Files[0] != names[i] {
			t.Errorf("got %+v, want %q", b.Misses, want[i])
		}
	}
	for _, b := range res.Builds[len(names):] {
		if len(b.Misses) > 0 {
			t.Errorf("a path that Linux does not take is missed: %+v", b.Misses)
		}
	}
}

// quoted writes a path for git fast-import.
func quoted(p string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(p) {
		if c == '"' || c == '\\' || c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\%03o`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}
