package main

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// The output that README.md shows is the one that a script gets.
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
	if want == "" || !strings.Contains(text(t, "..", "..", "README.md"), want) {
		t.Error("README.md does not show what layercause advise prints")
	}
}
