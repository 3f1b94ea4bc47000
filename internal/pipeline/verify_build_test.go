package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/pipeline"
	"github.com/layercause/layercause/internal/report"
)

// job is a step of a workflow that builds a repository twice, with an edit between.
type job struct {
	t       *testing.T
	dir     string
	environ map[string]string
	output  bytes.Buffer
	on      func(text string) // what is told as it is printed
}

func (j *job) Write(p []byte) (int, error) {
	if j.on != nil {
		j.on(string(p))
	}
	return j.output.Write(p)
}

func (j *job) git(args ...string) string {
	j.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", filepath.Join(j.dir, "tree"), "-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		j.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// build commits files and builds them as the action does.
func (j *job) build(ctx context.Context, files map[string]string) (report.Report, error) {
	j.t.Helper()
	if err := write(filepath.Join(j.dir, "tree"), files); err != nil {
		j.t.Fatal(err)
	}
	j.git("add", "-A")
	j.git("commit", "-q", "-m", "change")
	j.environ["GITHUB_SHA"] = j.git("rev-parse", "HEAD")
	j.output.Reset()
	err := pipeline.Build(ctx, pipeline.Env{
		LookupEnv: func(name string) (string, bool) { v, ok := j.environ[name]; return v, ok },
		Stdout:    j, Stderr: j, Dir: j.dir, CacheDir: filepath.Join(j.dir, "cache"), Version: "test",
	}, pipeline.BuildOptions{})
	data, readErr := os.ReadFile(filepath.Join(j.dir, "report", "report.json"))
	var r report.Report
	if err := errors.Join(readErr, json.Unmarshal(data, &r)); err != nil {
		j.t.Fatalf("%v\n%s", err, j.output.String())
	}
	return r, err
}

// records counts what the history holds.
func (j *job) records() (n int) {
	j.t.Helper()
	err := filepath.WalkDir(filepath.Join(j.dir, "history"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".zst") {
			n++
		}
		return err
	})
	if err != nil {
		j.t.Fatal(err)
	}
	return n
}

