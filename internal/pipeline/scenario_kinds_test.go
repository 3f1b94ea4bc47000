package pipeline_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestStoriesTellEveryKind counts the stories of each kind of cause that the
// documentation lists. A stage whose output differs while nothing upstream does
// can be thought of, but nothing is known that leads to it; and a story that ends
// unexplained is a fault to mend and not to write down.
func TestStoriesTellEveryKind(t *testing.T) {
	doc, err := os.ReadFile("../../docs/causes.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		told[m[1]] = 0
	}
	paths, err := filepath.Glob(filepath.Join(scenarioDir, "*.txtar"))
	if err != nil || len(paths) < 150 {
		t.Fatalf("%d stories, %v", len(paths), err)
	}
	for _, p := range paths {
		s, err := readStory(p)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		kinds := map[string]bool{}
		for _, want := range s.want {
			for line := range strings.Lines(want) {
				if words := strings.Fields(line); len(words) > 1 && words[0] == "cause" {
					kinds[words[1]] = true
				}
			}
		}
		for k := range kinds {
			if _, ok := told[k]; !ok {
				t.Errorf("%s: the documentation knows no kind %q", s.name, k)
			}
			told[k]++
		}
	}
	for _, k := range slices.Sorted(maps.Keys(told)) {
		switch n := told[k]; {
		case k == "stage-output":
		case k == "unexplained" && n > 0:
			t.Errorf("%d stories end unexplained", n)
		case k != "unexplained" && n < 3:
			t.Errorf("%d stories tell of %s, want 3", n, k)
		}
	}
}
