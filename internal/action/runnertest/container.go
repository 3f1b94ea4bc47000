package runnertest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	dockerclient "github.com/moby/moby/client"
)

// stageTimeout is more than any stage of a test takes.
const stageTimeout = 5 * time.Minute

// What the runner gives a process that it cancels, before it is stricter.
// https://github.com/actions/runner/blob/main/src/Runner.Sdk/ProcessInvoker.cs
const (
	afterInterrupt = 7500 * time.Millisecond
	afterTerminate = 2500 * time.Millisecond
)

// A span is when a container ran, by the engine's clock, and when the first line of
// a build's progress was in its log, if any was.
type span struct{ started, building, ended time.Time }

// start runs a container of the action to its end.
func (r *Runner) start(t testing.TB, entrypoint string, args []string, env map[string]string, cancelAt string) (exit int, log string, ran span) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), stageTimeout)
	defer cancel()
	config := &container.Config{Image: r.image, Cmd: args, WorkingDir: "/github/workspace"}
	if entrypoint != "" {
		config.Entrypoint = []string{entrypoint}
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		config.Env = append(config.Env, name+"="+env[name])
	}
	binds := []string{strings.TrimPrefix(r.docker.Host, "unix://") + ":" + socket}
	for _, m := range r.mappings() {
		binds = append(binds, m.host+":"+m.container)
	}
	engine := r.docker.Engine
	created, err := engine.ContainerCreate(ctx, dockerclient.ContainerCreateOptions{
		Config: config, HostConfig: &container.HostConfig{Binds: binds, NetworkMode: "host"},
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
	done := make(chan struct{})
	defer close(done)
	if cancelAt != "" {
		go r.cancelAt(ctx, t, created.ID, cancelAt, done)
	}
	select {
	case err := <-ended.Error:
		t.Fatalf("waiting for the action: %v\n%s", err, r.output(t, created.ID))
	case result := <-ended.Result:
		exit = int(result.StatusCode)
	}
	return exit, r.output(t, created.ID), r.ran(t, created.ID)
}

func (r *Runner) ran(t testing.TB, id string) (s span) {
	t.Helper()
	found, err := r.docker.Engine.ContainerInspect(t.Context(), id, dockerclient.ContainerInspectOptions{})
	if err == nil {
		s.started, err = time.Parse(time.RFC3339Nano, found.Container.State.StartedAt)
	}
	if err == nil {
		s.ended, err = time.Parse(time.RFC3339Nano, found.Container.State.FinishedAt)
	}
	if err != nil {
		t.Fatalf("asking when the action's container ran: %v", err)
	}
	for line := range strings.Lines(r.read(t, id, true)) {
		if at, text, _ := strings.Cut(line, " "); strings.HasPrefix(text, "#1 ") {
			if s.building, err = time.Parse(time.RFC3339Nano, at); err != nil {
				t.Fatalf("reading the times of the action's log: %v", err)
			}
			break
		}
	}
	return s
}

// cancelAt cancels the container as the runner does, once its log has a text.
func (r *Runner) cancelAt(ctx context.Context, t testing.TB, id, text string, done <-chan struct{}) {
	wait := func(d time.Duration) (over bool) {
		select {
		case <-done:
			return true
		case <-ctx.Done():
			return true
		case <-time.After(d):
			return false
		}
	}
	for !strings.Contains(r.output(t, id), text) {
		if wait(50 * time.Millisecond) {
			return
		}
	}
	for _, step := range []struct {
		signal   string
		patience time.Duration
	}{{"SIGINT", afterInterrupt}, {"SIGTERM", afterTerminate}, {"SIGKILL", 0}} {
		// It may have ended by itself in this moment.
		r.docker.Engine.ContainerKill(ctx, id, dockerclient.ContainerKillOptions{Signal: step.signal})
		if wait(step.patience) {
			return
		}
	}
}

// output returns both streams in the order in which they were written: the
// runner takes commands from either.
func (r *Runner) output(t testing.TB, id string) string { return r.read(t, id, false) }

func (r *Runner) read(t testing.TB, id string, times bool) string {
	logs, err := r.docker.Engine.ContainerLogs(context.WithoutCancel(t.Context()), id,
		dockerclient.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: times})
	if err != nil {
		t.Errorf("reading the action's log: %v", err)
		return ""
	}
	defer logs.Close()
	var b bytes.Buffer
	if _, err := stdcopy.StdCopy(&b, &b, logs); err != nil {
		t.Errorf("reading the action's log: %v", err)
	}
	return b.String()
}
