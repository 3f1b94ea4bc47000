package action

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var releasedImage = "ghcr.io/layercause/layercause@sha256:" + strings.Repeat("0a", 32)

// script runs one of the release's scripts in a folder.
func script(t *testing.T, dir, name string, args ...string) (stdout string, err error) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../.ci", name))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@localhost",
		"GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@localhost", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.Output()
	return string(out), err
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=test", "-c", "user.email=test@localhost"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestReleaseAction states that a release changes one line of action.yml, and that
// nothing but an image with its digest gets there.
func TestReleaseAction(t *testing.T) {
	before, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "action.yml")
	if err := os.WriteFile(path, before, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"", "ghcr.io/layercause/layercause:v1", "ghcr.io/layercause/layercause@sha256:0a", "layercause@sha256:" + strings.Repeat("0a", 32),
		releasedImage + "\n  post-if: x", "ghcr.io/a|b@sha256:" + strings.Repeat("0a", 32), "$(touch planted)",
	} {
		if _, err := script(t, dir, "release-action", bad); err == nil {
			t.Errorf("%q was taken for an image", bad)
		}
	}
	if _, err := script(t, dir, "release-action", releasedImage); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(string(before), "  image: Dockerfile\n", "  image: docker://"+releasedImage+"\n", 1); string(after) != want {
		t.Errorf("action.yml became:\n%s", after)
	}
	var f actionFile
	if err := yaml.Unmarshal(after, &f); err != nil || f.Runs.Image != "docker://"+releasedImage {
		t.Errorf("the image is %q, %v", f.Runs.Image, err)
	}
	if _, err := script(t, dir, "release-action", releasedImage); err == nil {
		t.Error("a released action.yml was released again")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left in the folder: %v", left)
	}
}

// TestReleaseTag states what the tag of a major version has and where it moves. The
// commit holds no workflow: the token of a job may not push changed ones.
func TestReleaseTag(t *testing.T) {
	dir := t.TempDir()
	source, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"action.yml": string(source), "LICENSE": "the license\n", "main.go": "package main\n", ".github/workflows/test.yml": "on: push\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "Start")
	start := git(t, dir, "rev-parse", "main")
	// A job has a fresh checkout.
	release := func(tag, image string) string {
		t.Helper()
		git(t, dir, "checkout", "-q", "--force", "main")
		out, err := script(t, dir, "release-tag", tag, image)
		if err != nil {
			t.Fatalf("%s: %v", tag, err)
		}
		return strings.TrimSpace(out)
	}
	git(t, dir, "tag", "v1.9.0")
	if got := release("v1.9.0", releasedImage); got != "v1" {
		t.Errorf("to be pushed is %q", got)
	}
	first := git(t, dir, "rev-parse", "v1")
	if got := git(t, dir, "ls-tree", "-r", "--name-only", "v1"); got != "LICENSE\naction.yml" {
		t.Errorf("the release commit has %q", got)
	}
	if got := git(t, dir, "diff", "--numstat", "v1.9.0", "v1", "--", "action.yml", "LICENSE"); got != "1\t1\taction.yml" {
		t.Errorf("the release commit changes %q", got)
	}
	if got := git(t, dir, "log", "-1", "--format=%s", "v1"); got != "Release v1.9.0 with its image, from "+start {
		t.Errorf("the release commit says %q", got)
	}
	if git(t, dir, "rev-parse", "main") != start || git(t, dir, "rev-parse", "v1.9.0") != start {
		t.Error("a branch or the release's own tag was moved")
	}
	if got := release("v1.9.0", releasedImage); got != "" || git(t, dir, "rev-parse", "v1") != first {
		t.Errorf("the same release again moved the tag, to be pushed is %q", got)
	}

	// 1.10 is newer than 1.9, and a later 1.8.1 is older. What is no release counts nothing.
	git(t, dir, "tag", "v1.10.0", start)
	git(t, dir, "tag", "v1.10.0-rc.1", start)
	git(t, dir, "tag", "v1.8.1", start)
	git(t, dir, "tag", "v2.0.0", start)
	next := strings.Replace(releasedImage, "0a0a", "0b0b", 1)
	if got := release("v1.8.1", next); got != "" || git(t, dir, "rev-parse", "v1") != first {
		t.Errorf("an older release moved the tag, to be pushed is %q", got)
	}
	if got := release("v1.10.0", next); got != "v1" || git(t, dir, "rev-parse", "v1^") != first {
		t.Errorf("a newer release did not move the tag on, to be pushed is %q", got)
	}
	if got := release("v2.0.0", next); got != "v2" {
		t.Errorf("to be pushed is %q", got)
	}
	for _, bad := range []string{"", "v1", "v1.2", "1.2.3", "v1.2.3-rc.1", "v1.2.3;x", "v01.2.3"} {
		if out, err := script(t, dir, "release-tag", bad, releasedImage); err == nil {
			t.Errorf("%q was taken for a release: %s", bad, out)
		}
	}
}
