package buildcontext_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/layercause/layercause/internal/buildcontext"
)

// A listing lets through and takes what a tree on disk does.
func TestListingIsLikeATree(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/b/c.txt", "a/b/d.md", "a/e.txt", "a.b/x", "f/g/h.md", "keep/docs/i.md", "keep/docs/j.txt", "z"} {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for to, name := range map[string]string{"a/b": "link", "../f": "keep/up"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := buildcontext.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	close(done)
	all, err := tree.Snapshot(t.Context(), buildcontext.Filter{}, done)
	if err != nil {
		t.Fatal(err)
	}
	l := buildcontext.NewListing(all.Entries)
	for _, f := range []buildcontext.Filter{
		{},
		{ExcludePatterns: []string{"**/*.md"}},
		{ExcludePatterns: []string{"*", "!keep/docs/i.md", "!a"}},
		{FollowPaths: []string{"link", "keep/up/g", "gone"}},
		{FollowPaths: []string{"a*", "k*/docs"}, ExcludePatterns: []string{"a/b"}},
	} {
		want, err := tree.Snapshot(t.Context(), f, done)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Filter(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(paths(got.Entries), paths(want.Entries)) {
			t.Errorf("%+v lets %q through, want %q", f, paths(got.Entries), paths(want.Entries))
		}
		for i, at := range got.At {
			if all.Entries[at].Path != got.Entries[i].Path {
				t.Errorf("entry %q is said to be %q", got.Entries[i].Path, all.Entries[at].Path)
			}
		}
		for _, s := range []buildcontext.Selector{
			{}, {Path: "a", FollowLinks: true}, {Path: "link", FollowLinks: true}, {Path: "a*", Wildcard: true}, {Path: "/", IncludePatterns: []string{"**/*.txt"}},
		} {
			takes, err := got.Select(s)
			if err != nil {
				t.Fatal(err)
			}
			wants, err := want.Select(s)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(takes, wants) {
				t.Errorf("%+v takes %v of %+v, want %v", s, takes, f, wants)
			}
		}
	}
}

func paths(entries []buildcontext.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Path
	}
	return out
}

// A folder that is there only for what is in it is told from one that passes itself.
func TestFoldersThatAreMade(t *testing.T) {
	entries := []buildcontext.Entry{
		{Path: "a", Mode: os.ModeDir}, {Path: "a/b", Mode: os.ModeDir}, {Path: "a/b/c.txt"}, {Path: "a/d.md"}, {Path: "e", Mode: os.ModeDir}, {Path: "e/f.md"},
	}
	l := buildcontext.NewListing(entries)
	got, err := l.Filter(t.Context(), buildcontext.Filter{ExcludePatterns: []string{"a", "!a/b/c.txt"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []bool{true, true, false, false, false}; !slices.Equal(got.Made, want) {
		t.Errorf("of %q %v are made, want %v", paths(got.Entries), got.Made, want)
	}
	s := buildcontext.Selector{Path: "/", IncludePatterns: []string{"**/*.md"}}
	through, err := l.Filter(t.Context(), buildcontext.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	own, err := through.SelectOwn(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][2]int{{3, 4}, {5, 6}}; !slices.Equal(own, want) {
		t.Errorf("%v are taken for themselves, want %v", own, want)
	}
	all, err := through.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][2]int{{0, 1}, {3, 6}}; !slices.Equal(all, want) {
		t.Errorf("%v are taken, want %v", all, want)
	}
}
