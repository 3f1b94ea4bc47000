package runnertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	dockerclient "github.com/moby/moby/client"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// builders lists the containers and volumes that builders of ours are made of.
func (w world) builders(t *testing.T) []string {
	t.Helper()
	var all []string
	containers, err := w.docker.Engine.ContainerList(t.Context(), dockerclient.ContainerListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range containers.Items {
		all = append(all, c.Names...)
	}
	volumes, err := w.docker.Engine.VolumeList(t.Context(), dockerclient.VolumeListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes.Items {
		all = append(all, "volume "+v.Name)
	}
	return all
}

// steps returns the status of each step as the report of a run has it.
func (w world) steps(t *testing.T, r Result) []string {
	t.Helper()
	var report struct {
		Steps []struct{ Instruction, Status string }
	}
	if err := json.Unmarshal(w.file(t, r, "report.json"), &report); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range report.Steps {
		word, _, _ := strings.Cut(s.Instruction, " ")
		all = append(all, word+" "+s.Status)
	}
	return all
}

// testJobBuilder is about the builder that a job has to itself: no cache is
// exported or imported, and none stays.
func testJobBuilder(t *testing.T, w world) {
	hits := []string{"WORKDIR hit", "RUN hit", "COPY hit", "RUN hit"}

	t.Run("a later step of the job has its cache", func(t *testing.T) {
		job := w.start(t, nil)
		if first := w.steps(t, job.Run(t, w.step(nil))); slices.Contains(first, "RUN hit") {
			t.Errorf("the first step of the job found results: %q", first)
		}
		if second := w.steps(t, job.Run(t, w.step(nil))); !slices.Equal(second, hits) {
			t.Errorf("the second step of the job has %q, want %q", second, hits)
		}
		if all := w.builders(t); len(all) != 2 { // a container with its volume
			t.Errorf("the job has the builders %q, want one", all)
		}
		w.end(t, job)
		next := w.start(t, nil)
		if first := w.steps(t, next.Run(t, w.step(nil))); slices.Contains(first, "RUN hit") {
			t.Errorf("the next job found results: %q", first)
		}
		w.end(t, next)
	})

	t.Run("the runner's user gets the files", func(t *testing.T) {
		const user = 1001
		job := w.start(t, nil)
		if err := os.Chown(w.runner.Workspace(), user, user); err != nil {
			t.Fatal(err)
		}
		job.Run(t, w.step(map[string]string{"report-dir": "reports/one", "outputs": "type=local,dest=made/files"}))
		for _, name := range []string{"reports", "reports/one", "reports/one/report.json", "made", "made/files", "made/files/app/out"} {
			fi, err := os.Lstat(filepath.Join(w.runner.Workspace(), name))
			if err != nil {
				t.Fatal(err)
			}
			if s := fi.Sys().(*syscall.Stat_t); s.Uid != user {
				t.Errorf("%s belongs to the user %d, and a runner that is %d cannot remove it", name, s.Uid, user)
			}
		}
		w.end(t, job)
	})

	t.Run("a cancelled job leaves nothing", func(t *testing.T) {
		job := w.start(t, map[string]string{"Dockerfile": "FROM base:1\nRUN echo begun && sleep 600\n"})
		s := w.step(nil)
		s.CancelAt = "begun\n"
		started := time.Now()
		r := job.Run(t, s)
		if r.ExitCode == 0 {
			t.Errorf("the cancelled step ended well:\n%s", r.Log)
		}
		t.Logf("the step took %s", time.Since(started).Round(100*time.Millisecond))
		if all := w.builders(t); len(all) == 0 {
			t.Error("the step had no builder that could be left")
		}
		w.end(t, job)
	})

	t.Run("wrong inputs", func(t *testing.T) {
		job := w.start(t, nil)
		if r := job.Run(t, w.step(map[string]string{"push": "perhaps"})); r.ExitCode != 2 {
			t.Errorf("exit code %d:\n%s", r.ExitCode, r.Log)
		}
		w.end(t, job)
	})

	t.Run("jobs at the same time have a builder each", func(t *testing.T) {
		other := w
		other.runner = New(t, w.docker, actionRef)
		other.runner.Name = "runner-2"
		buildkittest.BaseImage(t, filepath.Join(other.runner.Temp, "base"), buildkittest.Image{})
		one, two := w.start(t, nil), other.start(t, nil)
		one.Run(t, w.step(nil))
		if steps := other.steps(t, two.Run(t, other.step(nil))); slices.Contains(steps, "RUN hit") {
			t.Errorf("the other job found results: %q", steps)
		}
		if all := w.builders(t); len(all) != 4 {
			t.Errorf("two jobs have the builders %q", all)
		}
		one.End(t)
		if steps := other.steps(t, two.Run(t, other.step(nil))); !slices.Equal(steps, hits) {
			t.Errorf("after the first job's end the other has %q, want %q", steps, hits)
		}
		other.end(t, two)
	})

	t.Run("what a killed runner left goes with the next job", func(t *testing.T) {
		killed := w.start(t, nil)
		killed.Run(t, w.step(nil))
		left := w.builders(t)
		next := w.start(t, nil)
		next.Run(t, w.step(nil))
		if all := w.builders(t); len(all) != 2 || slices.Equal(all, left) {
			t.Errorf("the builders are %q, were %q", all, left)
		}
		w.end(t, next)
	})

	t.Run("a folder that no later step sees is told of", func(t *testing.T) {
		job := w.start(t, nil)
		r := job.Run(t, w.step(map[string]string{"cache-to": "type=local,dest=/tmp/.buildx-cache,mode=max"}))
		if !slices.ContainsFunc(r.Annotations, func(a Annotation) bool {
			return a.Level == "warning" && strings.Contains(a.Message, "/tmp/.buildx-cache")
		}) {
			t.Errorf("the annotations are %+v", r.Annotations)
		}
		w.end(t, job)
	})

	t.Run("an engine that is gone fails no job", func(t *testing.T) {
		job := w.start(t, nil)
		job.steps = []*Step{{Env: map[string]string{"DOCKER_HOST": "unix:///nothing/here.sock"}, state: map[string]string{"job": "0123456789abcdef"}}}
		after := job.End(t)
		if len(after) != 1 || after[0].ExitCode != 0 || len(after[0].Annotations) != 1 || after[0].Annotations[0].Level != "warning" {
			t.Errorf("the post stage gave %+v", after)
		}
	})
}
