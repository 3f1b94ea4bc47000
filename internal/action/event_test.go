package action

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	headSHA  = "1111111111111111111111111111111111111111"
	mergeSHA = "2222222222222222222222222222222222222222"
)

func runnerEnv(t *testing.T, payload string, more map[string]string) func(string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(payload), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"GITHUB_EVENT_PATH": path, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": mergeSHA,
		"GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "build", "GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "2",
		"GITHUB_SERVER_URL": "https://ghe.example/", "GITHUB_API_URL": "https://ghe.example/api/v3",
	}
	for name, value := range more {
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

func TestReadEvent(t *testing.T) {
	base := Event{
		Repository: "acme/shop", HeadRepository: "acme/shop", SHA: mergeSHA, HeadSHA: mergeSHA,
		Workflow: "ci", Job: "build", RunID: "42", RunAttempt: "2",
		RunURL:    "https://ghe.example/acme/shop/actions/runs/42/attempts/2",
		ServerURL: "https://ghe.example", APIURL: "https://ghe.example/api/v3",
	}
	tests := []struct {
		name, payload string
		env           map[string]string
		want          func(*Event)
		fork          bool
	}{
		{
			name: "pull request",
			payload: `{"pull_request":{"number":7,"head":{"ref":"topic","sha":"` + headSHA + `","repo":{"full_name":"acme/shop"}},
				"base":{"ref":"main"}},"repository":{"default_branch":"main","private":true}}`,
			env: map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge",
				"GITHUB_HEAD_REF": "topic", "GITHUB_BASE_REF": "main"},
			want: func(e *Event) {
				e.Name, e.Ref, e.Branch, e.BaseBranch, e.DefaultBranch = "pull_request", "refs/pull/7/merge", "topic", "main", "main"
				e.PullRequest, e.HeadSHA, e.Private = 7, headSHA, true
			},
		},
		{
			name: "pull request from a fork that is gone",
			payload: `{"pull_request":{"number":7,"head":{"ref":"main","sha":"` + headSHA + `","repo":null},
				"base":{"ref":"main"}}}`,
			env: map[string]string{"GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"},
			want: func(e *Event) {
				e.Name, e.Ref, e.Branch, e.BaseBranch = "pull_request_target", "refs/heads/main", "main", "main"
				e.PullRequest, e.HeadSHA, e.HeadRepository = 7, headSHA, "unknown"
			},
			fork: true,
		},
		{
			name: "push", payload: `{"repository":{"default_branch":"trunk"}}`,
			env: map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/feature/x"},
			want: func(e *Event) {
				e.Name, e.Ref, e.Branch, e.DefaultBranch = "push", "refs/heads/feature/x", "feature/x", "trunk"
			},
		},
		{
			name: "tag", payload: `{}`,
			env:  map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/tags/v1"},
			want: func(e *Event) { e.Name, e.Ref = "push", "refs/tags/v1" },
		},
		{
			name: "merge group", payload: `{"merge_group":{"head_sha":"` + headSHA + `","base_ref":"refs/heads/main"}}`,
			env:  map[string]string{"GITHUB_EVENT_NAME": "merge_group"},
			want: func(e *Event) { e.Name, e.HeadSHA, e.BaseBranch = "merge_group", headSHA, "main" },
		},
		{
			name: "workflow run of a fork",
			payload: `{"workflow":{"name":"image"},"workflow_run":{"head_sha":"` + headSHA + `","head_branch":"topic","id":9007199254740993,
				"run_attempt":2,"name":"what run-name says","head_repository":{"full_name":"visitor/shop"}}}`,
			env: map[string]string{"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_REF": "refs/heads/main"},
			want: func(e *Event) {
				e.Name, e.Ref, e.HeadSHA, e.Branch, e.HeadRepository = "workflow_run", "refs/heads/main", headSHA, "topic", "visitor/shop"
				e.Built = Run{Workflow: "image", ID: 9007199254740993, Attempt: 2}
			},
			fork: true,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := base
			test.want(&want)
			got, err := ReadEvent(runnerEnv(t, test.payload, test.env))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.FromFork() != test.fork {
				t.Errorf("from a fork: %v", got.FromFork())
			}
		})
	}
}

func TestBrokenEventKeepsTheVariables(t *testing.T) {
	name := map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_HEAD_REF": "topic"}
	for problem, payload := range map[string]string{
		"parsing":                   `{"pull_request":`,
		"cannot unmarshal":          `{"pull_request":{"number":"7"}}`,
		"names no pull request":     `{}`,
		"no pull request with a nu": `{"pull_request":{"number":7,"head":{"sha":"--help"}}}`,
		"over 25 MiB":               strings.Repeat(" ", eventSizeLimit+1),
	} {
		e, err := ReadEvent(runnerEnv(t, payload, name))
		if err == nil || !strings.HasPrefix(err.Error(), "reading the event") || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: got %v", problem, err)
		}
		if e.Branch != "topic" || e.Repository != "acme/shop" || e.PullRequest != 0 {
			t.Errorf("%s: got %+v", problem, e)
		}
	}
	for _, path := range []string{"", "/no/such/file"} {
		if _, err := ReadEvent(runnerEnv(t, "{}", map[string]string{"GITHUB_EVENT_PATH": path})); err == nil {
			t.Errorf("the event file %q was read", path)
		}
	}
}

func TestOddRepositoriesCountAsAbsent(t *testing.T) {
	for _, v := range []string{"", "shop", "acme/shop/x", "acme/..", "acme/.", "../shop", "acme/a b", "acme/shop\n", "acme/shop?x"} {
		e, _ := ReadEvent(runnerEnv(t, "{}", map[string]string{"GITHUB_REPOSITORY": v, "GITHUB_SHA": "HEAD"}))
		if e.Repository != "" || e.SHA != "" || e.RunURL != "" {
			t.Errorf("%q: got %+v", v, e)
		}
	}
}
