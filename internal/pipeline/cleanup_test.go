package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuilderJob states when a step has a builder that its post stage removes: not when
// somebody else's was named, whose engine this action may not even reach.
func TestBuilderJob(t *testing.T) {
	for name, c := range map[string]struct {
		builder string
		env     map[string]string
		want    bool
	}{
		"none named":      {"", nil, true},
		"the input":       {"tcp://10.0.0.5:1234", nil, false},
		"BUILDKIT_HOST":   {"", map[string]string{"BUILDKIT_HOST": "tcp://10.0.0.5:1234"}, false},
		"BUILDX_BUILDER":  {"", map[string]string{"BUILDX_BUILDER": "shared"}, false},
		"a step of run: ": {"", map[string]string{"GITHUB_RUN_ID": ""}, false},
	} {
		state := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(state, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		vars := map[string]string{
			"GITHUB_STATE": state, "INPUT_CONTEXT": "", "GITHUB_RUN_ID": "17", "RUNNER_NAME": "r", "RUNNER_WORKSPACE": "/work/shop",
		}
		for name, value := range c.env {
			vars[name] = value
		}
		env := Env{LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }}
		job := builderJob(env, &runner{active: true}, c.builder)
		kept, err := os.ReadFile(state)
		if err != nil {
			t.Fatal(err)
		}
		if (job.Key != "") != c.want || (len(kept) > 0) != c.want || !strings.Contains(string(kept), job.Key) {
			t.Errorf("%s: the job %+v, the state %q", name, job, kept)
		}
	}
}

// TestCleanupWithoutAnEngine states when the post stage warns of an engine that does not
// answer: if the step may have made a builder there, and not if it never came so far.
func TestCleanupWithoutAnEngine(t *testing.T) {
	for saved, want := range map[string]bool{"0123456789abcdef": true, "": false} {
		vars := map[string]string{
			"DOCKER_HOST": "unix:///nothing/here.sock", "STATE_job": saved, "INPUT_CONTEXT": "", "GITHUB_RUN_ID": "17",
		}
		var out bytes.Buffer
		env := Env{LookupEnv: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, Stdout: &out, Stderr: &out}
		if err := Cleanup(t.Context(), env); err != nil || (out.Len() > 0) != want {
			t.Errorf("with the state %q: %v, said %q", saved, err, out.String())
		}
	}
}
