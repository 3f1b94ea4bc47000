package buildcontext

import (
	gofs "io/fs"
	"path"
	"slices"
	"strings"
	"testing"
)

// affected lists the entries whose digests the content digest of a selector
// depends on, by trying.
func affected(t *testing.T, s *Snapshot, sel Selector) map[string]bool {
	t.Helper()
	sum := func(entries []Entry) string {
		d, err := (&Snapshot{Entries: entries}).Checksum(t.Context(), []Selector{sel})
		if err != nil {
			return err.Error()
		}
		return d.String()
	}
	before := sum(s.Entries)
	out := map[string]bool{}
	for i := range s.Entries {
		entries := slices.Clone(s.Entries)
		entries[i].Digest[0] ^= 0xff
		// A file has one digest, whatever its names.
		for j := range entries {
			if e := &entries[j]; e.Mode.IsRegular() && e.node.id == entries[i].node.id {
				e.Digest = entries[i].Digest
			}
		}
		if sum(entries) != before {
			out[s.Entries[i].Path] = true
		}
	}
	return out
}

// An entry is taken if, and only if, a change of it changes BuildKit's digest.
func TestSelectTakesWhatTheDigestDependsOn(t *testing.T) {
	tree, err := Open(oddTree(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tree.Snapshot(t.Context(), Filter{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, sel := range map[string]Selector{
		"everything":               {Path: "/"},
		"everything, links":        {Path: "/", FollowLinks: true},
		"a file":                   {Path: "b/one"},
		"a file that has a prefix": {Path: "a"},
		"a folder":                 {Path: "b"},
		"a folder in a folder":     {Path: "/b/c"},
		"a link":                   {Path: "link"},
		"a link, followed":         {Path: "link", FollowLinks: true},
		"a folder behind a link":   {Path: "dirlink", FollowLinks: true},
		"a file behind a link":     {Path: "dirlink/three", FollowLinks: true},
		"a wildcard":               {Path: "b/*", Wildcard: true},
		"a wildcard for folders":   {Path: "b*", Wildcard: true},
		"a wildcard for links":     {Path: "*link", Wildcard: true, FollowLinks: true},
		"a wildcard in the middle": {Path: "*/x", Wildcard: true},
		"a class":                  {Path: "[ab]", Wildcard: true},
		"included":                 {Path: "/", IncludePatterns: []string{"b/c/three", "z"}},
		"included by wildcards":    {Path: "/", IncludePatterns: []string{"**/one"}},
		"included in a folder":     {Path: "b", IncludePatterns: []string{"c"}},
		"excluded":                 {Path: "/", ExcludePatterns: []string{"b", "**/x"}},
		"excluded in a folder":     {Path: "b", ExcludePatterns: []string{"t*"}},
		"excluded but for one":     {Path: "/", ExcludePatterns: []string{"b", "!b/c/three"}},
		"both":                     {Path: "/", IncludePatterns: []string{"b"}, ExcludePatterns: []string{"b/c"}},
		"a wildcard and patterns":  {Path: "b*", Wildcard: true, ExcludePatterns: []string{"one"}},
		"an empty folder":          {Path: "void"},
		"a name with a space":      {Path: "b c"},
	} {
		t.Run(name, func(t *testing.T) {
			ranges, err := s.Select(sel)
			if err != nil {
				t.Fatal(err)
			}
			taken := map[string]bool{}
			for _, r := range ranges {
				for i := r[0]; i < r[1]; i++ {
					taken[s.Entries[i].Path] = true
				}
			}
			want := affected(t, s, sel)
			if len(want) == 0 {
				t.Fatal("the digest depends on nothing, so that nothing is compared")
			}
			for _, e := range s.Entries {
				switch {
				case want[e.Path] && !taken[e.Path] && !otherName(s, e, taken):
					t.Errorf("%s is not taken, though the digest depends on it", e.Path)
				case taken[e.Path] && !want[e.Path] && !onTheWay(e, sel):
					t.Errorf("%s is taken, though the digest does not depend on it", e.Path)
				}
			}
		})
	}
}

// otherName says that the file is taken under another of its names.
func otherName(s *Snapshot, e Entry, taken map[string]bool) bool {
	return slices.ContainsFunc(s.Entries, func(x Entry) bool {
		return x.node.id == e.node.id && x.Mode.IsRegular() && taken[x.Path]
	})
}

// onTheWay says that the entry is a link which was followed: where it points to
// decides what is taken, so that it belongs to the evidence.
func onTheWay(e Entry, sel Selector) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path.Clean(sel.Path), "/"), "/")
	ok, _ := path.Match(first, e.Path)
	return ok && e.Mode&gofs.ModeSymlink != 0
}

func TestSelectOfWhatIsNotThere(t *testing.T) {
	s := &Snapshot{Entries: []Entry{{Path: "a"}, {Path: "b"}}}
	for _, sel := range []Selector{{Path: "c"}, {Path: "a/b"}, {Path: "c*", Wildcard: true}, {Path: "aa"}} {
		if r, err := s.Select(sel); err != nil || len(r) > 0 {
			t.Errorf("%+v takes %v, %v", sel, r, err)
		}
	}
	if _, err := s.Select(Selector{Path: "[", Wildcard: true}); err == nil {
		t.Error("a pattern that is none was taken")
	}
}

func FuzzLessIsTheOrderOfAWalk(f *testing.F) {
	for _, p := range []string{"a", "a/b", "a-b", "a b/c", "a.b/c", "ab", "a/b/c", "ü", ""} {
		f.Add(p, "a/b")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		want := slices.Compare(strings.Split(a, "/"), strings.Split(b, "/")) < 0
		if got := less(a, b); got != want {
			t.Errorf("less(%q, %q) = %v, want %v", a, b, got, want)
		}
	})
}
