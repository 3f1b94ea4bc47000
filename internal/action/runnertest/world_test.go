package runnertest

import (
	"maps"
	"os"
	"path/filepath"
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
	docker *buildkittest.Docker
	runner *Runner
	github *githubtest.Server
}

// TestAction runs the real image of the action on one engine: to build the image
// and to start the engine takes longer than most of its jobs.
func TestAction(t *testing.T) {
	docker := buildkittest.StartDocker(t)
	BuildImage(t, docker, actionRef)
	docker.LoadBuildkitImage(t, buildkitRef)
	w := world{docker: docker, runner: New(t, docker, actionRef), github: githubtest.Start(t, githubtest.Options{})}
	w.github.AddPull("acme/shop", 7, headSHA)
	buildkittest.BaseImage(t, filepath.Join(w.runner.Temp, "base"), buildkittest.Image{})

	t.Run("pull request", func(t *testing.T) { testPullRequest(t, w) })
	t.Run("builder of the job", func(t *testing.T) { testJobBuilder(t, w) })
	t.Run("builder of buildx", func(t *testing.T) { testBuildx(t, w) })
	t.Run("registry with a login", func(t *testing.T) { testRegistryLogin(t, w) })
	t.Run("size and start", func(t *testing.T) { testImage(t, w) })
	t.Run("act", func(t *testing.T) { testAct(t, w) })
}

// start checks a workspace out anew, as each job does.
func (w world) start(t *testing.T, files map[string]string) *Job {
	t.Helper()
	all := map[string]string{"Dockerfile": dockerfile, "greeting.txt": "hello\n", ".dockerignore": "Dockerfile\n.dockerignore\n"}
	maps.Copy(all, files)
	job := w.runner.Start(t, all, map[string]any{
		"action": "synchronize", "number": 7,
		"repository": map[string]any{"full_name": "acme/shop", "default_branch": "main", "private": false},
		"pull_request": map[string]any{
			"number": 7,
			"head":   map[string]any{"ref": "topic", "sha": headSHA, "repo": map[string]any{"full_name": "acme/shop"}},
			"base":   map[string]any{"ref": "main", "sha": strings.Repeat("0", 40), "repo": map[string]any{"full_name": "acme/shop"}},
		},
	})
	job.Env = map[string]string{
		"GITHUB_API_URL":              w.github.URL,
		"LAYERCAUSE_BUILDKIT_IMAGE":   buildkitRef,
		"LAYERCAUSE_BUILDKIT_NETWORK": "host",
	}
	return job
}

// step is a step whose base image and records of earlier builds lie in the
// runner's temporary folder.
func (w world) step(inputs map[string]string) Step {
	all := map[string]string{
		"context":        ".",
		"build-contexts": "base:1=oci-layout:///github/runner_temp/base:latest",
		"history":        filepath.Join(w.runner.Temp, "history"),
	}
	maps.Copy(all, inputs)
	return Step{Inputs: all}
}

// run is a job of one step, with a cache that stays from job to job.
func (w world) run(t *testing.T, files map[string]string) Result {
	t.Helper()
	job := w.start(t, files)
	// Folders as a workflow names them, which has ${{ runner.temp }} and no other.
	report, cache := filepath.Join(w.runner.Temp, "report"), filepath.Join(w.runner.Temp, "cache")
	r := job.Run(t, w.step(map[string]string{
		"report-dir": report,
		"cache-from": "type=local,src=" + cache,
		"cache-to":   "type=local,dest=" + cache + ",mode=max",
	}))
	if r.Outputs["report"] != report {
		t.Errorf("the output report is %q, want %q, which a later step sees", r.Outputs["report"], report)
	}
	w.end(t, job)
	return r
}

// file reads a file of the report as a later step of the job would: on the runner's
// machine, in the workspace.
func (w world) file(t *testing.T, r Result, name string) []byte {
	t.Helper()
	path := filepath.Join(r.Outputs["report"], name)
	if !filepath.IsAbs(path) {
		path = filepath.Join(w.runner.Workspace(), path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.Log)
	}
	return data
}

// end ends a job, after which none of its builder is left.
func (w world) end(t *testing.T, job *Job) {
	t.Helper()
	for _, r := range job.End(t) {
		if r.ExitCode != 0 || len(r.Annotations) > 0 {
			t.Errorf("the post stage ended with %d:\n%s", r.ExitCode, r.Log)
		}
	}
	if left := w.builders(t); len(left) > 0 {
		t.Errorf("after the job these are left: %q", left)
	}
}
