package cause

import (
	"encoding/binary"
	"fmt"
	gofs "io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
)

// file is an entry of a manifest in the making.
type file struct {
	mode    gofs.FileMode
	content uint64
	link    string
}

// manifestOf lists a tree as a walk does.
func manifestOf(tree map[string]file) *record.Manifest {
	paths := make([]string, 0, len(tree))
	for p := range tree {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	m := &record.Manifest{Name: "context", Paths: paths, Links: map[int]string{}}
	for i, p := range paths {
		f := tree[p]
		m.Modes = append(m.Modes, uint32(f.mode))
		m.Sizes = append(m.Sizes, int64(f.content%1000))
		m.Data = binary.LittleEndian.AppendUint64(m.Data, f.content)
		m.Digests = binary.LittleEndian.AppendUint64(m.Digests, f.content)
		m.Digests = binary.LittleEndian.AppendUint32(m.Digests, uint32(f.mode))
		m.Digests = binary.LittleEndian.AppendUint32(m.Digests, uint32(len(f.link)))
		if f.link != "" {
			m.Links[i] = f.link
		}
	}
	return m
}

func put(tree map[string]file, path string, f file) {
	tree[path] = f
	for i, r := range path {
		if r == '/' {
			tree[path[:i]] = file{mode: gofs.ModeDir | 0o755}
		}
	}
}

// randomTree makes files in up to three levels of folders.
func randomTree(rnd *rand.Rand, files int) map[string]file {
	tree := map[string]file{}
	for range files {
		var names []string
		for range rnd.IntN(4) {
			names = append(names, fmt.Sprint("d", rnd.IntN(3)))
		}
		names = append(names, fmt.Sprint("f", rnd.IntN(20)))
		put(tree, strings.Join(names, "/"), file{mode: 0o644, content: uint64(rnd.IntN(50))})
	}
	return tree
}

// reference compares two selections by path in the plainest way.
func reference(h *record.Manifest, hr [][2]int, o *record.Manifest, or [][2]int) []FileChange {
	entries := func(ranges [][2]int, m *record.Manifest) map[string]int {
		out := map[string]int{}
		for _, r := range ranges {
			for i := r[0]; i < r[1]; i++ {
				out[m.Paths[i]] = i
			}
		}
		return out
	}
	after, before := entries(hr, h), entries(or, o)
	var out []FileChange
	for p, i := range after {
		if j, ok := before[p]; !ok {
			out = append(out, FileChange{Path: p, Change: "added"})
		} else if d := compareEntry(h, i, o, j); d != equal {
			out = append(out, FileChange{Path: p, Change: d.word()})
		}
	}
	for p := range before {
		if _, ok := after[p]; !ok {
			out = append(out, FileChange{Path: p, Change: "removed"})
		}
	}
	parents := map[string]bool{}
	for _, c := range out {
		for i, r := range c.Path {
			if r == '/' {
				parents[c.Path[:i]] = true
			}
		}
	}
	out = slices.DeleteFunc(out, func(c FileChange) bool {
		return (c.Change == "added" || c.Change == "removed") && parents[c.Path]
	})
	slices.SortFunc(out, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// choose takes the entries that a choice takes, and the folders that they lie in.
func choose(m *record.Manifest, takes func(string) bool) [][2]int {
	taken := make([]bool, len(m.Paths))
	for i, p := range m.Paths {
		if !takes(p) {
			continue
		}
		taken[i] = true
		for j := i - 1; j >= 0; j-- {
			taken[j] = taken[j] || below(p, m.Paths[j])
		}
	}
	var out [][2]int
	for i, t := range taken {
		switch n := len(out); {
		case !t:
		case n > 0 && out[n-1][1] == i:
			out[n-1][1]++
		default:
			out = append(out, [2]int{i, i + 1})
		}
	}
	return out
}

// The files of a selection are those that a comparison by path finds, whatever is
// selected of the same two manifests, and the summaries add up to them.
func TestFilesAreThoseOfAPlainComparison(t *testing.T) {
	for seed := range uint64(3000) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		before := randomTree(rnd, rnd.IntN(60))
		after := map[string]file{}
		for p, f := range before {
			switch x := rnd.IntN(12); {
			case x == 0 && !f.mode.IsDir():
				continue // removed
			case x == 1 && !f.mode.IsDir():
				put(after, p+"x", f) // renamed
				continue
			case x == 2:
				f.mode ^= 0o100
			case x == 3 && !f.mode.IsDir():
				f.content++
			case x == 4 && !f.mode.IsDir():
				f = file{mode: gofs.ModeSymlink | 0o777, link: "x"}
			}
			put(after, p, f)
		}
		for p, f := range randomTree(rnd, rnd.IntN(5)) {
			put(after, p, f)
		}
		h, o := manifestOf(after), manifestOf(before)
		c := newComparison(h, o)
		for range 4 {
			suffix := fmt.Sprint(rnd.IntN(10))
			takes := func(p string) bool { return suffix == "0" || strings.HasSuffix(p, suffix) }
			then := takes
			if rnd.IntN(3) == 0 {
				then = func(p string) bool { return strings.HasPrefix(p, "d1") }
			}
			hr, or := choose(h, takes), choose(o, then)
			files := c.take(hr, or).narrowed(content, otherType, link, added, removed, mode, xattr)
			want := reference(h, hr, o, or)
			got := slices.SortedFunc(files.all(), func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, suffix %s (-plain +got):\n%s", seed, suffix, diff)
			}
			checkSummary(t, &files, want)
		}
	}
}

func checkSummary(t *testing.T, files *fileSet, all []FileChange) {
	t.Helper()
	var cause Cause
	cause.bring(*files)
	e := &cause.Evidence
	if len(e.Files) != min(len(all), maxFiles) || e.FileCount != 0 && e.FileCount != len(all) || (e.FileCount == 0) != (len(all) <= maxFiles) {
		t.Fatalf("%d files, %d listed, said to be %d", len(all), len(e.Files), e.FileCount)
	}
	have := map[string]string{}
	for _, f := range all {
		have[f.Path] = f.Change
	}
	for _, f := range e.Files {
		if have[f.Path] != f.Change {
			t.Fatalf("%s %s is listed, which is none of the changes", f.Path, f.Change)
		}
		if f.RenamedTo != "" && have[f.RenamedTo] != "added" || f.RenamedFrom != "" && have[f.RenamedFrom] != "removed" {
			t.Fatalf("%+v was renamed to or from what is no change", f)
		}
		if at := slices.IndexFunc(e.Files, func(x FileChange) bool { return x.Path == f.RenamedTo }); f.RenamedTo != "" && at >= 0 && e.Files[at].RenamedFrom != f.Path {
			t.Fatalf("%s was renamed to %s, which comes from %q", f.Path, f.RenamedTo, e.Files[at].RenamedFrom)
		}
	}
	if len(all) <= maxFiles {
		return
	}
	if len(e.Folders) > maxFolders || len(e.Folders) == 0 {
		t.Fatalf("%d folders", len(e.Folders))
	}
	sum := 0
	for _, f := range e.Folders {
		n := 0
		for _, x := range f.Changes {
			n += x
		}
		if n != f.Files {
			t.Fatalf("%s has %d files, of which %v", f.Path, f.Files, f.Changes)
		}
		sum += n
	}
	if sum != len(all) && len(e.Folders) < maxFolders {
		t.Fatalf("%d files, in folders %d", len(all), sum)
	}
}

func causeOf(before, after map[string]file) Cause {
	h, o := manifestOf(after), manifestOf(before)
	var c Cause
	c.bring(newComparison(h, o).take([][2]int{{0, len(h.Paths)}}, [][2]int{{0, len(o.Paths)}}).
		narrowed(content, otherType, link, added, removed, mode, xattr))
	return c
}

func tree(files ...string) map[string]file {
	out := map[string]file{}
	for _, f := range files {
		path, content, _ := strings.Cut(f, "=")
		n := uint64(0)
		for _, r := range content {
			n = n*31 + uint64(r)
		}
		put(out, path, file{mode: 0o644, content: n})
	}
	return out
}

func TestRenames(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []string
		want          []string
	}{
		"a file under another name":              {[]string{"a.go=x"}, []string{"b.go=x"}, []string{"a.go -> b.go"}},
		"and with other content":                 {[]string{"a.go=x"}, []string{"b.go=y"}, nil},
		"a folder":                               {[]string{"a/1=x", "a/2=y"}, []string{"b/1=x", "b/2=y"}, []string{"a/1 -> b/1", "a/2 -> b/2"}},
		"equal files of the same names":          {[]string{"a/1=x", "a/2=x"}, []string{"b/1=x", "b/2=x"}, []string{"a/1 -> b/1", "a/2 -> b/2"}},
		"equal files of other names":             {[]string{"a/1=x", "a/2=x"}, []string{"b/3=x", "b/4=x"}, nil},
		"one of two equal files kept its name":   {[]string{"a/1=x"}, []string{"b/1=x", "b/2=x"}, []string{"a/1 -> b/1"}},
		"a copy":                                 {[]string{"a/1=x"}, []string{"a/1=x", "b/1=x"}, nil},
		"an empty file under another name":       {[]string{"a/1"}, []string{"b/2"}, nil},
		"an empty file in another folder":        {[]string{"a/1"}, []string{"b/1"}, []string{"a/1 -> b/1"}},
		"two equal files of one name each swept": {[]string{"a/1=x", "b/1=x"}, []string{"c/1=x"}, nil},
	} {
		var got []string
		for _, f := range causeOf(tree(c.before...), tree(c.after...)).Evidence.Files {
			if f.RenamedTo != "" {
				got = append(got, f.Path+" -> "+f.RenamedTo)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestManyFilesAreSummedUpByFolder(t *testing.T) {
	before, after := tree("keep=x", "web/app/old.ts=x"), tree("keep=x", "Makefile=y")
	for i := range 30 {
		put(before, fmt.Sprintf("src/cart/%02d.ts", i), file{mode: 0o644, content: 1})
		put(after, fmt.Sprintf("src/cart/%02d.ts", i), file{mode: 0o644, content: 2})
		put(before, fmt.Sprintf("src/pay/deep/%02d.ts", i), file{mode: 0o644, content: 1})
		put(after, fmt.Sprintf("src/pay/deep/%02d.ts", i), file{mode: 0o755, content: 1})
	}
	c := causeOf(before, after)
	want := []Folder{
		{Path: "src/cart", Changes: map[string]int{"content": 30}, Files: 30},
		{Path: "src/pay/deep", Changes: map[string]int{"mode": 30}, Files: 30},
		{Path: ".", Changes: map[string]int{"added": 1}, Files: 1},
		{Path: "web/app", Changes: map[string]int{"removed": 1}, Files: 1},
	}
	if diff := cmp.Diff(want, c.Evidence.Folders); diff != "" || c.Evidence.FileCount != 62 {
		t.Errorf("%d files (-want +got):\n%s", c.Evidence.FileCount, diff)
	}
	all := slices.Collect(c.AllFiles())
	if len(all) != 62 || !slices.Contains(all, FileChange{Path: "Makefile", Change: "added"}) {
		t.Errorf("all %d files are %v", len(all), all)
	}
	// Content tells most; the list is by path all the same.
	if f := c.Evidence.Files; len(f) != maxFiles || f[0].Path != "src/cart/00.ts" || f[19].Change != "content" {
		t.Errorf("listed are %v", f)
	}
}

func TestTheEditedRuleIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		before, after []string
		was, is       string
		line          int
		ok            bool
	}{
		"a new file":    {nil, []string{"docs"}, "", "docs", 1, true},
		"a line added":  {[]string{"a", "b"}, []string{"a", "!a/x", "b"}, "", "!a/x", 2, true},
		"a line gone":   {[]string{"a", "b"}, []string{"a"}, "b", "", 0, true},
		"a line edited": {[]string{"a", "b", "c"}, []string{"a", "d", "c"}, "b", "d", 2, true},
		"two lines":     {[]string{"a", "b", "c"}, []string{"x", "b", "y"}, "", "", 0, false},
	} {
		was, is, line, ok := editedRule(c.before, c.after)
		if was != c.was || is != c.is || line != c.line || ok != c.ok {
			t.Errorf("%s: %q, %q, %d, %v", name, was, is, line, ok)
		}
	}
}
