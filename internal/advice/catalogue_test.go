package advice_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
)

// Every rule has a page, stands in the table of all, and is told of in a story on a
// real daemon; and nothing else is.
func TestCatalogue(t *testing.T) {
	rules := advice.Rules()
	root := filepath.Join("..", "..")
	var pages []string
	files, err := filepath.Glob(filepath.Join(root, "docs", "rules", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".md")
		pages = append(pages, name)
		if !strings.HasPrefix(string(readFile(t, f)), "# "+name+"\n") {
			t.Errorf("%s has another title", f)
		}
	}
	if d := cmp.Diff(rules, pages); d != "" {
		t.Errorf("pages (-rules +docs/rules):\n%s", d)
	}
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[([a-z-]+)\]\(rules/([a-z-]+)\.md\) `).FindAllStringSubmatch(string(readFile(t, filepath.Join(root, "docs", "suggestions.md"))), -1) {
		if m[1] != m[2] {
			t.Errorf("%s leads to the page of %s", m[1], m[2])
		}
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	if d := cmp.Diff(rules, listed); d != "" {
		t.Errorf("docs/suggestions.md (-rules +table):\n%s", d)
	}
	told := map[string]bool{}
	for _, dir := range []string{"suggestions", "recorded"} {
		stories, err := os.ReadDir(filepath.Join(root, "testdata", dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stories {
			if s.IsDir() {
				continue
			}
			for _, m := range regexp.MustCompile(`(?m)^(?:apply|heed|remark) ([a-z-]+)$`).FindAllStringSubmatch(string(readFile(t, filepath.Join(root, "testdata", dir, s.Name()))), -1) {
				told[m[1]] = true
			}
		}
	}
	for _, name := range rules {
		if !told[name] {
			t.Errorf("no story tells of %s", name)
		}
	}
}
