package pipeline

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/report"
)

// annotate marks lines of the Dockerfile in the step's log: where the build failed, what
// lost the cache, and what BuildKit's checks found.
func (r *runner) annotate(o BuildOptions, rep report.Report) {
	var out []action.Annotation
	own, folder := r.ownDockerfile(o)
	if own {
		out = append(lostAnnotations(rep), checkAnnotations(rep)...)
	}
	if f := failureAnnotation(rep); f != nil {
		if !own {
			f.File, f.Line, f.EndLine = "", 0, 0
		}
		out = append(out, *f)
	}
	for i := range out {
		if out[i].File != "" {
			out[i].File = path.Join(folder, out[i].File)
		}
	}
	if dropped := r.log.Annotate(out); dropped > 0 {
		r.log.Print(fmt.Sprintf("GitHub shows %d annotations of each kind a step; %d more are in the summary", action.AnnotationLimit, dropped))
	}
}

// failureAnnotation is the error on the line that failed, or on none if that is not
// known. It is nil for a build that did not fail.
func failureAnnotation(rep report.Report) *action.Annotation {
	f := rep.Build.Failure
	if f == nil {
		return nil
	}
	a := &action.Annotation{Level: action.LevelError, Title: "The build failed", Message: f.Message}
	if f.Line > 0 {
		a.Title = "The build failed here"
		a.File, a.Line, a.EndLine = nonEmpty(f.File, rep.Build.Dockerfile), f.Line, f.EndLine
	}
	return a
}

// lostAnnotations are the causes, but for one less than GitHub shows: the notice that
// the comment could not be written must find room.
func lostAnnotations(rep report.Report) []action.Annotation {
	var out []action.Annotation
	for _, c := range rep.Causes { // the most costly first
		if c.Line == 0 || c.Kind == "first-build" || len(out) == action.AnnotationLimit-1 {
			continue
		}
		out = append(out, action.Annotation{
			Level: action.LevelNotice, File: c.File, Line: c.Line, EndLine: c.EndLine, Cost: c.LostSeconds,
			Title: fmt.Sprintf("Lost the cache: %s", c.Kind), Message: lost(c),
		})
	}
	return out
}

// lost is what a cause says and cost, for an annotation.
func lost(c report.Cause) string {
	steps := "1 step"
	if n := len(c.Steps); n != 1 {
		steps = fmt.Sprintf("%d steps", n)
	}
	if c.LostSeconds < 0.05 {
		return fmt.Sprintf("%s; %s re-ran", c.Detail, steps)
	}
	return fmt.Sprintf("%s; %s re-ran, %.1f s lost", c.Detail, steps, c.LostSeconds)
}

// ownDockerfile says whether the Dockerfile is a file of the repository and the commit
// that the job is about: a line of any other is no line of the pull request. Folder is
// where the paths of the report start in it.
func (r *runner) ownDockerfile(o BuildOptions) (own bool, folder string) {
	file := nonEmpty(o.File, filepath.Join(o.Context, "Dockerfile"))
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
	return true, ""
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
	return slices.Contains([]string{e.SHA, e.HeadSHA, e.Ref}, ref) && filepath.IsLocal(nonEmpty(folder, ".")), folder
}

// repositoryRoot is the folder of the job's repository: the workspace, or a folder of
// it, if actions/checkout was given a path. Paths that are shown are relative to it.
func repositoryRoot(g git, workspace, repository string) string {
	if workspace == "" || !isDir(g.dir) || exists(filepath.Join(workspace, ".git")) {
		return workspace
	}
	top, remote, _ := strings.Cut(g.run("rev-parse", "--show-toplevel")+"\n"+g.run("config", "--get", "remote.origin.url"), "\n")
	remote = strings.TrimSuffix(strings.TrimSuffix(remote, "/"), ".git")
	if top == "" || !within(resolved(workspace), resolved(top)) || !strings.HasSuffix(strings.ToLower(remote), "/"+strings.ToLower(repository)) {
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
