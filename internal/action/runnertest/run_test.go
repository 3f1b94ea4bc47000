package runnertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/github/githubtest"
)

const (
	actionRef   = "layercause/action:test"
	buildkitRef = "layercause/buildkit:test"
	headSHA     = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
)

// The build prints what would be commands to the runner, were it not fenced in.
const dockerfile = `FROM base:1
WORKDIR /app
RUN echo installed > packages
COPY . .
RUN echo "::error file=Dockerfile,line=1::planted" && echo "##[error]planted" \
    && cat greeting.txt > out
`

// world is an engine with the action's image, and a GitHub with one pull request.
type world struct {
	runner *Runner
	github *githubtest.Server
}

// TestActionRun runs the real image of the action three times on a pull request,
// as three jobs would: at first, after an edit, and with a step that fails.
func TestActionRun(t *testing.T) {
	docker := buildkittest.StartDocker(t)
	BuildImage(t, docker, actionRef)
	docker.LoadBuildkitImage(t, buildkitRef)
	w := world{runner: New(t, docker, actionRef), github: githubtest.Start(t, githubtest.Options{})}
	w.github.AddPull("acme/shop", 7, headSHA)
	buildkittest.BaseImage(t, filepath.Join(w.runner.Temp, "base"), buildkittest.Image{})

	first := w.run(t, map[string]string{"greeting.txt": "hello\n"})
	if first.ExitCode != 0 {
		t.Fatalf("the first run ended with %d:\n%s", first.ExitCode, first.Log)
	}
	comments := w.github.State().Comments
	if len(comments) != 1 {
		t.Fatalf("%d comments after the first run:\n%s", len(comments), first.Log)
	}
	before := comments[0]

	second := w.run(t, map[string]string{"greeting.txt": "good day\n"})
	t.Run("the second run explains the edit", func(t *testing.T) { w.checkEdit(t, second) })
	t.Run("the second run edits the first one's comment", func(t *testing.T) {
		comments := w.github.State().Comments
		if len(comments) != 1 || comments[0].ID != before.ID {
			t.Fatalf("the comments are %+v, want the one of ID %d", comments, before.ID)
		}
		if comments[0].Body == before.Body || !strings.Contains(comments[0].Body, "greeting.txt") {
			t.Errorf("the comment does not tell of the edit:\n%s", comments[0].Body)
		}
	})

	failed := w.run(t, map[string]string{"Dockerfile": dockerfile + "RUN false\n"})
	t.Run("a failing step fails the job at its line", func(t *testing.T) {
		if failed.ExitCode != 1 {
			t.Errorf("exit code %d, want 1\n%s", failed.ExitCode, failed.Log)
		}
		line := strings.Count(dockerfile, "\n") + 1
		for _, a := range failed.Annotations {
			if a.Level == "error" && a.File == "Dockerfile" && a.Line == line {
				return
			}
		}
		t.Errorf("no error at Dockerfile:%d among %+v", line, failed.Annotations)
	})

	for name, result := range map[string]Result{"first": first, "second": second, "failed": failed} {
		t.Run("the "+name+" run keeps to the contract", func(t *testing.T) { w.checkContract(t, result) })
	}
}

// run checks a workspace out anew, as each job does, and runs the action on it.
func (w world) run(t *testing.T, files map[string]string) Result {
	t.Helper()
	workspace := t.TempDir()
	all := map[string]string{"Dockerfile": dockerfile, "greeting.txt": "hello\n", ".dockerignore": "Dockerfile\n.dockerignore\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		write(t, filepath.Join(workspace, name), []byte(text))
	}
	return w.runner.Run(t, Job{
		Workspace: workspace,
		Inputs: map[string]string{
			"context":        ".",
			"build-contexts": "base:1=oci-layout:///github/runner_temp/base:latest",
			"history":        "/github/runner_temp/history",
			"report-dir":     "/github/runner_temp/report",
		},
		Env: map[string]string{
			"GITHUB_API_URL":              w.github.URL,
			"LAYERCAUSE_BUILDKIT_IMAGE":   buildkitRef,
			"LAYERCAUSE_BUILDKIT_NETWORK": "host",
		},
		Event: map[string]any{
			"action": "synchronize", "number": 7,
			"repository": map[string]any{"full_name": "acme/shop", "default_branch": "main", "private": false},
			"pull_request": map[string]any{
				"number": 7,
				"head":   map[string]any{"ref": "topic", "sha": headSHA, "repo": map[string]any{"full_name": "acme/shop"}},
				"base":   map[string]any{"ref": "main", "sha": strings.Repeat("0", 40), "repo": map[string]any{"full_name": "acme/shop"}},
			},
		},
	})
}

func (w world) checkEdit(t *testing.T, r Result) {
	if r.ExitCode != 0 {
		t.Fatalf("it ended with %d:\n%s", r.ExitCode, r.Log)
	}
	line := 1 + strings.Count(dockerfile[:strings.Index(dockerfile, "COPY . .")], "\n")
	if len(r.Annotations) != 1 {
		t.Fatalf("%d annotations, want one: %+v", len(r.Annotations), r.Annotations)
	}
	if a := r.Annotations[0]; a.File != "Dockerfile" || a.Line != line || !strings.Contains(a.Message, "greeting.txt") {
		t.Errorf("annotation %+v, want one at Dockerfile:%d about greeting.txt", a, line)
	}
	for _, want := range []string{"COPY . .", "greeting.txt", "Dockerfile:" + strconv.Itoa(line)} {
		if !strings.Contains(r.Summary, want) {
			t.Errorf("the summary does not tell of %q:\n%s", want, r.Summary)
		}
	}
	if rate, err := strconv.ParseFloat(r.Outputs["hit-rate"], 64); err != nil || rate != 0.5 {
		t.Errorf("hit-rate is %q, want 2 of 4 steps", r.Outputs["hit-rate"])
	}
	for _, name := range []string{"saved-seconds", "lost-seconds"} {
		if s, err := strconv.ParseFloat(r.Outputs[name], 64); err != nil || s < 0 {
			t.Errorf("%s is %q", name, r.Outputs[name])
		}
	}
	var report struct {
		Causes []struct {
			Kind, File, Subject string
			Line                int
		}
	}
	data, err := os.ReadFile(filepath.Join(w.runner.Temp, "report", "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Causes) != 1 || report.Causes[0].Kind != "context-files" ||
		report.Causes[0].Line != line || report.Causes[0].Subject != "greeting.txt" {
		t.Errorf("the causes in report.json are %+v", report.Causes)
	}
	if r.Outputs["report"] == "" {
		t.Error("the output report is empty")
	}
}

// checkContract holds for every run: nothing that the build printed is taken for
// a command, and no token is seen.
func (w world) checkContract(t *testing.T, r Result) {
	for _, a := range r.Annotations {
		if strings.Contains(a.Message, "planted") && a.Line == 1 {
			t.Errorf("the build's output became an annotation: %+v", a)
		}
	}
	if r.Summary == "" {
		t.Error("there is no summary")
	}
	var log strings.Builder
	for line := range strings.Lines(r.Log) {
		if !strings.HasPrefix(line, "::add-mask::") {
			log.WriteString(line)
		}
	}
	seen := map[string]string{"the log": log.String(), "the summary": r.Summary}
	for _, c := range w.github.State().Comments {
		seen["a comment"] = c.Body
	}
	for name, value := range r.Outputs {
		seen["output "+name] = value
	}
	for where, text := range seen {
		for _, secret := range []string{Token, RuntimeToken} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows the token %q", where, secret)
			}
		}
	}
}
