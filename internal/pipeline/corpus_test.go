package pipeline_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

var (
	adviceTo    = flag.String("advice-to", "", "a folder to write to what the rules say of the corpus")
	expectAsNow = flag.Bool("expect-as-now", false, "write into the corpus which rules speak")
)

// What is suggested for a Dockerfile has to be a patch that any of them survives.
func TestCorpus(t *testing.T) {
	t.Parallel()
	all := samples(t, corpusDir)
	if len(all) < 120 {
		t.Errorf("%d projects are too few", len(all))
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.check(t)
		})
	}
}

// A Dockerfile that is well made gets no suggestion.
func TestCorpusOfGoodOnes(t *testing.T) {
	t.Parallel()
	all := samples(t, corpusDir+"-good")
	if len(all) < 40 {
		t.Errorf("%d projects are too few", len(all))
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.expect != nil {
				t.Errorf("suggestions are expected: %v", s.expect)
			}
			s.check(t)
		})
	}
}

// check asks for suggestions, and tries every patch.
func (s *sample) check(t *testing.T) {
	c := s.checkOut(t, t.TempDir())
	a := c.advise(nil)
	var rules []string
	for _, g := range a.Suggestions {
		rules = append(rules, g.Rule)
	}
	slices.Sort(rules)
	rules = slices.Compact(rules)
	if *expectAsNow {
		if err := s.expectNow(rules); err != nil {
			t.Fatal(err)
		}
		s.expect = rules
	}
	if diff := cmp.Diff(s.expect, rules); diff != "" {
		t.Errorf("other rules speak than expected (-want +got):\n%s\n%s", diff, advised(a))
	}
	for _, g := range a.Suggestions {
		if len(g.Edits) > 0 {
			c.try(g.Rule, g.Edits, g.Patch, func() { c.notAgain(g) })
		}
	}
	if a.Best != nil {
		c.try("the best set", a.Best.Edits, a.Best.Patch, func() {})
	}
	in := c.input(nil)
	built(&in)
	after := advice.Suggest(in)
	if *adviceTo != "" {
		text := advised(a) + "\nafter a build:\n" + advised(after)
		if err := os.WriteFile(filepath.Join(*adviceTo, s.name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range after.Suggestions {
		if len(g.Edits) > 0 {
			c.try(g.Rule+" after a build", g.Edits, g.Patch, func() {})
		}
	}
}

// advised is what the rules said, for messages.
func advised(a advice.Advice) string {
	var b strings.Builder
	for _, g := range a.Suggestions {
		fmt.Fprintf(&b, "%s at %s:%d saves %.1f s a build\n  %s\n%s", g.Rule, g.File, g.Line, g.Predicted.SecondsSavedPerBuild, g.Title, g.Patch)
	}
	for _, x := range a.Silences {
		fmt.Fprintf(&b, "%s is silent at %d: %s\n", x.Rule, x.Line, x.Why)
	}
	return b.String()
}

// try applies a patch with git, checks what came of it, and takes it back.
func (c *checkout) try(what string, edits []advice.FileEdit, patch string, patched func()) {
	t := c.t
	t.Helper()
	file := filepath.Join(t.TempDir(), "suggestion.patch")
	if err := os.WriteFile(file, []byte(patch), 0o644); err != nil {
		t.Fatal(err)
	}
	before := c.tree()
	for _, args := range [][]string{{"apply", "--check", file}, {"apply", file}} {
		if out, err := gitIn(t, c.dir, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: git %s: %v\n%s\n%s", what, args[0], err, out, patch)
			return
		}
	}
	after := c.tree()
	want := maps.Clone(before)
	for _, e := range edits {
		// An edit does not show the credentials of a URL.
		want[e.Path] = after[e.Path]
		if diff := cmp.Diff(record.RedactURLs(before[e.Path]), string(e.Before)); diff != "" {
			t.Errorf("%s: the edit of %s starts from another text than is there (-is +edit):\n%s", what, e.Path, diff)
		}
		if diff := cmp.Diff(string(e.After), record.RedactURLs(after[e.Path])); diff != "" {
			t.Errorf("%s: the patch makes something else of %s than the edit (-edit +patch):\n%s\n%s", what, e.Path, diff, patch)
		}
		for _, fault := range faults(e.Path == c.dockerfile, before[e.Path], after[e.Path]) {
			t.Errorf("%s: %s: %s\n%s", what, e.Path, fault, patch)
		}
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("%s: the patch changes files that the edit does not (-before +after):\n%s\n%s", what, diff, patch)
	}
	c.stillBuilds(what, before[c.dockerfile], after[c.dockerfile], patch)
	patched()
	if out, err := gitIn(t, c.dir, "apply", "-R", file).CombinedOutput(); err != nil {
		t.Fatalf("%s: git apply -R: %v\n%s\n%s", what, err, out, patch)
	}
	if diff := cmp.Diff(before, c.tree()); diff != "" {
		t.Fatalf("%s: the patch cannot be taken back (-before +after):\n%s\n%s", what, diff, patch)
	}
}

// tree is the text of every file of the work tree.
func (c *checkout) tree() map[string]string {
	out := map[string]string{}
	err := filepath.WalkDir(c.dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		rel, _ := filepath.Rel(c.dir, file)
		data, err := os.ReadFile(file)
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// stillBuilds compares what BuildKit's frontend makes of two texts.
func (c *checkout) stillBuilds(what, before, after, patch string) {
	c.t.Helper()
	old, err := dockerfile.Parse(c.dockerfile, []byte(before))
	if err != nil {
		c.t.Fatal(err)
	}
	f, err := dockerfile.Parse(c.dockerfile, []byte(after))
	if err != nil {
		c.t.Errorf("%s: the patched Dockerfile cannot be read: %v\n%s", what, err, patch)
		return
	}
	names := make([]string, 0, len(f.Stages))
	for _, s := range f.Stages {
		names = append(names, s.Name)
	}
	for _, s := range old.Stages {
		if i := slices.Index(names, s.Name); i >= 0 {
			names = names[i+1:]
			continue
		}
		if _, err := strconv.Atoi(s.Name); err != nil || len(f.Stages) < len(old.Stages) {
			c.t.Errorf("%s: stage %s is gone, or stands elsewhere\n%s", what, s.Name, patch)
		}
	}
	if c.convert(before) == nil {
		if err := c.convert(after); err != nil {
			c.t.Errorf("%s: the frontend refuses the patched Dockerfile: %v\n%s", what, err, patch)
		}
	}
	if was, is := complaints(before), complaints(after); len(is) > len(was) {
		c.t.Errorf("%s: BuildKit's checks complain more (-before +after):\n%s\n%s", what, cmp.Diff(was, is), patch)
	}
}

// notAgain asks for suggestions while the patch is applied.
func (c *checkout) notAgain(g advice.Suggestion) {
	c.t.Helper()
	edited := map[string]replay.Edit{}
	for _, e := range g.Edits {
		edited[e.Path] = replay.Edit{Before: e.Before, After: e.After}
	}
	for _, again := range c.advise(edited).Suggestions {
		if again.Rule == g.Rule && (again.Title == g.Title || bytes.Equal([]byte(again.Patch), []byte(g.Patch))) {
			c.t.Errorf("%s is suggested again:\n%s\n%s", g.Rule, g.Patch, again.Patch)
		}
	}
}
