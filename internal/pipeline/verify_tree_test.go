package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
)

// contents lists what is in a folder: files with their text, and links with their
// target.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		switch {
		case d.IsDir():
			if entries, err := os.ReadDir(path); err == nil && len(entries) == 0 {
				out[rel+"/"] = ""
			}
			return err
		case d.Type() == os.ModeSymlink:
			out[rel], err = os.Readlink(path)
			out[rel] = "-> " + out[rel]
			return err
		}
		text, err := os.ReadFile(path)
		fi, _ := d.Info()
		out[rel] = fi.Mode().Perm().String()[1:] + " " + string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inRepository is a lab without a builder.
func inRepository(t *testing.T, files map[string]string) *lab {
	t.Helper()
	l := &lab{t: t, tree: filepath.Join(t.TempDir(), "tree")}
	if err := os.MkdirAll(l.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	l.git("init", "-q", "-b", "main", "--template=")
	l.write(files)
	l.commit()
	return l
}

func (l *lab) trees(p treePlan) *trees {
	l.t.Helper()
	p.base = l.git("rev-parse", "HEAD")
	if p.root == "" {
		p.root = l.tree
	}
	if p.folders == nil {
		p.folders = []string{l.tree}
	}
	p.hidden = append(p.hidden, filepath.Join(l.tree, ".git"))
	t, err := newTrees(l.t.Context(), p)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(t.close)
	return t
}

func TestTheCopyTakesOnEachState(t *testing.T) {
	l := inRepository(t, map[string]string{
		"same": "1", "edited": "old", "removed/deep/file": "r", "tool": "sh", "turns": "a file", "Dockerfile": "FROM a\nRUN b\n",
		"odd name\n": "odd", "link": "x",
	})
	base := contents(t, l.tree)
	l.write(map[string]string{"edited": "new", "added/deep/file": "a", "made": "by a tool"})
	for _, err := range []error{
		os.RemoveAll(filepath.Join(l.tree, "removed")), os.Chmod(filepath.Join(l.tree, "tool"), 0o755),
		os.Remove(filepath.Join(l.tree, "turns")), os.Mkdir(filepath.Join(l.tree, "turns"), 0o755),
		os.WriteFile(filepath.Join(l.tree, "turns", "inside"), []byte("f"), 0o600),
		os.WriteFile(filepath.Join(l.tree, "odd name\n"), []byte("odder"), 0o644),
		os.Remove(filepath.Join(l.tree, "link")), os.Symlink("same", filepath.Join(l.tree, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l.git("add", "added", "turns")
	head := contents(t, l.tree)
	edits := []advice.FileEdit{
		{Path: "Dockerfile", Before: []byte("FROM a\nRUN b\n"), After: []byte("FROM a\nRUN c\n")},
		{Path: "docker/.dockerignore", After: []byte("x\n")},
	}
	x := l.trees(treePlan{edits: edits, changes: []fileChange{{"made", "content"}, {"gone", "removed"}}})
	expect := func(s state, edits []advice.FileEdit, files map[string]string, more map[string]string) {
		t.Helper()
		if err := x.set(t.Context(), s, edits); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, from := range []map[string]string{files, more} {
			for name, text := range from {
				if !strings.HasPrefix(name, ".git/") {
					want[name] = text
				}
			}
		}
		if diff := cmp.Diff(want, contents(t, x.tree())); diff != "" {
			t.Errorf("at %s, %d edits, -want +got:\n%s", s, len(edits), diff)
		}
	}
	// What git does not know stands in for what it was; a folder that it cannot know stays.
	stands := map[string]string{"made": "rw-r--r-- by a tool\n", "gone": "rw-r--r-- \n", "added/deep/": ""}
	patched := map[string]string{"Dockerfile": "rw-r--r-- FROM a\nRUN c\n", "docker/.dockerignore": "rw-r--r-- x\n"}
	if !x.differ() {
		t.Error("the two states are taken to be the same")
	}
	expect(atHead, nil, head, nil)
	expect(atBase, nil, base, stands)
	for name, text := range patched {
		stands[name] = text
	}
	expect(atBase, edits, base, stands)
	expect(atHead, edits, head, patched)
	expect(atHead, nil, head, nil)
	if diff := cmp.Diff(head, contents(t, l.tree)); diff != "" {
		t.Errorf("the work tree was changed:\n%s", diff)
	}
	err := x.set(t.Context(), atHead, []advice.FileEdit{{Path: "Dockerfile", Before: []byte("FROM a\nRUN x\n"), After: []byte("FROM a\nRUN y\n")}})
	if !errors.Is(err, errUnfit) {
		t.Errorf("an edit of another text gives %v", err)
	}
}

// A job may have its checkout in a folder of the workspace, and be told of it by a link.
func TestACheckoutBelowTheWorkspace(t *testing.T) {
	l := inRepository(t, map[string]string{"app/Dockerfile": "FROM a\n", "app/edited": "old", "other/edited": "old"})
	l.write(map[string]string{"app/edited": "new", "other/edited": "new", "app/added": "a"})
	workspace := filepath.Join(t.TempDir(), "workspace")
	if err := os.Symlink(filepath.Dir(l.tree), workspace); err != nil {
		t.Fatal(err)
	}
	l.git("add", "-A")
	edits := []advice.FileEdit{{Path: "tree/app/Dockerfile", Before: []byte("FROM a\n"), After: []byte("FROM b\n")}}
	x := l.trees(treePlan{root: workspace, folders: []string{filepath.Join(workspace, "tree", "app")}, edits: edits})
	for s, want := range map[state]map[string]string{
		atBase: {"tree/app/Dockerfile": "rw-r--r-- FROM b\n", "tree/app/edited": "rw-r--r-- old"},
		atHead: {"tree/app/Dockerfile": "rw-r--r-- FROM b\n", "tree/app/edited": "rw-r--r-- new", "tree/app/added": "rw-r--r-- a"},
	} {
		if err := x.set(t.Context(), s, edits); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, contents(t, x.tree())); diff != "" {
			t.Errorf("at %s, -want +got:\n%s", s, diff)
		}
	}
}

// A link in the copy may lead out of it: nothing is written or removed through one.
func TestNothingIsTouchedThroughALink(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "f"), []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	l := inRepository(t, map[string]string{"a/f": "1", "Dockerfile": "FROM a\n"})
	for _, err := range []error{
		os.RemoveAll(filepath.Join(l.tree, "a")), os.Symlink(outside, filepath.Join(l.tree, "a")),
		os.Rename(filepath.Join(l.tree, "Dockerfile"), filepath.Join(outside, "Dockerfile")),
		os.Symlink(filepath.Join(outside, "Dockerfile"), filepath.Join(l.tree, "Dockerfile")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := contents(t, outside)
	edit := advice.FileEdit{Path: "Dockerfile", Before: []byte("FROM a\n"), After: []byte("FROM b\n")}
	for _, changes := range [][]fileChange{nil, {{"a/f", "content"}, {"a/new", "removed"}}} {
		x := l.trees(treePlan{edits: []advice.FileEdit{edit, {Path: "a/.dockerignore", After: []byte("x")}}, changes: changes})
		for _, s := range []state{atBase, atHead, atBase} {
			if err := x.set(t.Context(), s, []advice.FileEdit{edit}); s == atHead && !errors.Is(err, errUnfit) {
				t.Errorf("a link is edited: %v", err)
			}
			if err := x.set(t.Context(), s, []advice.FileEdit{{Path: "a/.dockerignore", After: []byte("x")}}); s == atHead && err == nil {
				t.Error("a file is made behind a link")
			}
		}
	}
	if diff := cmp.Diff(want, contents(t, outside)); diff != "" {
		t.Errorf("a file outside was touched:\n%s", diff)
	}
}

// What no build will take is not copied, unless some state lets it in.
func TestTheCopyLeavesOutWhatIsIgnored(t *testing.T) {
	rules := advice.FileEdit{Path: ".dockerignore", Before: []byte("big\n")}
	for name, c := range map[string]struct {
		after  string
		edit   map[string]string
		copied bool
	}{
		"no other rules":   {"big\n", nil, false},
		"more rules":       {"big\nmore\n", nil, false},
		"a rule less":      {"more\n", nil, true},
		"an exception":     {"big\n!big/x\n", nil, true},
		"rules of another": {"big\n", map[string]string{".dockerignore": "big\nother\n"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := inRepository(t, map[string]string{"Dockerfile": "FROM a\n", ".dockerignore": "big\n", "big/x": "1"})
			l.write(c.edit)
			edit := rules
			edit.After = []byte(c.after)
			x := l.trees(treePlan{ignore: filepath.Join(l.tree, ".dockerignore"), edits: []advice.FileEdit{edit}})
			if _, err := os.Stat(filepath.Join(x.tree(), "big/x")); (err == nil) != c.copied {
				t.Errorf("the ignored file: %v", err)
			}
		})
	}
}

// Everything but what is let in again: the Dockerfile is read all the same.
func TestTheCopyHasExceptions(t *testing.T) {
	l := inRepository(t, map[string]string{
		"Dockerfile": "FROM a\n", ".dockerignore": "*\n!src\nsrc/*.log\n", "junk/x": "1", "src/deep/a": "2", "src/b.log": "3",
	})
	rules := filepath.Join(l.tree, ".dockerignore")
	x := l.trees(treePlan{ignore: rules, files: []string{filepath.Join(l.tree, "Dockerfile"), rules}})
	want := map[string]string{
		"Dockerfile": "rw-r--r-- FROM a\n", ".dockerignore": "rw-r--r-- *\n!src\nsrc/*.log\n", "src/deep/a": "rw-r--r-- 2",
	}
	if diff := cmp.Diff(want, contents(t, x.tree())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestValuesOfBuildArgumentsAreMadeUp(t *testing.T) {
	const head, base = "abcdef1234567890abcdef1234567890abcdef12", "1234567890abcdef1234567890abcdef12345678"
	r := func(sha string, values map[string]string) *record.Record {
		x := &record.Record{Commit: record.Commit{SHA: sha}}
		for name, value := range values {
			x.Invocation.BuildArgs = append(x.Invocation.BuildArgs, record.Value{Name: name, Digest: "digest of " + value})
		}
		return x
	}
	args := map[string]string{
		"SAME": "v1", "COMMIT": head, "SHORT": head[:7], "DATE": "2026-01-10", "WORD": "two", "NEW": "7",
	}
	before := map[string]string{"SAME": "v1", "COMMIT": base, "SHORT": base[:7], "DATE": "2026-01-09", "WORD": "one"}
	got, unknown, other := earlierArgs(args, r(head, args), r(base, before))
	want := []string{"COMMIT=" + base, "DATE=2026-01-11", "NEW=6", "SAME=v1", "SHORT=" + base[:7], "WORD=two"}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !slices.Equal(unknown, []string{"WORD"}) || !other {
		t.Errorf("unknown are %q, other is %v", unknown, other)
	}
	if _, unknown, other = earlierArgs(args, r(head, args), r(base, args)); other || unknown != nil {
		t.Errorf("of the same arguments %q are unknown, and other is %v", unknown, other)
	}
}

func TestWhatSavesNothingComesLast(t *testing.T) {
	verified, noGain := &advice.Verification{}, &advice.Verification{NoGain: true}
	all := advice.Advice{
		Suggestions: []advice.Suggestion{
			{Title: "idle", Verified: noGain}, {Title: "withdrawn"}, {Title: "good", Verified: verified}, {Title: "unproven"},
			{Title: "idle, but sound", Verified: noGain, Sound: true}, {Title: "not for speed", Verified: verified},
		},
		Best: &advice.Set{Members: []int{2, 3}},
	}
	got := without(all, map[int]bool{1: true})
	var titles []string
	for _, g := range got.Suggestions {
		titles = append(titles, g.Title)
	}
	if diff := cmp.Diff([]string{"good", "unproven", "not for speed", "idle, but sound", "idle"}, titles); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Best == nil || !slices.Equal(got.Best.Members, []int{0, 1}) {
		t.Errorf("the best set is %+v", got.Best)
	}
	for _, members := range [][]int{{1, 2}, {0, 2}, {2, 4}} {
		all.Best = &advice.Set{Members: members}
		if got := without(all, map[int]bool{1: true}); got.Best != nil {
			t.Errorf("a set with a refuted member stays: %+v", got.Best)
		}
	}
}

func TestTheSuggestionsThatSaveMostAreVerified(t *testing.T) {
	made := func(path, patch string, seconds float64) advice.Suggestion {
		return advice.Suggestion{
			Patch: patch, Edits: []advice.FileEdit{{Path: path}}, Predicted: advice.Prediction{SecondsSavedPerBuild: seconds},
		}
	}
	all := []advice.Suggestion{
		made("Dockerfile", "p", 1), made(".github/workflows/ci.yml", "p", 9), made("Dockerfile", "", 8), made("Dockerfile", "p", 3),
		made(".dockerignore", "p", 2), made("Dockerfile", "p", 4),
	}
	together := advice.Advice{Suggestions: all, Best: &advice.Set{Members: []int{0, 5}}}
	if chosen, _ := new(verification).choose(together); !slices.Equal(chosen, []int{5, 0}) {
		t.Errorf("of a set that saves most together and of others %v are chosen", chosen)
	}
	chosen, warnings := new(verification).choose(advice.Advice{Suggestions: all})
	if !slices.Equal(chosen, []int{5, 3, 4}) || !slices.Equal(warnings, []string{"of the 4 suggestions the 3 that save most were verified"}) {
		t.Errorf("chosen are %v: %q", chosen, warnings)
	}
	if got, warnings := new(verification).run(t.Context(), advice.Advice{Suggestions: all[1:3]}); len(got.Suggestions) != 2 || warnings != nil {
		t.Errorf("what no build can verify gives %+v, %q", got, warnings)
	}
}
