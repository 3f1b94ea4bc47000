package action

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// envOf is an environment; inputs are named as under "with:".
func envOf(pairs map[string]string) func(string) string {
	return func(name string) string {
		for key, value := range pairs {
			if key == name || "INPUT_"+strings.ToUpper(key) == name {
				return value
			}
		}
		return ""
	}
}

func TestReadInputs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f,1")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadInputs(envOf(map[string]string{
		"add-hosts":        "docker:10.180.0.1,foo:10.0.0.1",
		"allow":            "network.host",
		"annotations":      "index:a=b,c",
		"attests":          "type=sbom,generator=image",
		"build-args":       "A=1,2\nB\n\"C=x\ny\"",
		"build-contexts":   "name={{defaultContext}}:sub\nother=./dir",
		"builder":          " unix:///run/buildkit.sock ",
		"cache":            "auto",
		"cache-from":       "type=gha\nuser/app:cache",
		"cache-to":         "type=gha,mode=max",
		"call":             "build",
		"cgroup-parent":    "/group",
		"comment":          "always",
		"cost-per-minute":  "0.008 EUR",
		"context":          "{{defaultContext}}:app",
		"file":             "app/Dockerfile",
		"github-token":     "ghs_planted",
		"history":          "dir",
		"labels":           "a=b\n# c=d",
		"load":             "True",
		"network":          "host",
		"no-cache":         "FALSE",
		"no-cache-filters": "one,two",
		"outputs":          `type=local,"dest=a,b"`,
		"platforms":        "linux/amd64,linux/arm64",
		"provenance":       "TRUE",
		"pull":             "true",
		"push":             "",
		"registry-logins":  "ghcr.io=octocat:p:a=s,s\nhttps://127.0.0.1:5000/=u:p\nhttps://index.docker.io/v1/=hub:p",
		"report-dir":       "out",
		"sbom":             "generator=image",
		"secrets":          "KEY=val=ue\n\"MULTI=a\nb\"",
		"secret-envs":      "E1=V1,E2=V2",
		"secret-files":     "F=" + file,
		"shm-size":         "2g",
		"ssh":              "default,key=/path",
		"tags":             "a/b:1\na/b:2,a/b:3",
		"target":           "app",
		"ulimit":           "nofile=1:2",

		"GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_REF":        "refs/pull/7/merge",
		"GITHUB_SHA":        strings.Repeat("a", 40),
		"GITHUB_SERVER_URL": "https://ghe.example",
	}))
	if err != nil {
		t.Fatal(err)
	}
	url := "https://ghe.example/acme/shop.git#refs/pull/7/merge"
	want := Inputs{
		AddHosts: []string{"docker:10.180.0.1", "foo:10.0.0.1"}, Allow: []string{"network.host"},
		Annotations: []string{"index:a=b,c"}, Attests: []string{"type=sbom,generator=image"},
		BuildArgs: []string{"A=1,2", "B", "C=x\ny"}, BuildContexts: []string{"name=" + url + ":sub", "other=./dir"},
		Builder: "unix:///run/buildkit.sock", Cache: "auto", CacheFrom: []string{"type=gha", "user/app:cache"},
		CacheTo: []string{"type=gha,mode=max"}, CgroupParent: "/group", Comment: CommentAlways, CostPerMinute: "0.008 EUR",
		Context: url + ":app", File: "app/Dockerfile", GitHubToken: "ghs_planted", History: "dir",
		Labels: []string{"a=b", "# c=d"}, Load: true, Network: "host", NoCacheFilters: []string{"one", "two"},
		Outputs: []string{`type=local,"dest=a,b"`}, Platforms: []string{"linux/amd64", "linux/arm64"},
		Provenance: "true", Pull: true, ReportDir: "out",
		RegistryLogins: []Login{
			{Registry: "ghcr.io", Username: "octocat", Password: "p:a=s,s"},
			{Registry: "127.0.0.1:5000", Username: "u", Password: "p"},
			{Registry: "docker.io", Username: "hub", Password: "p"},
		},
		SBOM: "generator=image",
		Secrets: []Secret{
			{ID: "E1", Env: "V1"}, {ID: "E2", Env: "V2"},
			{ID: "KEY", Value: "val=ue"}, {ID: "MULTI", Value: "a\nb"}, {ID: "F", File: file},
		},
		ShmSize: "2g", SSH: []string{"default", "key=/path"}, Tags: []string{"a/b:1", "a/b:2", "a/b:3"},
		Target: "app", Ulimit: []string{"nofile=1:2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMalformedInputs(t *testing.T) {
	for input, values := range map[string][]string{
		"push":     {"yes", "1", "tRue", "true\nfalse"},
		"no-cache": {"on"},
		"comment":  {"sometimes"},
		"call":     {"check", "outline"},
		"tags":     {`"a`},
		"secrets":  {"A=b\n\"planted"},
		"registry-logins": {"planted", "ghcr.io=planted", "ghcr.io=planted:", "=a:planted", "ghcr.io/a=b:planted", "a:b:c=d:planted",
			"ghcr.io=a:planted\nplanted"},
		"context":        {"{{defaultContext}}"},
		"build-contexts": {"a={{defaultContext}}:b"},
	} {
		for _, value := range values {
			_, err := ReadInputs(envOf(map[string]string{input: value}))
			var e *InputError
			if !errors.As(err, &e) {
				t.Errorf("%s %q: got %v", input, value, err)
				continue
			}
			if e.Input != input || e.Hint == "" || !strings.HasPrefix(e.Error(), "input "+input+": ") {
				t.Errorf("%s %q: got %#v", input, value, e)
			}
			if strings.Contains(fmt.Sprintf("%+v", *e), "planted") {
				t.Errorf("the error repeats what may be a secret: %v", e)
			}
			if strings.Contains(e.Error(), "\n") {
				t.Errorf("the error has several lines: %q", e)
			}
		}
	}
}

func TestDefaultContext(t *testing.T) {
	empty, full := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "Dockerfile"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	sha := strings.Repeat("b", 40)
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"outside a workflow", nil, "."},
		{"checked out", map[string]string{"GITHUB_WORKSPACE": full, "GITHUB_REPOSITORY": "acme/shop"}, "."},
		{"nothing checked out", map[string]string{"GITHUB_WORKSPACE": empty, "GITHUB_REPOSITORY": "acme/shop",
			"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": sha}, "https://github.com/acme/shop.git#" + sha},
		{"nothing checked out on a pull request", map[string]string{"GITHUB_WORKSPACE": empty,
			"GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/pull/3/merge", "GITHUB_SHA": sha},
			"https://github.com/acme/shop.git#refs/pull/3/merge"},
		{"given", map[string]string{"GITHUB_WORKSPACE": empty, "context": "./app"}, "./app"},
		{"as Handlebars takes it", map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": sha, "context": "{{ defaultContext }}:app"},
			"https://github.com/acme/shop.git#" + sha + ":app"},
		{"another template", map[string]string{"GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": sha, "context": "{{ other }}"}, "{{ other }}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, err := ReadInputs(envOf(test.env))
			if err != nil || in.Context != test.want {
				t.Errorf("got %q, %v, want %q", in.Context, err, test.want)
			}
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	in, err := ReadInputs(envOf(map[string]string{"github-token": "planted", "secrets": "ID=planted", "registry-logins": "a=b:planted"}))
	if err != nil {
		t.Fatal(err)
	}
	if in.GitHubToken != "planted" || string(in.Secrets[0].Value) != "planted" {
		t.Fatal("the values themselves are lost")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, in); strings.Contains(text, "planted") || strings.Contains(text, "706c616e746564") {
			t.Errorf("%s shows a secret: %s", verb, text)
		}
	}
	if b, err := json.Marshal(in); err != nil || strings.Contains(string(b), "planted") {
		t.Errorf("JSON shows a secret: %s, %v", b, err)
	}
}

