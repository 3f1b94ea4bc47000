package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/settings"
)

// advising is what was found out about a repository.
type advising struct {
	AdviseOptions
	env  Env
	head *record.Record
	// base is the earlier build whose times are taken; nil if there is none.
	base    *record.Record
	past    []*record.Record
	args    map[string]string
	commits *commits
	off     []string // rules that the repository's settings turn off
	every   []string // arguments that have another value at each commit

	warnings, hints []string
}

// note says something that bounds the advice, and what to do about it.
func (a *advising) note(text, hint string) {
	a.warnings = append(a.warnings, text)
	if hint != "" {
		a.hints = append(a.hints, hint)
	}
}

// look reads the repository: what a build would see, what was measured of earlier
// ones, and the last commits.
func (a *advising) look(ctx context.Context) error {
	run := &runner{active: a.env.inActions()}
	if run.active {
		var err error
		if run.event, err = action.ReadEvent(a.env.getenv); err != nil {
			a.note(err.Error(), "")
		}
	}
	store := a.openHistory()
	a.Salt, a.warnings = saltOf(store, a.warnings)
	var workspace string // what the paths of a build's record are relative to
	a.Commit, workspace = commitOf(ctx, a.env, run, a.Context, a.Salt)
	a.Root = workspace
	if run.active && isDir(a.Context) {
		a.Root = cmp.Or(git{ctx, a.Context}.run("rev-parse", "--show-toplevel"), workspace)
	}
	if _, err := inside(a.Root, a.Context); err != nil {
		a.Root = a.Context // there is no repository
	}
	a.Hidden = hidden(BuildOptions{ReportDir: DefaultReportDir}, store)
	a.Getenv = a.env.LookupEnv
	if a.env.CacheDir != "" {
		a.IndexDir = filepath.Join(a.env.CacheDir, "layercause", "files")
	}
	named, err := a.resolveFile(workspace)
	if err != nil {
		return err
	}
	prepared, err := buildkit.Prepare(a.Options)
	if err != nil {
		return a.better(ctx, err)
	}
	asked, err := settings.Read(a.Root, advice.Rules())
	if err != nil {
		return err
	}
	a.off = asked.Suggestions.Off
	if !a.CommitsGiven {
		a.AdviseOptions.Commits = cmp.Or(asked.Suggestions.Commits, replay.DefaultCommits)
	}
	a.args = prepared.Args()
	if isDir(a.Context) {
		a.commits = readCommits(ctx, a.Context, a.File, a.Root, a.AdviseOptions.Commits)
	}
	if a.head, err = prepared.Survey(ctx); err != nil {
		var known *buildkit.UsageError
		if ctx.Err() != nil || errors.As(err, &known) {
			return err
		}
		return usage("mend the .dockerignore, and make the files of the context readable", "%w", err)
	}
	a.head.StartedAt = time.Now()
	a.warnings = append(a.warnings, ignoreWarnings(a.head.Dockerfile)...)
	a.measure(ctx, store, named)
	<-a.commits.done
	a.judgeCommits(ctx)
	return ctx.Err()
}

// resolveFile finds the Dockerfile itself where a link was named, since a patch
// changes the file. The name is the path that a build's record has.
func (a *advising) resolveFile(workspace string) (named string, err error) {
	if a.File == "" {
		a.File = filepath.Join(a.Context, "Dockerfile")
	}
	real, err := filepath.EvalSymlinks(a.File)
	if err != nil {
		return "", nil // it is said later what is wrong with it
	}
	if _, err := inside(a.Root, real); err != nil {
		return "", usage("name one of the repository's with --file: a suggestion changes files of it alone",
			"the Dockerfile %q lies outside of the repository", a.File)
	}
	if folder, err := inside(workspace, filepath.Dir(a.File)); err == nil {
		named = path.Join(folder, filepath.Base(a.File))
	}
	if fi, err := os.Lstat(a.File); err == nil && fi.Mode()&os.ModeSymlink != 0 {
		a.File = real
	}
	return named, nil
}

// better explains why there is no Dockerfile, or where there is one.
func (a *advising) better(ctx context.Context, err error) error {
	if _, missing := os.Stat(a.File); !errors.Is(missing, fs.ErrNotExist) || !isDir(a.Context) {
		return err
	}
	g := git{ctx, a.Context}
	if isBare(a.Context) {
		return usage("check it out first: git worktree add FOLDER, then name that folder",
			"%q is a bare repository, which has no files to build from", a.Context)
	}
	var known *buildkit.UsageError
	var list []string
	for name := range strings.SplitSeq(g.run("ls-files", "-z", "--", "*Dockerfile", "*.Dockerfile", "*Dockerfile.*", ":!*.dockerignore"), "\x00") {
		name = filepath.Join(a.Context, name)
		if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
			list = append(list, name)
		}
	}
	if len(list) == 0 || !errors.As(err, &known) {
		return err
	}
	more := ""
	if n := len(list) - mostNamed; n > 0 {
		list, more = list[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	return usage("name one with --file: there is "+strings.Join(list, ", ")+more, "%w", err)
}

// isBare says that a folder is laid out as a bare repository. Git is not asked: it
// would read the configuration there.
func isBare(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "HEAD"))
	return err == nil && isDir(filepath.Join(dir, "objects")) && isDir(filepath.Join(dir, "refs"))
}

// mostNamed is how many Dockerfiles a hint names.
const mostNamed = 3

// openHistory opens the history if there is one.
func (a *advising) openHistory() *history.Store {
	dir := cmp.Or(a.AdviseOptions.History, defaultHistory(a.env))
	if !isDir(dir) {
		if a.AdviseOptions.History != "" {
			a.note(fmt.Sprintf("there is no history at %q", dir), "name the folder that layercause build was given as --history")
		}
		return nil
	}
	store, err := history.Open(dir)
	if err != nil {
		a.note(err.Error(), "")
		return nil
	}
	return store
}

// measure takes the times of the nearest earlier build, and the ways of its cache.
func (a *advising) measure(ctx context.Context, store *history.Store, named string) {
	if store == nil {
		return
	}
	asked := *a.head
	asked.Invocation.Dockerfile = cmp.Or(named, asked.Invocation.Dockerfile)
	c, err := store.Nearest(ctx, &asked)
	a.warnings = append(a.warnings, c.Warnings...)
	if err != nil {
		a.note(err.Error(), "")
	}
	if a.base, a.past = c.Record, c.Past; a.base == nil {
		return
	}
	a.head.Caches, a.head.Builder = a.base.Caches, a.base.Builder
}
