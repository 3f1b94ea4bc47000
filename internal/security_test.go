package internal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z-]+\\.txtar)`")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
)

// knownTests are the tests, fuzz targets and scripts that there are.
func knownTests(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, root := range []string{".", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if strings.HasSuffix(path, ".txtar") {
				known[d.Name()] = true
			}
			if !strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			for _, m := range testFunc.FindAllSubmatch(text, -1) {
				known[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return known
}

// Every threat of docs/security.md has a test, and every test that it names exists.
func TestEveryThreatHasATest(t *testing.T) {
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	known := knownTests(t)
	rows := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| threat |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		if len(cells) != 3 {
			t.Errorf("a line has %d cells: %s", len(cells), line)
			continue
		}
		tests := testName.FindAllStringSubmatch(cells[2], -1)
		if len(tests) == 0 || strings.Trim(testName.ReplaceAllString(cells[2], ""), ", ") != "" {
			t.Errorf("a threat has no tests: %s", line)
		}
		for _, m := range tests {
			if !known[m[1]] {
				t.Errorf("%s is no test: %s", m[1], line)
			}
		}
	}
	if rows < 30 {
		t.Errorf("%d threats", rows)
	}
}

var pinned = regexp.MustCompile(`^(\./.*|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)

// Whoever can move a tag of an action could have our workflows run anything, and sign it.
func TestActionsOfOurWorkflowsArePinned(t *testing.T) {
	paths, err := filepath.Glob("../.github/workflows/*.yml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			_, action, uses := strings.Cut(line, "uses: ")
			if uses && !pinned.MatchString(strings.TrimSpace(action)) {
				t.Errorf("%s uses %q, which is no commit with its version behind it", path, strings.TrimSpace(action))
			}
		}
	}
}
