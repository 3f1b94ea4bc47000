package pipeline

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/action"
)

// ownDockerfile says whether the Dockerfile is a file of the repository and the commit
// that the job is about: a line of any other is no line of the pull request. Folder is
// where the paths of the report start in it.
func (r *runner) ownDockerfile(ctx context.Context, o BuildOptions) (own bool, folder string) {
	file := cmp.Or(o.File, filepath.Join(o.Context, "Dockerfile"))
	if !isDir(o.Context) && !filepath.IsAbs(file) {
		return r.ownContext(o.Context)
	}
	root, file := resolved(o.Root), resolved(file)
	if !within(root, file) {
		return false, ""
	}
	// Another repository that is checked out below, or a submodule, has lines of its own.
	for dir := filepath.Dir(file); dir != root && within(root, dir); dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, ".git")) {
			return false, ""
		}
	}
	remote := git{ctx, root}.run("config", "--get", "remote.origin.url")
	return remote == "" || ownRemote(r.event, remote), ""
}

// ownContext says whether a URL is that of the job's repository at its commit, as
// URL#REF or URL#REF:FOLDER.
func (r *runner) ownContext(url string) (own bool, folder string) {
	e := r.event
	url, at, _ := strings.Cut(url, "#")
	ref, folder, _ := strings.Cut(at, ":")
	if e.Repository == "" || ref == "" || strings.TrimSuffix(url, ".git") != e.ServerURL+"/"+e.Repository {
		return false, ""
	}
	return slices.Contains([]string{e.SHA, e.HeadSHA, e.Ref}, ref) && filepath.IsLocal(cmp.Or(folder, ".")), folder
}

// ownRemote says whether a remote is the job's repository, or the one that its pull
// request comes from.
func ownRemote(e action.Event, remote string) bool {
	remote = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(remote, "/"), ".git"))
	return slices.ContainsFunc([]string{e.Repository, e.HeadRepository}, func(name string) bool {
		return name != "" && strings.HasSuffix(remote, "/"+strings.ToLower(name))
	})
}

// repositoryRoot is the folder of the job's repository: the workspace, or a folder of
// it, if actions/checkout was given a path. Paths that are shown are relative to it.
func repositoryRoot(g git, workspace string, e action.Event) string {
	if workspace == "" || !isDir(g.dir) || exists(filepath.Join(workspace, ".git")) {
		return workspace
	}
	top := g.run("rev-parse", "--show-toplevel")
	if top == "" || !within(resolved(workspace), resolved(top)) || !ownRemote(e, g.run("config", "--get", "remote.origin.url")) {
		return workspace
	}
	return top
}

// resolved is the absolute path of a file, with the links of its folder resolved.
func resolved(file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs))
	}
	return abs
}

// within says that a file lies in a folder, or is it.
func within(folder, file string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
