package runnertest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// Runner stands for one runner. Its folder of work stays from job to job, as it
// does where a cache action restores it.
type Runner struct {
	// Name is its RUNNER_NAME.
	Name string
	// Temp is RUNNER_TEMP on the runner's machine; a container action has it as
	// /github/runner_temp.
	Temp string

	docker *buildkittest.Docker
	image  string
	work   string
	runs   int
}

// New returns a runner whose jobs run image, whose reference docker knows.
func New(t testing.TB, docker *buildkittest.Docker, image string) *Runner {
	t.Helper()
	work := t.TempDir()
	r := &Runner{Name: "runner-1", docker: docker, image: image, work: work, Temp: filepath.Join(work, "_temp")}
	for _, dir := range []string{"_github_home", "_github_workflow", "_runner_file_commands"} {
		if err := os.MkdirAll(filepath.Join(r.Temp, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// Workspace is the folder that a job's repository is checked out to.
func (r *Runner) Workspace() string { return filepath.Join(r.work, "shop", "shop") }

// mappings are the folders that a container action has, in the order in which the
// runner adds them.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
func (r *Runner) mappings() []mapping {
	return []mapping{
		{r.Temp, "/github/runner_temp"},
		{filepath.Join(r.Temp, "_github_home"), "/github/home"},
		{filepath.Join(r.Temp, "_github_workflow"), "/github/workflow"},
		{filepath.Join(r.Temp, "_runner_file_commands"), "/github/file_commands"},
		{r.Workspace(), "/github/workspace"},
	}
}

// A Job is one run of a workflow's job.
type Job struct {
	// Env stands under "env:" of the job, and overrides the runner's own variables.
	Env map[string]string

	runner *Runner
	steps  []*Step
}

// A Step runs the action.
type Step struct {
	// Inputs are what stands under "with:"; the others have action.yml's defaults.
	Inputs map[string]string
	// Env stands under "env:" of the step.
	Env map[string]string
	// CancelAt cancels the job when this text is in the log.
	CancelAt string

	state map[string]string
}

// Result is what the runner learned from one stage of a step.
type Result struct {
	ExitCode int
	// Started is when the container started, and Building when the first line of a
	// build was in its log, by the engine's clock.
	Started, Building time.Time
	// Log is the standard output and error as the action wrote them, and Shown what a
	// reader of the job's log sees of it.
	Log, Shown  string
	Annotations []Annotation
	// Dropped is how many annotations were over the limit.
	Dropped int
	// Masks are the values that the action asked to be masked.
	Masks   []string
	Outputs map[string]string
	// Summary is empty where the file was over the limit.
	Summary string
}

// Start starts a job in a fresh workspace with these files.
func (r *Runner) Start(t testing.TB, files map[string]string, event any) *Job {
	t.Helper()
	r.runs++
	if err := os.RemoveAll(r.Workspace()); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(r.Workspace(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, path, []byte(text))
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatalf("encoding the event: %v", err)
	}
	write(t, filepath.Join(r.Temp, "_github_workflow", "event.json"), payload)
	return &Job{runner: r}
}

// Run runs the main stage of a step.
func (j *Job) Run(t testing.TB, s Step) Result {
	t.Helper()
	j.steps = append(j.steps, &s)
	// docker run takes the image's own entrypoint where action.yml names none.
	return j.stage(t, &s, "", s.CancelAt)
}

// End runs the post stages of the steps, the last one first, and returns what came
// of them in this order. They run however the job ended.
func (j *Job) End(t testing.TB) []Result {
	t.Helper()
	runs := description(t).Runs
	if runs.PostEntrypoint == "" {
		return nil
	}
	var all []Result
	for i := len(j.steps) - 1; i >= 0; i-- {
		all = append(all, j.stage(t, j.steps[i], runs.PostEntrypoint, ""))
	}
	return all
}

// stage runs the action's container once, and reads the files that it wrote.
func (j *Job) stage(t testing.TB, s *Step, entrypoint, cancelAt string) Result {
	t.Helper()
	r := j.runner
	commands := filepath.Join(r.Temp, "_runner_file_commands")
	for _, name := range commandFiles {
		write(t, filepath.Join(commands, name), nil)
	}
	action := description(t)
	env := r.variables(action.inputs(s.Inputs))
	maps.Copy(env, j.Env)
	maps.Copy(env, s.Env)
	for name, value := range s.state {
		env["STATE_"+name] = value
	}
	for name, value := range env {
		env[name] = toContainer(r.mappings(), value)
	}

	exit, log, ran := r.start(t, entrypoint, action.Runs.Args, env, cancelAt)
	told := parseLog(log)
	result := Result{
		ExitCode: exit, Started: ran.started, Building: ran.building, Log: log, Shown: told.shown,
		Annotations: told.annotations, Dropped: told.dropped, Masks: told.masks,
	}
	for i, a := range result.Annotations {
		result.Annotations[i].File = fileOfAnnotation(r.mappings(), r.Workspace(), a.File)
	}
	for _, problem := range told.problems {
		t.Errorf("the runner fails the step: %s", problem)
	}
	if summary := read(t, filepath.Join(commands, summaryFile)); len(summary) <= summaryLimit {
		result.Summary = masked(string(summary), told.masks)
	}
	pairs := func(name string) map[string]string {
		found, err := parsePairs(string(read(t, filepath.Join(commands, name))))
		if err != nil {
			t.Errorf("the runner cannot read the file %s: %v", name, err)
		}
		return found
	}
	result.Outputs = pairs(outputFile)
	if state := pairs(stateFile); len(state) > 0 {
		s.state = state
	}
	return result
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
