package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGolden compares every rendering of every scenario with its file in
// testdata, byte by byte.
func TestGolden(t *testing.T) {
	all := scenarios()
	if !*update {
		dirs, err := os.ReadDir("testdata/golden")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dirs {
			if _, ok := all[d.Name()]; !ok {
				t.Errorf("testdata/golden/%s belongs to no scenario", d.Name())
			}
		}
	}
	for name, b := range all {
		t.Run(name, func(t *testing.T) {
			r := b.report()
			var page, json, terminal, coloured bytes.Buffer
			for _, err := range []error{
				report.HTML(&page, r), report.JSON(&json, r),
				report.Terminal(&terminal, r, false), report.Terminal(&coloured, r, true),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			for file, got := range map[string]string{
				"comment.md":         report.Comment(r),
				"summary.md":         report.Summary(r),
				"report.html":        withoutStyle(t, page.String()),
				"report.json":        json.String(),
				"terminal.txt":       terminal.String(),
				"terminal-color.txt": coloured.String(),
			} {
				path := filepath.Join("testdata", "golden", name, file)
				if *update {
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(string(want), got); d != "" {
					t.Errorf("%s differs from its golden file (-want +got):\n%s", file, d)
				}
			}
		})
	}
}

// withoutStyle takes the style sheet out of a page: it is the same in all, and has a
// file of its own to be reviewed in.
func withoutStyle(t *testing.T, page string) string {
	t.Helper()
	sheet, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(page, string(sheet))
	if !found {
		t.Fatal("the page has no style sheet")
	}
	return head + "/* page.css */\n" + rest
}
