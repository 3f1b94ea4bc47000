package pipeline

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/layercause/layercause/internal/action"
)

// actions/checkout can be told where to: paths are relative to the repository there.
func TestRepositoryRoot(t *testing.T) {
	dir := tree(t, "src/app/", "other/", "plain/", "fork/")
	event := action.Event{Repository: "acme/shop", HeadRepository: "visitor/shop"}
	for name, remote := range map[string]string{
		"src": "https://github.com/Acme/shop", "other": "https://github.com/acme/else", "fork": "https://github.com/visitor/shop.git",
	} {
		for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", remote}} {
			cmd := exec.Command("git", append([]string{"-C", filepath.Join(dir, name)}, args...)...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
	}
	for context, want := range map[string]string{
		"src/app": "src", "src": "src", "other": ".", "fork": "fork", "plain": ".", "gone": ".",
	} {
		got := repositoryRoot(git{t.Context(), filepath.Join(dir, context)}, dir, event)
		if got != filepath.Join(dir, want) {
			t.Errorf("of %s: got %s, want %s", context, got, filepath.Join(dir, want))
		}
	}
	// The workspace itself, and one elsewhere.
	if got := repositoryRoot(git{t.Context(), filepath.Join(dir, "src", "app")}, filepath.Join(dir, "src"), event); got != filepath.Join(dir, "src") {
		t.Errorf("got %s", got)
	}
	if got := repositoryRoot(git{t.Context(), filepath.Join(dir, "src")}, filepath.Join(dir, "plain"), event); got != filepath.Join(dir, "plain") {
		t.Errorf("got %s", got)
	}
}

// A repository of its own in the place of the job's has lines of its own.
func TestAnotherRepositoryInTheWorkspace(t *testing.T) {
	for remote, own := range map[string]bool{"": true, "https://github.com/acme/shop": true, "git@github.com:acme/else.git": false, "https://github.com/notacme/shop": false} {
		dir := tree(t, "Dockerfile")
		commands := [][]string{{"init", "-q"}}
		if remote != "" {
			commands = append(commands, []string{"remote", "add", "origin", remote})
		}
		for _, args := range commands {
			if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		var o BuildOptions
		o.Context, o.Root = dir, dir
		r := &runner{event: action.Event{Repository: "acme/shop"}}
		if got, _ := r.ownDockerfile(t.Context(), o); got != own {
			t.Errorf("with the remote %q: %v, want %v", remote, got, own)
		}
	}
}
