package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

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

// buildx are the flags that layercause build has from docker buildx build.
// https://docs.docker.com/reference/cli/docker/buildx/build/
var buildx = strings.Fields(`file target tag build-arg build-context secret ssh platform output push load cache-from
	cache-to no-cache no-cache-filter label annotation attest provenance sbom metadata-file progress add-host network
	ulimit shm-size allow cgroup-parent pull builder`)

var (
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
			for _, m := range flagName.FindAllStringSubmatch(cell, -1) {
				out = append(out, m[1])
			}
		}
	}
	return out
}

func TestFlagsAreDocumented(t *testing.T) {
	for name, d := range documented {
		page, flags := text(t, "..", "..", d.page), []string(nil)
		for _, m := range inUsage.FindAllStringSubmatch(d.command(pipeline.Env{}).Flags().FlagUsages(), -1) {
			flags = append(flags, m[1])
		}
		switch name {
		case "buildCommand":
			own := slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return slices.Contains(buildx, f) })
			if len(own)+len(buildx) != len(flags) {
				t.Error("layercause build lacks a flag of docker buildx build")
			}
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
