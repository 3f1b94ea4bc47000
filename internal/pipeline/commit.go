package pipeline

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/layercause/layercause/internal/record"
)

// commitOf says which state of which repository is built, and the folder that
// paths are shown relative to. Inside Actions the runner knows; elsewhere git
// does, if there is one.
func commitOf(ctx context.Context, env Env, run *runner, dir string, salt record.Salt) (record.Commit, string) {
	if run.active {
		e := run.event
		return record.Commit{
			Repository: e.Repository, SHA: nonEmpty(e.HeadSHA, e.SHA), Ref: e.Ref,
			Branch: e.Branch, BaseBranch: e.BaseBranch, Default: e.DefaultBranch,
		}, nonEmpty(env.getenv("GITHUB_WORKSPACE"), env.Dir)
	}
	if !isDir(dir) {
		return record.Commit{Repository: record.RedactURLs(dir)}, env.Dir
	}
	g := git{ctx, dir}
	var root, sha, ref, remote string
	var asked sync.WaitGroup
	asked.Go(func() { root, sha, _ = strings.Cut(g.run("rev-parse", "--show-toplevel", "HEAD"), "\n") })
	asked.Go(func() { ref = g.run("symbolic-ref", "--quiet", "HEAD") })
	asked.Go(func() { remote = g.run("config", "--get", "remote.origin.url") })
	asked.Wait()
	if root == "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			abs = dir
		}
		return record.Commit{Repository: unnamed(abs, salt)}, env.Dir
	}
	if sha == "HEAD" { // no commit yet
		sha = ""
	}
	c := record.Commit{SHA: sha, Ref: ref, Branch: strings.TrimPrefix(ref, "refs/heads/"), Repository: record.RedactURLs(remote)}
	if remote == "" {
		c.Repository = unnamed(root, salt)
	}
	return c, root
}

// unnamed names a repository that has no remote: by its folder, and by a keyed
// digest of the path, which is nobody else's business.
func unnamed(path string, salt record.Salt) string {
	return filepath.Base(path) + "-" + salt.Digest("repository", path)[:8]
}

type git struct {
	ctx context.Context
	dir string
}

// run returns what git prints, also if it fails half-way. The folder may belong
// to another user, as in a container action, which git refuses unless it is told.
func (g git) run(args ...string) string {
	out, _ := g.command(args...).Output()
	return strings.TrimSpace(string(out))
}

func (g git) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.ctx, "git", append([]string{"-C", g.dir}, args...)...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1")
	return cmd
}

func nonEmpty(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}
