package buildcontext

import (
	"context"
	"errors"
	"fmt"
	gofs "io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
	"golang.org/x/sys/unix"
)

// oddTree makes a folder with everything in it that a context can hold.
func oddTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"a", "a-b", "a.b/x", "a/", "b/one", "b/two", "b/c/three", "b/c/empty", "b.c/four", "b c/five", "ü/six",
		"node_modules/x/y", ".hidden/z", "Zed", "z/last",
	} {
		path := filepath.Join(dir, name)
		if name == "a/" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(name)
		if filepath.Base(name) == "empty" {
			data = nil
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink("b/one", filepath.Join(dir, "link")))
	must(os.Symlink("/b/c", filepath.Join(dir, "dirlink")))
	must(os.Symlink("nowhere", filepath.Join(dir, "b", "dangling")))
	must(os.Link(filepath.Join(dir, "b", "one"), filepath.Join(dir, "a.b", "hard")))
	must(os.Link(filepath.Join(dir, "b", "one"), filepath.Join(dir, "z", "hard")))
	must(os.Link(filepath.Join(dir, "z", "last"), filepath.Join(dir, "z", "also")))
	must(syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	must(os.Chmod(filepath.Join(dir, "b", "two"), 0o755|os.ModeSetuid))
	must(os.Chmod(filepath.Join(dir, "z"), 0o700|os.ModeSticky))
	must(os.MkdirAll(filepath.Join(dir, "void", "inner"), 0o755))
	if err := unix.Setxattr(filepath.Join(dir, "Zed"), "user.colour", []byte("red"), 0); err != nil {
		t.Logf("this file system takes no extended attributes: %v", err)
	}
	return dir
}

// walked lists what a walk through a file system gives, as the daemon is sent it.
func walked(t *testing.T, fs fsutil.FS, f Filter) []*types.Stat {
	t.Helper()
	fs, err := fsutil.NewFilterFS(fs, &fsutil.FilterOpt{
		FollowPaths: f.FollowPaths, IncludePatterns: f.IncludePatterns, ExcludePatterns: f.ExcludePatterns,
	})
	if err != nil {
		t.Fatal(err)
	}
	var out []*types.Stat
	err = fsutil.WithHardlinkReset(fs).Walk(context.Background(), "/", func(_ string, e gofs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		st := fi.Sys().(*types.Stat)
		st.Uid, st.Gid = 0, 0
		out = append(out, st)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var filters = map[string]Filter{
	"everything":           {},
	"one folder":           {FollowPaths: []string{"b"}},
	"through links":        {FollowPaths: []string{"link", "dirlink"}},
	"a pattern":            {FollowPaths: []string{"b/*"}},
	"a link to a file":     {FollowPaths: []string{"a.b"}},
	"links without target": {FollowPaths: []string{"z"}},
	"nothing":              {FollowPaths: []string{"not-there"}},
	"ignored":              {ExcludePatterns: []string{"node_modules", ".hidden", "**/c"}},
	"ignored but for one":  {ExcludePatterns: []string{"b", "!b/c/three"}},
	"included":             {IncludePatterns: []string{"**/one", "z"}},
	"both":                 {FollowPaths: []string{"b", "z"}, ExcludePatterns: []string{"**/t*"}},
}

// The tree stands in for fsutil's own file system, so it has to give the same.
func TestTreeGivesWhatFsutilGives(t *testing.T) {
	dir := oddTree(t)
	own, err := fsutil.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range filters {
		t.Run(name, func(t *testing.T) {
			want := walked(t, own, f)
			if len(want) == 0 && name != "nothing" {
				t.Fatal("the filter lets nothing through, so that nothing is compared")
			}
			// The same tree for all: an earlier walk must not change a later one.
			if diff := cmp.Diff(want, walked(t, shared, f), cmp.Comparer((*types.Stat).EqualVT)); diff != "" {
				t.Errorf("the tree gives something else (-fsutil +tree):\n%s", diff)
			}
			s, err := shared.Snapshot(t.Context(), f, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []*types.Stat
			for i := range s.Entries {
				got = append(got, s.Entries[i].stat)
			}
			if diff := cmp.Diff(want, got, cmp.Comparer((*types.Stat).EqualVT)); diff != "" {
				t.Errorf("the snapshot holds something else (-fsutil +snapshot):\n%s", diff)
			}
		})
	}
}

func TestFoldersKeptOutAreNotRead(t *testing.T) {
	dir := oddTree(t)
	tree, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Snapshot(t.Context(), Filter{ExcludePatterns: []string{"node_modules"}}, nil); err != nil {
		t.Fatal(err)
	}
	if n := tree.find("node_modules"); n == nil || n.folder.nodes != nil || n.stat != nil {
		t.Errorf("the excluded folder was looked into: %+v", n)
	}
}

func TestHiddenIsNotThere(t *testing.T) {
	dir := oddTree(t)
	tree, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	tree.Hide(filepath.Join(dir, "b"))
	tree.Hide(filepath.Join(dir, "z", "last"))
	tree.Hide("/elsewhere")
	for _, f := range []Filter{{}, {FollowPaths: []string{"b", "z"}}} {
		s, err := tree.Snapshot(t.Context(), f, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range s.Entries {
			if e.Path == "b" || filepath.Dir(e.Path) == "b" || e.Path == "z/last" {
				t.Errorf("%s is hidden, but in the snapshot", e.Path)
			}
		}
	}
}

// What the daemon reads is hashed on the way, and not read again.
func TestSentFilesAreNotReadAgain(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("sent"), 0o644); err != nil {
		t.Fatal(err)
	}
	tree, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	walked(t, tree, Filter{})
	r, err := tree.Open("file")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 3)
	for err == nil {
		_, err = r.Read(buf)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := tree.Snapshot(t.Context(), Filter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	after, err := tree.Snapshot(t.Context(), Filter{}, nil)
	if err != nil {
		t.Fatalf("the file was read again: %v", err)
	}
	other, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("sent"), 0o644); err != nil {
		t.Fatal(err)
	}
	direct, err := other.Snapshot(t.Context(), Filter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if before.Entries[0].Digest != direct.Entries[0].Digest || after.Entries[0].Data != direct.Entries[0].Data {
		t.Error("hashing on the way gives another digest than hashing from disk")
	}
}

// Many unknown files are left to the daemon, which is sent them anyway; what it
// does not ask for is hashed when it is idle, or the build done.
func TestSnapshotWaitsForTheDaemon(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 * few {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d", i)), []byte{byte(i)}, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, during := range map[string]func(*Tree, chan struct{}){
		"the build ends without it": func(_ *Tree, done chan struct{}) { close(done) },
		"it has all that it wants":  func(tree *Tree, _ chan struct{}) { walked(t, tree, Filter{}) },
	} {
		t.Run(name, func(t *testing.T) {
			tree, err := Open(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			// The frontend looks for single files before; that is not the transfer.
			walked(t, tree, Filter{FollowPaths: []string{"none"}})
			tree.walked = 1
			done := make(chan struct{})
			got := make(chan error, 1)
			go func() {
				s, err := tree.Snapshot(t.Context(), Filter{}, done)
				if err == nil && s.Entries[5].Digest == [32]byte{} {
					err = errors.New("a file has no digest")
				}
				got <- err
			}()
			select {
			case err := <-got:
				t.Fatalf("it did not wait: %v", err)
			case <-time.After(3 * settleTime):
			}
			during(tree, done)
			select {
			case err := <-got:
				if err != nil {
					t.Error(err)
				}
			case <-time.After(30 * time.Second):
				t.Error("it waits for ever")
			}
		})
	}
}
