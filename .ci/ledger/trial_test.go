package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/report"
)

// Every case changes something that its Dockerfile has, and has a build of its own
// for at least one of its edits.
func TestCases(t *testing.T) {
	all := cases()
	if len(all) < 30 {
		t.Errorf("there are %d cases, want 30", len(all))
	}
	names := map[string]bool{}
	for _, c := range all {
		if names[c.name] {
			t.Errorf("two cases are called %s", c.name)
		}
		names[c.name] = true
		if !slices.ContainsFunc(c.edits, func(e edit) bool { return !e.stays }) {
			t.Errorf("%s: nothing is undone", c.name)
		}
		before, after := c.build(c.first()), c.build(c.at(1))
		if cmp.Equal(before, after) && c.place == local {
			t.Errorf("%s: the edits change nothing", c.name)
		}
		for i, e := range c.edits {
			undone := c.build(c.at(1).undone(i))
			visible := e.kind != cause.BaseImageMoved && !e.losesTheCache()
			if visible && cmp.Equal(undone, after) {
				t.Errorf("%s: undoing %s changes nothing", c.name, e)
			}
			for path, text := range undone {
				if len(text) != len(after[path]) && path != flagsOf {
					t.Errorf("%s: %s has another size without %s", c.name, path, e)
				}
			}
		}
	}
}

const flagsOf = "flags"

// build is all that a build depends on, but for registry and builder.
func (t *trial) build(w world) map[string]string {
	out := maps.Clone(t.tree(w, strings.NewReplacer()))
	out[flagsOf] = strings.Join(t.command(w), " ")
	return out
}

func TestLacks(t *testing.T) {
	of := func(status ...string) *report.Report {
		rep := &report.Report{}
		for i, s := range status {
			rep.Steps = append(rep.Steps, report.Step{ID: string(rune('a' + i)), Instruction: string(rune('A' + i)), Status: s})
		}
		return rep
	}
	head := of("miss", "miss", "miss", "hit")
	head.Causes = []report.Cause{
		{ID: "c1", Kind: cause.ContextFiles, Steps: []string{"a", "b"}},
		{ID: "c2", Kind: cause.ContextFiles, Steps: []string{"b"}},
		{ID: "c3", Kind: cause.CacheNotExported, Steps: []string{"c"}, Evidence: cause.Evidence{NeededBy: []string{"a"}}},
	}
	for _, c := range []struct {
		rep  *report.Report
		want string
	}{
		{of("hit", "miss", "miss", "hit"), ""},
		{of("not-run", "miss", "hit", "hit"), ""},
		{of("miss", "miss", "hit", "hit"), "A ran"},
		{of("hit", "hit", "hit", "hit"), "B is a hit"},
		{of("hit", "miss", "hit", "miss"), "D ran"},
	} {
		err := lacks(c.rep, head, &head.Causes[0])
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("the answer is %q, want %q", got, c.want)
		}
	}
}

func TestCauseOf(t *testing.T) {
	rep := &report.Report{Causes: []report.Cause{
		{ID: "c1", Kind: cause.ContextFiles, Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "a.txt"}}}},
		{ID: "c2", Kind: cause.ContextFiles, Evidence: cause.Evidence{Files: []cause.FileChange{{Path: "b.txt"}}}},
		{ID: "c3", Kind: cause.BuildArg, Evidence: cause.Evidence{Name: "VERSION"}},
		{ID: "c4", Kind: cause.CacheEvicted},
	}}
	for e, want := range map[edit]string{
		file("b.txt"): "c2", argument("VERSION"): "c3", gone(cause.CacheEvicted): "c4",
		file("c.txt"): "", argument("OTHER"): "", gone(cause.CacheEmpty): "",
	} {
		got := ""
		if c, err := causeOf(rep, e); err == nil {
			got = c.ID
		}
		if got != want {
			t.Errorf("the cause of %s is %q, want %q", e, got, want)
		}
	}
}
