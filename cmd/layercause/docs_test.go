package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// The output that README.md and docs/advise.md show is the one that a script gets.
func TestShownAdvice(t *testing.T) {
	script, err := txtar.ParseFile(filepath.Join("testdata", "script", "advise.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, f := range script.Files {
		if f.Name == "advice.txt" {
			want = "```console\n$ layercause advise\n" + string(f.Data) + "```\n"
		}
	}
	for _, name := range []string{"README.md", filepath.Join("docs", "advise.md")} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if want == "" || !strings.Contains(string(text), want) {
			t.Errorf("%s does not show what layercause advise prints", name)
		}
	}
}
