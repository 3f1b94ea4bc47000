package runnertest

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	dockerclient "github.com/moby/moby/client"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// jobTimeout is more than any job of a test takes.
const jobTimeout = 5 * time.Minute

// Runner stands for one runner. Its temporary folder and home stay from job to
// job, as they do where a cache action restores them.
type Runner struct {
	// Temp is mounted as /github/runner_temp.
	Temp string

	docker *buildkittest.Docker
	image  string
	home   string
}

// Job is one run of the action.
type Job struct {
	// Workspace is the folder that was checked out.
	Workspace string
	// Inputs are what stands under "with:"; the others have action.yml's defaults.
	Inputs map[string]string
	// Env stands under "env:", and overrides the runner's own variables.
	Env map[string]string
	// Event is the webhook's payload.
	Event any
}

// Result is what the runner learned from the action.
type Result struct {
	ExitCode int
	// Log is the standard output and error as a reader of the log sees them.
	Log         string
	Annotations []Annotation
	// Masks are the values that the action asked to be masked.
	Masks   []string
	Outputs map[string]string
	Summary string
}

// New returns a runner whose jobs run image, whose reference docker knows.
func New(t testing.TB, docker *buildkittest.Docker, image string) *Runner {
	t.Helper()
	return &Runner{docker: docker, image: image, Temp: t.TempDir(), home: t.TempDir()}
}

// Run runs the action once.
func (r *Runner) Run(t testing.TB, job Job) Result {
	t.Helper()
	workflow, commands := t.TempDir(), t.TempDir()
	event, err := json.Marshal(job.Event)
	if err != nil {
		t.Fatalf("encoding the event: %v", err)
	}
	write(t, filepath.Join(workflow, "event.json"), event)
	for _, name := range commandFiles {
		write(t, filepath.Join(commands, name), nil)
	}

	exit, stdout := r.start(t, job, []string{
		strings.TrimPrefix(r.docker.Host, "unix://") + ":/var/run/docker.sock",
		r.Temp + ":/github/runner_temp",
		r.home + ":/github/home",
		workflow + ":/github/workflow",
		commands + ":/github/file_commands",
		job.Workspace + ":/github/workspace",
	})
	result := Result{ExitCode: exit, Log: stdout}
	result.Annotations, result.Masks = parseLog(stdout)
	result.Summary = string(read(t, filepath.Join(commands, summaryFile)))
	if result.Outputs, err = parseOutputs(string(read(t, filepath.Join(commands, outputFile)))); err != nil {
		t.Errorf("the runner cannot read the outputs: %v", err)
	}
	return result
}

// start runs the container to its end.
func (r *Runner) start(t testing.TB, job Job, binds []string) (exit int, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), jobTimeout)
	defer cancel()
	action := description(t)
	env := variables(action.inputs(job.Inputs))
	maps.Copy(env, job.Env)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	engine := r.docker.Engine
	created, err := engine.ContainerCreate(ctx, dockerclient.ContainerCreateOptions{
		Config:     &container.Config{Image: r.image, Env: list, Cmd: action.Runs.Args, WorkingDir: "/github/workspace"},
		HostConfig: &container.HostConfig{Binds: binds, NetworkMode: "host"},
	})
	if err != nil {
		t.Fatalf("creating the action's container: %v", err)
	}
	defer func() {
		options := dockerclient.ContainerRemoveOptions{Force: true, RemoveVolumes: true}
		if _, err := engine.ContainerRemove(context.WithoutCancel(ctx), created.ID, options); err != nil {
			t.Errorf("removing the action's container: %v", err)
		}
	}()
	ended := engine.ContainerWait(ctx, created.ID, dockerclient.ContainerWaitOptions{Condition: container.WaitConditionNextExit})
	if _, err := engine.ContainerStart(ctx, created.ID, dockerclient.ContainerStartOptions{}); err != nil {
		t.Fatalf("starting the action's container: %v", err)
	}
	select {
	case err := <-ended.Error:
		t.Fatalf("waiting for the action: %v\n%s", err, r.output(t, created.ID))
	case result := <-ended.Result:
		exit = int(result.StatusCode)
	}
	return exit, r.output(t, created.ID)
}

// output returns both streams in the order in which they were written: the
// runner takes commands from either.
func (r *Runner) output(t testing.TB, id string) string {
	t.Helper()
	logs, err := r.docker.Engine.ContainerLogs(context.WithoutCancel(t.Context()), id,
		dockerclient.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		t.Fatalf("reading the action's log: %v", err)
	}
	defer logs.Close()
	var b bytes.Buffer
	if _, err := stdcopy.StdCopy(&b, &b, logs); err != nil {
		t.Fatalf("reading the action's log: %v", err)
	}
	return b.String()
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
