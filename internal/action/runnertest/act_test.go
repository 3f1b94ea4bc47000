package runnertest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	dockerclient "github.com/moby/moby/client"
	"gopkg.in/yaml.v3"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// actImage is the name under which act looks for the image of an action before
// it builds one: it has been built already.
const actImage = "act-layercause-layercause-main-dockeraction:latest"

// jobImage is the image that act runs a job in.
const jobImage = "layercause/job:test"

// workflows returns the workflows in README.md that need no other action than the
// checkout, which act does itself, and no service of GitHub's, and that show the
// outputs in a later step.
func workflows(t *testing.T) []string {
	t.Helper()
	var found []string
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(read(t, filepath.Join(Root(t), "README.md"))), -1)
	for _, block := range blocks {
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string `yaml:"uses"`
				} `yaml:"steps"`
			} `yaml:"jobs"`
		}
		if err := yaml.Unmarshal([]byte(block[1]), &workflow); err != nil {
			t.Fatalf("README.md: %v in\n%s", err, block[1])
		}
		ours, others := 0, 0
		for _, job := range workflow.Jobs {
			for _, step := range job.Steps {
				name, _, _ := strings.Cut(step.Uses, "@")
				switch name {
				case "layercause/layercause":
					ours++
				case "", "actions/checkout":
				default:
					others++
				}
			}
		}
		if ours > 0 && others == 0 && strings.Contains(block[1], "outputs.hit-rate") && !strings.Contains(block[1], "type=gha") {
			found = append(found, block[1])
		}
	}
	return found
}

// testAct runs the README's workflow in act, which is another runner than GitHub's:
// a job in a container, an action beside it, and folders of other names.
func testAct(t *testing.T, w world) {
	all := workflows(t)
	if len(all) == 0 {
		t.Fatal("README.md has no workflow that act could run")
	}
	registry := buildkittest.Registry(t)
	buildkittest.PushImage(t, registry+"/base:1", buildkittest.Image{})
	// A step that names no shell gets bash.
	w.docker.LoadImage(t, jobImage, buildkittest.Image{Commands: map[string][]byte{"bash": []byte("#!/bin/sh\nexec sh \"$@\"\n")}})
	tag := dockerclient.ImageTagOptions{Source: actionRef, Target: actImage}
	if _, err := w.docker.Engine.ImageTag(t.Context(), tag); err != nil {
		t.Fatal(err)
	}
	// act reads the whole folder of an action.
	action := t.TempDir()
	for _, name := range []string{"action.yml", "Dockerfile"} {
		write(t, filepath.Join(action, name), read(t, filepath.Join(Root(t), name)))
	}
	var logs []string
	for _, workflow := range all {
		dir, home := t.TempDir(), t.TempDir()
		for name, text := range map[string]string{
			".github/workflows/image.yml": workflow,
			"greeting.txt":                "hello\n",
			"Dockerfile": "FROM " + registry + "/base:1 AS base\nWORKDIR /app\nCOPY greeting.txt .\nRUN cat greeting.txt > made\n" +
				"FROM base AS test\nRUN test -s made\nFROM base\nRUN cp made out\n",
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, path, []byte(text))
		}
		for _, git := range []string{"init -q -b main", "remote add origin https://github.com/acme/shop.git", "add .",
			"-c user.name=test -c user.email=test@localhost commit -q -m Start"} {
			if out, err := exec.Command("git", append([]string{"-C", dir}, strings.Fields(git)...)...).CombinedOutput(); err != nil {
				t.Fatalf("git %s: %v\n%s", git, err, out)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), stageTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, buildkittest.Binary(t, "act"), "push",
			"--platform", "ubuntu-latest="+jobImage, "--pull=false", "--rebuild=false", "--rm", "--no-cache-server",
			"--local-repository", "layercause/layercause@main="+action,
			"--action-cache-path", filepath.Join(home, "actions"),
			"--container-daemon-socket", w.docker.Host,
			"--env", "LAYERCAUSE_BUILDKIT_IMAGE="+buildkitRef, "--env", "LAYERCAUSE_BUILDKIT_NETWORK=host")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DOCKER_HOST="+w.docker.Host, "HOME="+home, "XDG_CONFIG_HOME="+home, "GITHUB_TOKEN=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("act: %v\n%s", err, out)
		}
		log := string(out)
		logs = append(logs, log)
		for what, want := range map[string]string{
			"the output of the second build, in a later step": "0.75 of the steps hit; .layercause/report.html tells more",
			"the summary":                           "Summary - ",
			"the base image's steps in the summary": "COPY greeting.txt",
		} {
			if !strings.Contains(log, want) {
				t.Errorf("act's log has not %s, %q:\n%s", what, want, log)
			}
		}
	}
	for _, left := range w.builders(t) {
		if strings.Contains(left, "layercause") {
			t.Errorf("after the job %s is left:\n%s", left, strings.Join(logs, "\n"))
		}
	}
}
