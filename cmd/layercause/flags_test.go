package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
)

// documented are the commands with flags, by the function that makes them, and the
// page whose tables list the flags.
var documented = map[string]struct {
	command func(pipeline.Env) *cobra.Command
	page    string
}{
	"adviseCommand":  {adviseCommand, "docs/advise.md"},
	"buildCommand":   {buildCommand, "README.md"},
	"cleanupCommand": {cleanupCommand, "README.md"},
	"commentCommand": {commentCommand, "docs/pull-request.md"},
	"explainCommand": {explainCommand, "README.md"},
	"historyCommand": {historyCommand, "docs/history.md"},
	"versionCommand": {versionCommand, "README.md"},
}

var (
	lacked   = regexp.MustCompile(`(?s)takes the flags of .docker buildx build. but (.*?), and`)
	added    = regexp.MustCompile(`\b(\w+Command)\(env\)`)
	inUsage  = regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z][a-z-]*[a-z])\b`)
	flagName = regexp.MustCompile("--([a-z][a-z-]*[a-z])")
)

func text(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryCommandIsDocumented(t *testing.T) {
	main := text(t, "main.go")
	for _, m := range added.FindAllStringSubmatch(main, -1) {
		if _, ok := documented[m[1]]; !ok {
			t.Errorf("%s has no page that its flags are looked for on: add it to documented", m[1])
		}
	}
	if len(added.FindAllString(main, -1)) < len(documented) {
		t.Error("main.go does not add all commands")
	}
}

// tableFlags are the flags in the first cells of a page's tables.
func tableFlags(page string) []string {
	var out []string
	for line := range strings.Lines(page) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			cell, _, _ = strings.Cut(cell, " | ")
			out = append(out, named(flagName, cell)...)
		}
	}
	return out
}

// named are the flags that a pattern finds in a text.
func named(pattern *regexp.Regexp, text string) []string {
	var out []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// flagsOfBuildx are those of docker buildx build, sorted.
func flagsOfBuildx(t *testing.T) []string {
	t.Helper()
	help, err := exec.Command(buildkittest.Binary(t, "buildx"), "build", "--help").Output()
	if err != nil {
		t.Fatalf("asking buildx for its flags: %v", err)
	}
	flags := named(inUsage, strings.ReplaceAll(string(help), "--help", "")) // every command has it
	slices.Sort(flags)
	return flags
}

func TestFlagsAreDocumented(t *testing.T) {
	for name, d := range documented {
		page, flags := text(t, "..", "..", d.page), named(inUsage, d.command(pipeline.Env{}).Flags().FlagUsages())
		switch name {
		case "buildCommand":
			theirs := flagsOfBuildx(t)
			lacks := slices.DeleteFunc(slices.Clone(theirs), func(f string) bool { return slices.Contains(flags, f) })
			if diff := cmp.Diff(lacks, named(flagName, lacked.FindString(page))); diff != "" {
				t.Errorf("flags of docker buildx build that layercause build lacks (-flags +README):\n%s", diff)
			}
			own := slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return slices.Contains(theirs, f) })
			listed := tableFlags(page)
			slices.Sort(listed)
			slices.Sort(own)
			if diff := cmp.Diff(own, listed); diff != "" {
				t.Errorf("layercause build and README's table of its own flags (-flags +README):\n%s", diff)
			}
		default:
			for _, f := range flags {
				if !strings.Contains(page, fmt.Sprintf("--%s", f)) {
					t.Errorf("%s does not speak of --%s of %s", d.page, f, name)
				}
			}
			if d.page == "README.md" {
				continue // its tables are of layercause build
			}
			for _, f := range tableFlags(page) {
				if !slices.Contains(flags, f) {
					t.Errorf("%s lists --%s, which %s does not have", d.page, f, name)
				}
			}
		}
	}
}