// What docker/build-push-action builds without, as where a fork's pull request has
// no secrets, is built here too.
func TestSecretsLeftOut(t *testing.T) {
	work := t.TempDir()
	file := filepath.Join(work, "_temp", "secret")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		inputs   map[string]string
		want     []Secret
		warnings []string
	}{
		{"no value", map[string]string{"secrets": "EMPTY=\nKEY=a"}, []Secret{{ID: "KEY", Value: "a"}},
			[]string{"input secrets: the secret EMPTY is empty and is left out"}},
		{"no pair", map[string]string{"secrets": "KEY=a\nplanted\n=planted"}, []Secret{{ID: "KEY", Value: "a"}}, []string{
			"input secrets: entry 2 of 3 is not KEY=VALUE and is left out; put quotes around a pair whose value spans lines",
			"input secrets: entry 3 of 3 is not KEY=VALUE and is left out; put quotes around a pair whose value spans lines",
		}},
		{"no variable", map[string]string{"secret-envs": "KEY="}, nil,
			[]string{"input secret-envs: the secret KEY is empty and is left out"}},
		{"no file", map[string]string{"secret-files": "KEY=" + file + "-not"}, nil,
			[]string{"input secret-files: the file of the secret KEY cannot be read, and the secret is left out"}},
		// The action's container has the runner's folder at a place that this machine has not.
		{"a file as the runner calls it", map[string]string{"secret-files": "KEY=" + file,
			"GITHUB_WORKSPACE": "/github/workspace", "GITHUB_REPOSITORY": "acme/shop", "RUNNER_WORKSPACE": filepath.Join(work, "shop")}, nil,
			[]string{"input secret-files: the file of the secret KEY cannot be read, and the secret is left out"}},
		{"given twice", map[string]string{"secret-envs": "KEY=VARIABLE", "secrets": "KEY=planted", "secret-files": "KEY=" + file},
			[]Secret{{ID: "KEY", File: file}}, []string{
				"input secrets: the secret KEY is given more than once; the one here counts",
				"input secret-files: the secret KEY is given more than once; the one here counts",
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in, err := ReadInputs(envOf(test.inputs))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, in.Secrets); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.warnings, in.Warnings); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordsStandAlone(t *testing.T) {
	read := func(more ...string) (Inputs, error) {
		env := map[string]string{"INPUT_RECORDS": "records\nother/*.zip", "INPUT_LOAD": "false", "INPUT_COMMENT": "always"}
		for i := 0; i < len(more); i += 2 {
			env["INPUT_"+more[i]] = more[i+1]
		}
		return ReadInputs(func(name string) string { return env[name] })
	}
	in, err := read()
	if diff := cmp.Diff([]string{"records", "other/*.zip"}, in.Records); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, value := range map[string]string{"file": "Dockerfile", "push": "true", "tags": "x", "context": ".", "history": "h", "verify-suggestions": "true"} {
		_, err := read(strings.ToUpper(name), value)
		if err == nil || !strings.HasPrefix(err.Error(), "input "+name+": it is for a build") {
			t.Errorf("beside %s: %v", name, err)
		}
	}
}
