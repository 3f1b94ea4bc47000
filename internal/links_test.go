package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageLink  = regexp.MustCompile(`(?:\]\(|src(?:set)?=")([^)"#\s]*)(?:#([^)"\s]*))?[)"]`)
	heading   = regexp.MustCompile("(?m)^#+ (.*)$")
	fenced    = regexp.MustCompile("(?ms)^```.*?^```$")
	notInSlug = regexp.MustCompile(`[^a-z0-9_ -]`)
)

// Every link of a page to a file or a heading of the repository leads somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, pattern := range []string{"../README.md", "../docs/*.md", "../docs/rules/*.md"} {
		pages, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			for _, m := range pageLink.FindAllStringSubmatch(prose(t, page), -1) {
				to := page
				if m[1] != "" {
					to = filepath.Join(filepath.Dir(page), m[1])
				}
				if strings.Contains(m[1], "://") {
					continue
				}
				links++
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s links to %s: %v", page, m[1], err)
				} else if m[2] != "" && !headings(prose(t, to))[m[2]] {
					t.Errorf("%s links to %s#%s, a heading that there is not", page, m[1], m[2])
				}
			}
		}
	}
	if links < 50 {
		t.Errorf("%d links", links)
	}
}

// prose is the text of a page without what it shows as code.
func prose(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(text), "")
}

// headings are what GitHub calls the headings of a page in addresses.
func headings(page string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out[strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}
