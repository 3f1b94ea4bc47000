package runnertest

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// testBuildx uses a builder as docker/setup-buildx-action makes it: with buildx, by
// a name of its own, with a store that no container action sees.
func testBuildx(t *testing.T, w world) {
	const name = "builder-5f1c1a3a-0c7e-4d6c-9f0e-1b1f1c1d1e1f"
	const image = "127.0.0.1:1/buildkit:test" // nobody is asked for it
	w.docker.LoadBuildkitImage(t, image)
	store := t.TempDir()
	buildx := func(args ...string) {
		t.Helper()
		cmd := exec.Command(buildkittest.Binary(t, "buildx"), args...)
		cmd.Env = append(cmd.Environ(), "DOCKER_HOST="+w.docker.Host, "BUILDX_CONFIG="+store)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("buildx %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	buildx("create", "--name", name, "--driver", "docker-container", "--driver-opt", "image="+image+",network=host", "--bootstrap")
	defer buildx("rm", name)
	made := w.builders(t)

	job := w.start(t, nil)
	first := job.Run(t, w.step(map[string]string{"builder": name}))
	if first.ExitCode != 0 {
		t.Fatalf("it ended with %d:\n%s", first.ExitCode, first.Log)
	}
	if steps := w.steps(t, job.Run(t, w.step(map[string]string{"builder": name}))); !slices.Contains(steps, "RUN hit") {
		t.Errorf("the second step has %q", steps)
	}
	job.End(t)
	if left := w.builders(t); !slices.Equal(left, made) {
		t.Errorf("after the job the builders are %q, want %q: who made one removes it", left, made)
	}

	next := w.start(t, nil)
	if r := next.Run(t, w.step(map[string]string{"builder": "another"})); r.ExitCode != 4 || !strings.Contains(r.Log, "buildx_buildkit_another0") {
		t.Errorf("with a builder that is not there it ended with %d:\n%s", r.ExitCode, r.Log)
	}
	next.End(t)
}
