package runnertest

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// testRegistryLogin pulls a private base image, pushes the result, and exports a
// cache and imports it again, with the login given in each of the documented ways.
func testRegistryLogin(t *testing.T, w world) {
	registry := buildkittest.StartPrivateRegistry(t)
	registry.Push(t, "base:1", buildkittest.Image{})
	auth := base64.StdEncoding.EncodeToString([]byte(registry.Username + ":" + registry.Password))
	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, registry.Host, auth)
	// What docker/login-action writes where DOCKER_CONFIG says.
	dir := filepath.Join(w.runner.Temp, "docker")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "config.json"), []byte(config))

	files := map[string]string{"Dockerfile": "FROM " + registry.Host + "/base:1\nRUN echo made > made\nCOPY . .\n"}
	step := func(name string) Step {
		s := w.step(map[string]string{
			"build-contexts": "",
			"tags":           registry.Host + "/" + name + ":1", "push": "true",
			"cache-from": "type=registry,ref=" + registry.Host + "/" + name + ":cache",
			"cache-to":   "type=registry,ref=" + registry.Host + "/" + name + ":cache,mode=max",
		})
		s.Env = map[string]string{}
		return s
	}
	for name, give := range map[string]func(*Step){
		"config": func(s *Step) { s.Env["DOCKER_CONFIG"] = dir },
		"env":    func(s *Step) { s.Env["DOCKER_AUTH_CONFIG"] = config },
		"input": func(s *Step) {
			s.Inputs["registry-logins"] = registry.Host + "=" + registry.Username + ":" + registry.Password
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, want := range []string{"RUN miss", "RUN hit"} {
				job := w.start(t, files)
				s := step(name)
				give(&s)
				r := job.Run(t, s)
				if r.ExitCode != 0 {
					t.Fatalf("it ended with %d:\n%s", r.ExitCode, r.Log)
				}
				if steps := w.steps(t, r); !slices.Contains(steps, want) {
					t.Errorf("the steps are %q, want %s", steps, want)
				}
				if got := registry.Digest(t, name+":1"); got == "" || got != r.Outputs["digest"] {
					t.Errorf("pushed was %q, and the output is %q", got, r.Outputs["digest"])
				}
				if strings.Contains(r.Shown, registry.Password) {
					t.Errorf("the log shows the password:\n%s", r.Shown)
				}
				if strings.Contains(string(w.file(t, r, "report.json")), registry.Password) {
					t.Error("the report shows the password")
				}
				w.end(t, job)
			}
		})
	}

	t.Run("without a login", func(t *testing.T) {
		job := w.start(t, files)
		r := job.Run(t, step("none"))
		if r.ExitCode != 1 || !strings.Contains(r.Log, "docs/registries.md") {
			t.Errorf("it ended with %d and no word on logins:\n%s", r.ExitCode, r.Log)
		}
		w.end(t, job)
	})
}
