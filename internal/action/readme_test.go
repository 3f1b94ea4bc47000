package action

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// theirs are the inputs of docker/build-push-action.
// https://github.com/docker/build-push-action/blob/master/action.yml
var theirs = strings.Fields(`add-hosts allow annotations attests build-args build-contexts builder cache-from cache-to
	call cgroup-parent context file labels load network no-cache no-cache-filters outputs platforms provenance pull push
	sbom secret-envs secret-files secrets shm-size ssh tags target ulimit github-token`)

var (
	quotedName  = regexp.MustCompile("`([a-z-]+)`")
	sentenceOf  = regexp.MustCompile(`(?s)They are\n(.*?)\. And ours:`)
	readmeInput = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (?:`([^`]+)`)? *\\| ([^|]+) \\|$")
)

// actionKeys gives the names below a key of action.yml in the order of the file.
func actionKeys(t *testing.T, key string) []string {
	t.Helper()
	b, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	top := doc.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		if top[i].Value != key {
			continue
		}
		var names []string
		for j := 0; j+1 < len(top[i+1].Content); j += 2 {
			names = append(names, top[i+1].Content[j].Value)
		}
		return names
	}
	t.Fatalf("action.yml has no %s", key)
	return nil
}

// readmeSection is the text below a heading of the README, up to the next one.
func readmeSection(t *testing.T, heading string) string {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n#")
	return text
}

func names(text string) []string {
	var out []string
	for _, m := range quotedName.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

func TestReadmeListsTheInputs(t *testing.T) {
	section := readmeSection(t, "### Inputs")
	all := actionKeys(t, "inputs")
	ours := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(theirs, n) })
	if diff := cmp.Diff(append(slices.Clone(theirs), ours...), all); diff != "" {
		t.Errorf("action.yml has not all of docker/build-push-action's inputs, and then ours (-want +got):\n%s", diff)
	}
	if !slices.IsSorted(ours) {
		t.Errorf("our inputs are not in alphabetical order: %v", ours)
	}
	list := sentenceOf.FindStringSubmatch(section)
	if list == nil {
		t.Fatal("README.md does not list docker/build-push-action's inputs")
	}
	if diff := cmp.Diff(theirs, names(list[1])); diff != "" {
		t.Errorf("README's list of docker/build-push-action's inputs (-want +got):\n%s", diff)
	}
	defaults := map[string]string{}
	for _, s := range Specs() {
		defaults[s.Name] = s.Default
	}
	var rows []string
	for _, m := range readmeInput.FindAllStringSubmatch(section, -1) {
		rows = append(rows, m[1])
		if m[2] != defaults[m[1]] {
			t.Errorf("README gives the input %s the default %q, and action.yml %q", m[1], m[2], defaults[m[1]])
		}
	}
	if diff := cmp.Diff(ours, rows); diff != "" {
		t.Errorf("README's table of inputs (-action.yml +README):\n%s", diff)
	}
}

func TestReadmeListsTheOutputs(t *testing.T) {
	var rows []string
	for line := range strings.Lines(readmeSection(t, "### Outputs")) {
		if cell, ok := strings.CutPrefix(line, "| `"); ok {
			cell, _, _ = strings.Cut("`"+cell, " | ")
			rows = append(rows, names(cell)...)
		}
	}
	if diff := cmp.Diff(actionKeys(t, "outputs"), rows); diff != "" {
		t.Errorf("README's table of outputs (-action.yml +README):\n%s", diff)
	}
}

// Specs, which errors and documents are made from, are sorted and have no name twice.
func TestSpecsAreSorted(t *testing.T) {
	var all []string
	for _, s := range Specs() {
		all = append(all, s.Name)
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%v", all)
	}
}
