package pipeline

import (
	"cmp"
	"context"
	"fmt"
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
			Repository: e.Repository, SHA: cmp.Or(e.HeadSHA, e.SHA), Ref: e.Ref,
			Branch: e.Branch, BaseBranch: e.BaseBranch, Default: e.DefaultBranch,
		}, cmp.Or(repositoryRoot(git{ctx, dir}, env.getenv("GITHUB_WORKSPACE"), e), env.Dir)
	}
	if !isDir(dir) {
		return record.Commit{Repository: repositoryOf(dir)}, env.Dir
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

// repositoryOf names the repository of a URL, URL#REF or URL#REF:FOLDER: with the folder,
// which has Dockerfiles of its own, and without the ref, whose builds are compared.
func repositoryOf(url string) string {
	url, at, _ := strings.Cut(record.RedactURLs(url), "#")
	if _, folder, _ := strings.Cut(at, ":"); folder != "" {
		return url + "#:" + folder
	}
	return url
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

// gitConfig is what git is told. The folder may belong to another user, as in a
// container action, which git refuses unless it is told. What lies in it is not
// trusted: a folder that looks like a bare repository is none, and no configuration
// makes git start a program.
var gitConfig = [...][2]string{
	{"safe.directory", "*"}, {"safe.bareRepository", "explicit"}, {"core.fsmonitor", "false"}, {"log.showSignature", "false"},
}

// run returns what git prints, also if it fails half-way.
func (g git) run(args ...string) string {
	out, _ := g.command(args...).Output()
	return strings.TrimSpace(string(out))
}

func (g git) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(g.ctx, "git", append([]string{"-C", g.dir}, args...)...)
	cmd.Env = append(cmd.Environ(), fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(gitConfig)), "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1")
	for i, c := range gitConfig {
		cmd.Env = append(cmd.Env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, c[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, c[1]))
	}
	return cmd
}
