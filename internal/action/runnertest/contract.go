package runnertest

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Token is what ${{ github.token }} becomes, and RuntimeToken is the runner's
// own for its services. Neither may be seen anywhere.
const (
	Token        = "test-workflow-token"
	RuntimeToken = "runtime-token-of-the-runner"
)

// Names of the files that the action writes to. Real ones end in a random ID.
const (
	outputFile  = "set_output_0f"
	summaryFile = "step_summary_0f"
	stateFile   = "save_state_0f"
)

var commandFiles = []string{outputFile, summaryFile, stateFile, "set_env_0f", "add_path_0f"}

// metadata is the part of action.yml that the runner acts on.
type metadata struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Runs struct {
		Using          string   `yaml:"using"`
		Args           []string `yaml:"args"`
		PostEntrypoint string   `yaml:"post-entrypoint"`
	} `yaml:"runs"`
}

// Root returns the folder of the repository.
func Root(t testing.TB) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		t.Fatal("the tests' own path is not known: run them without -trimpath")
	}
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

func description(t testing.TB) metadata {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Root(t), "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var m metadata
	if err := yaml.Unmarshal(data, &m); err != nil {
		t.Fatalf("reading action.yml: %v", err)
	}
	if m.Runs.Using != "docker" {
		t.Fatalf("action.yml runs with %q, not as a container", m.Runs.Using)
	}
	return m
}

// inputs returns the INPUT_ variables: upper case, spaces as underscores, and
// hyphens as they are. Defaults are those of a job without a matrix.
func (m metadata) inputs(given map[string]string) map[string]string {
	expressions := strings.NewReplacer("${{ github.token }}", Token, "${{ toJson(matrix) }}", "null")
	values := map[string]string{}
	for name, input := range m.Inputs {
		values[name] = expressions.Replace(input.Default)
	}
	for name, value := range given {
		values[name] = value
	}
	env := map[string]string{}
	for name, value := range values {
		env["INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))] = value
	}
	return env
}

// variables are those that the runner sets for a container action in a job on
// pull request 7 of acme/shop, and the inputs. Paths are the machine's.
func (r *Runner) variables(inputs map[string]string) map[string]string {
	file := func(name string) string { return filepath.Join(r.Temp, "_runner_file_commands", name) }
	env := map[string]string{
		"CI":   "true",
		"HOME": filepath.Join(r.Temp, "_github_home"),

		"GITHUB_ACTION":              "__layercause_layercause",
		"GITHUB_ACTIONS":             "true",
		"GITHUB_ACTION_REF":          "v1",
		"GITHUB_ACTION_REPOSITORY":   "layercause/layercause",
		"GITHUB_ACTOR":               "octocat",
		"GITHUB_ACTOR_ID":            "583231",
		"GITHUB_API_URL":             "https://api.github.com",
		"GITHUB_BASE_REF":            "main",
		"GITHUB_ENV":                 file("set_env_0f"),
		"GITHUB_EVENT_NAME":          "pull_request",
		"GITHUB_EVENT_PATH":          filepath.Join(r.Temp, "_github_workflow", "event.json"),
		"GITHUB_GRAPHQL_URL":         "https://api.github.com/graphql",
		"GITHUB_HEAD_REF":            "topic",
		"GITHUB_JOB":                 "image",
		"GITHUB_OUTPUT":              file(outputFile),
		"GITHUB_PATH":                file("add_path_0f"),
		"GITHUB_REF":                 "refs/pull/7/merge",
		"GITHUB_REF_NAME":            "7/merge",
		"GITHUB_REF_PROTECTED":       "false",
		"GITHUB_REF_TYPE":            "branch",
		"GITHUB_REPOSITORY":          "acme/shop",
		"GITHUB_REPOSITORY_ID":       "1296269",
		"GITHUB_REPOSITORY_OWNER":    "acme",
		"GITHUB_REPOSITORY_OWNER_ID": "1",
		"GITHUB_RETENTION_DAYS":      "90",
		"GITHUB_RUN_ATTEMPT":         "1",
		"GITHUB_RUN_ID":              strconv.Itoa(1658821493 + r.runs),
		"GITHUB_RUN_NUMBER":          "3",
		"GITHUB_SERVER_URL":          "https://github.com",
		"GITHUB_SHA":                 "ffac537e6cbbf934b08745a378932722df287a53",
		"GITHUB_STATE":               file(stateFile),
		"GITHUB_STEP_SUMMARY":        file(summaryFile),
		"GITHUB_TRIGGERING_ACTOR":    "octocat",
		"GITHUB_WORKFLOW":            "build",
		"GITHUB_WORKFLOW_REF":        "acme/shop/.github/workflows/build.yml@refs/pull/7/merge",
		"GITHUB_WORKFLOW_SHA":        "ffac537e6cbbf934b08745a378932722df287a53",
		"GITHUB_WORKSPACE":           r.Workspace(),

		"RUNNER_ARCH":        "X64",
		"RUNNER_ENVIRONMENT": "github-hosted",
		"RUNNER_NAME":        r.Name,
		"RUNNER_OS":          "Linux",
		"RUNNER_TEMP":        r.Temp,
		"RUNNER_TOOL_CACHE":  "/opt/hostedtoolcache",
		"RUNNER_WORKSPACE":   filepath.Dir(r.Workspace()),

		// The runner's services; nobody listens there.
		"ACTIONS_CACHE_URL":     "http://127.0.0.1:9/cache/",
		"ACTIONS_RESULTS_URL":   "http://127.0.0.1:9/results/",
		"ACTIONS_RUNTIME_TOKEN": RuntimeToken,
		"ACTIONS_RUNTIME_URL":   "http://127.0.0.1:9/runtime/",
	}
	for name, value := range inputs {
		env[name] = value
	}
	return env
}
