package action

import (
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

type actionFile struct {
	Name, Description string
	Branding          struct{ Icon, Color string }
	Inputs            map[string]struct {
		Description string
		Default     yaml.Node
	}
	Outputs map[string]struct{ Description string }
	Runs    struct {
		Using, Image string
		Args         []string
	}
}

func readActionFile(t *testing.T) actionFile {
	t.Helper()
	b, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var f actionFile
	if err := yaml.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestActionFileAndCodeAgree(t *testing.T) {
	f := readActionFile(t)
	declared, known := map[string]string{}, map[string]string{}
	for name, in := range f.Inputs {
		if in.Description == "" {
			t.Errorf("input %s has no description", name)
		}
		if strings.Contains(in.Description, "${{") {
			t.Errorf("the description of the input %s has an expression, which runners refuse there", name)
		}
		if in.Default.Tag != "!!str" {
			t.Errorf("input %s has no text as its default", name)
			continue
		}
		declared[name] = in.Default.Value
	}
	for _, spec := range Specs() {
		known[spec.Name] = spec.Default
	}
	if diff := cmp.Diff(known, declared); diff != "" {
		t.Errorf("inputs (-code +action.yml):\n%s", diff)
	}
	var written, outputs []string
	for _, out := range (Outputs{Measured: true}).list() {
		written = append(written, out.name)
	}
	for name, out := range f.Outputs {
		if out.Description == "" {
			t.Errorf("output %s has no description", name)
		}
		outputs = append(outputs, name)
	}
	sort.Strings(written)
	sort.Strings(outputs)
	if diff := cmp.Diff(written, outputs); diff != "" {
		t.Errorf("outputs (-code +action.yml):\n%s", diff)
	}
	if f.Runs.Using != "docker" || f.Runs.Image == "" || !slices.Equal(f.Runs.Args, []string{"build"}) {
		t.Errorf("runs: %+v", f.Runs)
	}
}

// https://docs.github.com/en/actions/how-tos/create-and-publish-actions/publish-in-github-marketplace
func TestActionFileFitsTheMarketplace(t *testing.T) {
	f := readActionFile(t)
	if n := utf8.RuneCountInString(f.Description); n == 0 || n >= 125 {
		t.Errorf("the description has %d characters", n)
	}
	if f.Name == "" || f.Branding.Icon == "" || f.Branding.Color == "" {
		t.Errorf("name %q, branding %+v", f.Name, f.Branding)
	}
	for name := range f.Inputs {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" {
			t.Errorf("input %s is not in kebab-case", name)
		}
	}
}

// Every input is looked up, by the name the runner gives its variable, and
// nothing else is.
func TestEveryInputIsRead(t *testing.T) {
	asked := map[string]bool{}
	if _, err := ReadInputs(func(name string) string {
		if strings.HasPrefix(name, "INPUT_") {
			asked[name] = true
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, spec := range Specs() {
		want["INPUT_"+strings.ToUpper(spec.Name)] = true
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("(-action.yml +asked):\n%s", diff)
	}
}

// The defaults of action.yml, as the runner passes them, mean what no input
// at all means.
func TestDefaultsMeanNothing(t *testing.T) {
	env := map[string]string{}
	for _, spec := range Specs() {
		env["INPUT_"+strings.ToUpper(spec.Name)] = spec.Default
	}
	env["INPUT_MATRIX"] = "null" // what the runner makes of it without a matrix
	got, err := ReadInputs(func(name string) string { return env[name] })
	if err != nil {
		t.Fatal(err)
	}
	want := Inputs{
		Cache: "off", Context: ".", Comment: CommentOnLoss, ReportDir: ".layercause",
		GitHubToken: "${{ github.token }}", // the runner puts the token there
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
