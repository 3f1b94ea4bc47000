package action

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// Every whole workflow that a page shows passes actionlint, asks for no input that
// there is not, and builds no pull request with a token that may write.
func TestShownWorkflows(t *testing.T) {
	actionlint, err := filepath.Abs("../../bin/actionlint")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(actionlint); err != nil {
		t.Fatalf("%v: run make bin/actionlint", err)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	whole := map[string]int{}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(block[1], "\njobs:\n") {
				continue
			}
			whole[filepath.Base(page)]++
			cmd := exec.Command(actionlint, "-no-color", "-shellcheck=", "-pyflakes=", "-")
			cmd.Stdin = strings.NewReader(block[1])
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", page, err, out)
			}
			checkShown(t, page, block[1])
		}
	}
	if whole["README.md"] < 3 || whole["pull-request.md"] < 1 {
		t.Errorf("the pages show these workflows: %v", whole)
	}
}

func checkShown(t *testing.T, page, text string) {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				Uses string
				With map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
		t.Errorf("%s: %v", page, err)
	}
	if strings.Contains(text, "pull_request_target") {
		t.Errorf("%s shows a workflow for pull_request_target", page)
	}
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			if !strings.HasPrefix(step.Uses, "layercause/layercause@") {
				continue
			}
			env := map[string]string{}
			for name, value := range step.With {
				if !slices.ContainsFunc(Specs(), func(s Spec) bool { return s.Name == name }) {
					t.Errorf("%s uses the input %s, which there is not", page, name)
				}
				env["INPUT_"+strings.ToUpper(name)] = value
			}
			if _, err := ReadInputs(func(name string) string { return env[name] }); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
