package action

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func lookupOf(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := pairs[name]; return v, ok }
}

func TestReadJob(t *testing.T) {
	base := map[string]string{
		"INPUT_CONTEXT": "", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_RUN_ID": "7",
		"GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "image", "RUNNER_NAME": "one", "RUNNER_WORKSPACE": "/work/shop",
	}
	job := ReadJob(lookupOf(base))
	if job.Key == "" || job.Runner == "" || job.Key == job.Runner {
		t.Fatalf("the job is %+v", job)
	}
	if again := ReadJob(lookupOf(base)); again != job {
		t.Errorf("another step of the job has %+v, want %+v", again, job)
	}
	post := maps.Clone(base)
	delete(post, "INPUT_CONTEXT")
	if got := ReadPostJob(func(name string) string { return post[name] }); got != job {
		t.Errorf("the post stage has %+v, want %+v", got, job)
	}
	for name, sameRunner := range map[string]bool{
		"GITHUB_REPOSITORY": true, "GITHUB_RUN_ID": true, "GITHUB_RUN_ATTEMPT": true, "GITHUB_JOB": true,
		"RUNNER_NAME": false, "GITHUB_SERVER_URL": false,
	} {
		env := map[string]string{}
		for k, v := range base {
			env[k] = v
		}
		env[name] += "x"
		other := ReadJob(lookupOf(env))
		if other.Key == job.Key || (other.Runner == job.Runner) != sameRunner {
			t.Errorf("with another %s it is %+v, after %+v", name, other, job)
		}
	}
	for _, missing := range []string{"INPUT_CONTEXT", "GITHUB_RUN_ID"} {
		env := map[string]string{}
		for k, v := range base {
			if k != missing {
				env[k] = v
			}
		}
		if got := ReadJob(lookupOf(env)); got != (Job{}) {
			t.Errorf("without %s it is %+v, want none", missing, got)
		}
	}
}

func TestSaveState(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	getenv := envOf(map[string]string{"GITHUB_STATE": file, "STATE_job": "saved"})
	for _, value := range []string{"one", "two\nlines"} {
		if err := SaveState(getenv, nil, "job", value); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readOutputs(string(b))
	if diff := cmp.Diff(map[string]string{"job": "two\nlines"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got := State(getenv, "job"); got != "saved" {
		t.Errorf("the state is %q", got)
	}
	if err := SaveState(envOf(nil), nil, "job", "x"); err != nil {
		t.Errorf("without a runner: %v", err)
	}
	if err := SaveState(envOf(map[string]string{"GITHUB_STATE": filepath.Join(file, "below")}), nil, "job", "x"); err == nil {
		t.Error("a state that cannot be saved is no error")
	}
}