// The action's input is the flag of the command. What is printed stays in the fence, and
// nothing is kept of the builds but what was measured; not even where they are broken
// off.
func TestTheActionVerifies(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	tools := commands(t)
	for name, interrupt := range map[string]bool{"to the end": false, "until it is interrupted": true} {
		t.Run(name, func(t *testing.T) {
			base := registry + "/" + strings.ReplaceAll(name, " ", "-") + ":1"
			buildkittest.PushImage(t, base, buildkittest.Image{Marker: name, Commands: tools})
			j := &job{t: t, dir: t.TempDir()}
			tree := filepath.Join(j.dir, "tree")
			j.environ = map[string]string{
				"DOCKER_CONFIG": filepath.Join(j.dir, "docker"), "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "owner/name",
				"GITHUB_EVENT_NAME": "schedule", "GITHUB_STEP_SUMMARY": filepath.Join(j.dir, "summary"),
				"GITHUB_OUTPUT": filepath.Join(j.dir, "outputs"), "GITHUB_WORKSPACE": tree,
				"INPUT_CONTEXT": tree, "INPUT_BUILDER": d.Address, "INPUT_HISTORY": filepath.Join(j.dir, "history"),
				"INPUT_REPORT-DIR": filepath.Join(j.dir, "report"), "INPUT_VERIFY-SUGGESTIONS": "true", "INPUT_COMMENT": "never",
				"INPUT_TAGS": registry + "/pushed:1", "INPUT_PUSH": "true",
			}
			if err := os.MkdirAll(tree, 0o755); err != nil {
				t.Fatal(err)
			}
			j.git("init", "-q", "-b", "main", "--template=")
			if r, err := j.build(t.Context(), map[string]string{
				"Dockerfile":   "FROM " + base + "\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n",
				"package.json": `{"name": "shop"}`, "package-lock.json": "{\"packages\": {\n  \"node_modules/left\": \"1.0.0\"\n}}\n",
				".dockerignore": ".git\n", "src/app.js": "one",
			}); err != nil || len(r.Suggestions) != 0 {
				t.Fatal(err, r.Suggestions)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if interrupt {
				j.on = func(text string) {
					if strings.Contains(text, "layercause verifies: this build, as it is") {
						cancel()
					}
				}
			}
			r, err := j.build(ctx, map[string]string{"src/app.js": "two"})
			if err != nil || r.Build.Status != "succeeded" || len(r.Suggestions) == 0 || j.records() != 2 {
				t.Fatalf("%v, %q, %d suggestions, %d records, %q\n%s", err, r.Build.Status, len(r.Suggestions), j.records(), r.Warnings, j.output.String())
			}
			v, cancelled := r.Suggestions[0].Verified, false
			for _, w := range r.Warnings {
				cancelled = cancelled || w == "verifying the suggestions was cancelled"
			}
			if cancelled != interrupt || (v != nil) == interrupt || v != nil && (!v.SameFiles || v.SecondsAfter >= v.SecondsBefore) {
				t.Errorf("verified is %+v, the warnings are %q", v, r.Warnings)
			}
			fenced, end := false, ""
			for line := range strings.Lines(j.output.String()) {
				if token, ok := strings.CutPrefix(line, "::stop-commands::"); ok {
					fenced, end = true, "::"+strings.TrimSpace(token)+"::\n"
				}
				if fenced && line == end {
					fenced = false
				}
				if strings.HasPrefix(line, "layercause verifies: ") && !fenced {
					t.Errorf("outside of the fence: %s", line)
				}
			}
			if n := strings.Count(j.output.String(), "pushing manifest for"); n > 2 { // one begins, and one ends
				t.Errorf("%d lines tell of a push:\n%s", n, j.output.String())
			}
			left, err := filepath.Glob(filepath.Join(os.TempDir(), "layercause-verify-*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, dir := range left {
				if text, err := os.ReadFile(filepath.Join(dir, "tree", "Dockerfile")); err == nil && strings.Contains(string(text), base) {
					t.Errorf("%s was left behind", dir)
				}
			}
		})
	}
}

// A patch changes the file itself where the Dockerfile is a link to it: git applies none
// to a link. So do the builds that verify it, and the replay of the commits before.
func TestThePatchOfALinkedDockerfile(t *testing.T) {
	t.Parallel()
	registry := buildkittest.Registry(t)
	d := buildkittest.Start(t, buildkittest.Options{PlainHTTP: []string{registry}})
	base := registry + "/linked:1"
	buildkittest.PushImage(t, base, buildkittest.Image{Marker: "linked", Commands: commands(t)})
	for name, commits := range map[string]int{"one build": 1, "some commits": 5} {
		t.Run(name, func(t *testing.T) {
			j := &job{t: t, dir: t.TempDir()}
			tree := filepath.Join(j.dir, "tree")
			j.environ = map[string]string{"DOCKER_CONFIG": filepath.Join(j.dir, "docker")}
			if err := os.MkdirAll(tree, 0o755); err != nil {
				t.Fatal(err)
			}
			j.git("init", "-q", "-b", "main", "--template=")
			files := map[string]string{
				"docker/app.Dockerfile": "FROM " + base + "\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n",
				"package.json":          `{"name": "shop"}`, "package-lock.json": "{\"packages\": {\n  \"node_modules/left\": \"1.0.0\"\n}}\n",
				".dockerignore": ".git\ndocker\n", "src/app.js": "none",
			}
			if err := errors.Join(write(tree, files), os.Symlink("docker/app.Dockerfile", filepath.Join(tree, "Dockerfile"))); err != nil {
				t.Fatal(err)
			}
			o := pipeline.BuildOptions{ReportDir: filepath.Join(j.dir, "report"), History: filepath.Join(j.dir, "history"), Builder: d.Address}
			o.Context, o.Verify = tree, true
			var r report.Report
			for i := range commits + 1 {
				if i > 0 {
					files = map[string]string{"src/app.js": name + strings.Repeat("!", i)}
				}
				if i == 0 || i >= commits-1 {
					r = j.built(t, o, files)
				} else if err := write(tree, files); err != nil {
					t.Fatal(err)
				} else {
					j.git("commit", "-aqm", "change")
				}
			}
			if len(r.Suggestions) == 0 {
				t.Fatalf("nothing is suggested, %q", r.Warnings)
			}
			g := r.Suggestions[0]
			if g.Rule != "deps-before-source" || g.File != "docker/app.Dockerfile" || g.Predicted.Commits != commits ||
				g.Verified == nil || !g.Verified.SameFiles || g.Verified.SecondsAfter >= g.Verified.SecondsBefore {
				t.Errorf("the suggestion is %+v, verified %+v, %q", g, g.Verified, r.Warnings)
			}
			patch := filepath.Join(j.dir, "patch")
			if err := os.WriteFile(patch, []byte(g.Patch), 0o644); err != nil {
				t.Fatal(err)
			}
			j.git("apply", patch)
			if now := j.git("diff", "--name-only"); now != "docker/app.Dockerfile" {
				t.Errorf("the patch changes %q", now)
			}
		})
	}
}

// built commits files and builds them as a user does.
func (j *job) built(t *testing.T, o pipeline.BuildOptions, files map[string]string) (r report.Report) {
	t.Helper()
	if err := write(filepath.Join(j.dir, "tree"), files); err != nil {
		t.Fatal(err)
	}
	j.git("add", "-A")
	j.git("commit", "-q", "-m", "change")
	j.output.Reset()
	err := pipeline.Build(t.Context(), pipeline.Env{
		LookupEnv: func(name string) (string, bool) { v, ok := j.environ[name]; return v, ok },
		Stdout:    j, Stderr: j, Dir: j.dir, CacheDir: filepath.Join(j.dir, "cache"), Version: "test",
	}, o)
	data, readErr := os.ReadFile(filepath.Join(j.dir, "report", "report.json"))
	if err := errors.Join(err, readErr, json.Unmarshal(data, &r)); err != nil {
		t.Fatalf("%v\n%s", err, j.output.String())
	}
	return r
}
