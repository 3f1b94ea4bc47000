package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
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

// The README's table is of these cases, and its sums are those of the table.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## The ledger\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if want := fmt.Sprintf("It builds %d small repositories", len(cases())); !strings.Contains(section, want) {
		t.Errorf("the README does not say %q", want)
	}
	predictions := 0
	for _, c := range cases() {
		var own []string
		for line := range strings.Lines(section) {
			if cells := strings.Split(line, "|"); len(cells) == 9 && strings.TrimSpace(cells[1]) == c.shape {
				own = append(own, line)
			}
		}
		if len(own) < 2 {
			t.Errorf("the README has %d predictions of %q", len(own), c.shape)
		}
	}
	var errors []float64
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) != 9 || !strings.HasSuffix(strings.TrimSpace(cells[7]), " %") {
			continue
		}
		predictions++
		f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(cells[7]), " %"), 64)
		if err != nil {
			t.Fatal(err)
		}
		errors = append(errors, f)
	}
	_, sums, _ := strings.Cut(section, "| **all** | ")
	var count int
	var got [3]float64
	if _, err := fmt.Sscanf(sums, "%d | %f %% | %f %% | %f %% |", &count, &got[0], &got[1], &got[2]); err != nil {
		t.Fatalf("the README has no sums: %v", err)
	}
	if count != predictions {
		t.Errorf("the README counts %d predictions, its table has %d", count, predictions)
	}
	// The table's own figures are rounded to a tenth.
	for i, want := range []float64{median(errors), percentile(errors, 90), slices.Max(errors)} {
		if math.Abs(got[i]-want) > 0.1 {
			t.Errorf("sum %d of the README is %.1f %%, its table gives %.2f %%", i+1, got[i], want)
		}
	}
}
