package pipeline

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// commitOf says which state of which repository is built, and the folder that
// paths are shown relative to. Inside Actions the runner knows; elsewhere git
// does, if there is one.
func commitOf(ctx context.Context, env Env, run *runner, dir string) (record.Commit, string) {
	if run.active {
		e := run.event
		return record.Commit{
			Repository: e.Repository, SHA: nonEmpty(e.HeadSHA, e.SHA), Ref: e.Ref,
			Branch: e.Branch, BaseBranch: e.BaseBranch, Default: e.DefaultBranch,
		}, nonEmpty(env.getenv("GITHUB_WORKSPACE"), env.Dir)
	}
	if fi := statDir(dir); !fi {
		return record.Commit{Repository: record.RedactURLs(dir)}, env.Dir
	}
	g := git{ctx, dir}
	root := g.run("rev-parse", "--show-toplevel")
	if root == "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			abs = dir
		}
		return record.Commit{Repository: abs}, env.Dir
	}
	c := record.Commit{SHA: g.run("rev-parse", "--verify", "--quiet", "HEAD"), Ref: g.run("symbolic-ref", "--quiet", "HEAD")}
	c.Branch = strings.TrimPrefix(c.Ref, "refs/heads/")
	c.Repository = record.RedactURLs(nonEmpty(g.run("config", "--get", "remote.origin.url"), root))
	return c, root
}

type git struct {
	ctx context.Context
	dir string
}

// run returns what git prints, or nothing. The folder may belong to another
// user, as in a container action, which git refuses unless it is told.
func (g git) run(args ...string) string {
	cmd := exec.CommandContext(g.ctx, "git", append([]string{"-C", g.dir}, args...)...)
	cmd.Env = append(cmd.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_OPTIONAL_LOCKS=0")
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func nonEmpty(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}
