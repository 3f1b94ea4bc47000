package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// changedSince lists the files below some places that are not what they were at a
// commit, relative to root, and checks out into a folder what they were. The work tree
// and its index are only read.
func changedSince(ctx context.Context, root, commit, into string, places []string) ([]string, error) {
	if !isSHA(commit) {
		return nil, errors.New("the commit of the build before is not known, so that it cannot be built again")
	}
	top := git{ctx, root}.run("rev-parse", "--show-toplevel")
	if top == "" { // what is built may be a checkout below the workspace
		top = git{ctx, places[0]}.run("rev-parse", "--show-toplevel")
	}
	if top == "" {
		return nil, errors.New("there is no git repository to take the state of the build before from")
	}
	top, err := filepath.EvalSymlinks(top)
	if err != nil {
		return nil, err
	}
	g := git{ctx, top}
	prefix, err := filepath.Rel(root, top)
	if err != nil || !filepath.IsLocal(prefix) {
		return nil, fmt.Errorf("the repository %q is not in %q", top, root)
	}
	if g.command("cat-file", "-e", commit+"^{commit}").Run() != nil {
		return nil, fmt.Errorf("the commit %.12s of the build before is not in this checkout: "+
			"check out more of the history, with fetch-depth: 0 for actions/checkout or git fetch --unshallow", commit)
	}
	args := []string{
		// No configuration of the repository makes git start another program.
		"-c", "core.fsmonitor=false", "--literal-pathspecs", "diff", "--name-status", "-z", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--ignore-submodules=all", commit, "--",
	}
	for _, p := range places {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		if rel, err := filepath.Rel(top, p); err == nil && filepath.IsLocal(rel) {
			args = append(args, rel)
		}
	}
	out, err := g.command(args...).Output()
	if err != nil {
		return nil, fmt.Errorf("comparing the work tree with the commit %.12s: %w", commit, gitError(err))
	}
	var changed []string
	var then bytes.Buffer // those that were there
	fields := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	for i := 0; i+1 < len(fields); i += 2 {
		changed = append(changed, filepath.Join(prefix, fields[i+1]))
		if fields[i] != "A" {
			then.WriteString(fields[i+1] + "\x00")
		}
	}
	slices.Sort(changed)
	if then.Len() == 0 {
		return changed, nil
	}
	index := into + ".index"
	defer os.Remove(index)
	read := g.command("read-tree", commit)
	checkout := g.command("-c", "core.fsmonitor=false", "checkout-index", "-f", "-z", "--stdin", "--prefix="+filepath.Join(into, prefix)+"/")
	checkout.Stdin = &then
	for _, cmd := range []*exec.Cmd{read, checkout} {
		// An index of its own; and large files stay pointers, which are another content too.
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+index, "GIT_LFS_SKIP_SMUDGE=1")
		if _, err := cmd.Output(); err != nil {
			return nil, fmt.Errorf("checking out the commit %.12s: %w", commit, gitError(err))
		}
	}
	return changed, nil
}

// gitError is what git says, in one line.
func gitError(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || len(exit.Stderr) == 0 {
		return err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
	return errors.New(line)
}
