package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/settings"
)

// AdviseOptions are the flags of the advise command.
type AdviseOptions struct {
	buildkit.Options
	History string // folder
	Commits int    // how many are replayed, if CommitsGiven
	Format  string // text, json, markdown, patch or sarif
	// Rules are the only ones that are asked; empty is all.
	Rules        []string
	Write        bool
	ExplainRules bool
	CommitsGiven bool // else the repository's settings or the default say
}

// Advise suggests edits for a repository. It needs no builder.
func Advise(ctx context.Context, env Env, o AdviseOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := advise(ctx, env, o)
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{ExitFailed, errors.New("cancelled"), ""}
	case err != nil:
		return classify(err)
	}
	return nil
}

func advise(ctx context.Context, env Env, o AdviseOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	a := advising{env: env, AdviseOptions: o}
	if err := a.look(ctx); err != nil {
		return err
	}
	unasked := func(name string) bool { return len(o.Rules) > 0 && !slices.Contains(o.Rules, name) }
	advised := advice.Suggest(a.input(unasked))
	a.judgeBuilds(advised.Builds)
	advised.Silences = slices.DeleteFunc(advised.Silences, func(s advice.Silence) bool { return s.Rule != "" && unasked(s.Rule) })
	edits, members := advised.Chosen()
	changes, err := changesOf(a.Root, edits)
	if err != nil {
		if o.Write || o.Format == "patch" {
			return err
		}
		a.note(err.Error(), "")
	}
	patch := patchOf(changes)
	if record.RedactURLs(patch) != patch {
		a.note("the patch would show a credential that stands in an address beside the edit", "take the credential out of the file first")
		changes, patch = nil, ""
	}
	in := report.Advised{
		Dockerfile: a.head.Dockerfile.Path, Context: a.head.Invocation.Context, Target: a.head.Invocation.Target,
		Commits: a.reached(), MeasuredBy: a.measuredBy(), Advice: advised, Chosen: members, Patch: patch,
		Warnings: a.warnings, Hints: a.hints,
	}
	if o.ExplainRules {
		in.Rules = slices.DeleteFunc(advice.Rules(), unasked)
	}
	r := report.NewAdvice(in)
	if o.Write {
		if err := writeChanges(a.Root, changes); err != nil {
			return err
		}
	}
	return show(env, o, r, changes)
}

// check finds bad input.
func (o AdviseOptions) check() error {
	if !slices.Contains([]string{"", "text", "json", "markdown", "patch", "sarif"}, o.Format) {
		return usage("use text, json, markdown, patch or sarif", "--format %q is unknown", o.Format)
	}
	if o.CommitsGiven && (o.Commits < 1 || o.Commits > settings.MaxCommits) {
		return usage(fmt.Sprintf("give how many commits to replay, 1 to %d", settings.MaxCommits), "--commits %d cannot be replayed", o.Commits)
	}
	for _, name := range o.Rules {
		if !slices.Contains(advice.Rules(), name) {
			return usage("the rules are: "+strings.Join(advice.Rules(), ", "), "there is no rule %q", name)
		}
	}
	return nil
}

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
		a.Root = nonEmpty(git{ctx, a.Context}.run("rev-parse", "--show-toplevel"), workspace)
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
	if g.run("rev-parse", "--is-bare-repository") == "true" {
		return usage("check it out first: git worktree add FOLDER, then name that folder",
			"%q is a bare repository, which has no files to build from", a.Context)
	}
	var known *buildkit.UsageError
	list := strings.Fields(g.run("ls-files", "--", "*Dockerfile", "*.Dockerfile", "*Dockerfile.*", ":!*.dockerignore"))
	if len(list) == 0 || !errors.As(err, &known) {
		return err
	}
	for i, name := range list {
		list[i] = filepath.Join(a.Context, name)
	}
	more := ""
	if n := len(list) - mostNamed; n > 0 {
		list, more = list[:mostNamed], fmt.Sprintf(" and %d more", n)
	}
	return usage("name one with --file: there is "+strings.Join(list, ", ")+more, "%w", err)
}

// mostNamed is how many Dockerfiles a hint names.
const mostNamed = 3

// openHistory opens the history if there is one.
func (a *advising) openHistory() *history.Store {
	dir := nonEmpty(a.AdviseOptions.History, defaultHistory(a.env))
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
	asked.Invocation.Dockerfile = nonEmpty(named, asked.Invocation.Dockerfile)
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

// input is what the rules are asked with.
func (a *advising) input(unasked func(rule string) bool) advice.Input {
	off := slices.Clone(a.off)
	for _, name := range advice.Rules() {
		if unasked(name) {
			off = append(off, name)
		}
	}
	in := advice.Input{Head: a.head, Base: a.base, Past: a.past, Off: off, ReadFile: advisor{context: a.Context}.readFile()}
	if h := a.commits.history; h != nil && len(h.Commits) > 1 {
		every := everyCommit(a.args, a.head, a.base, a.env.getenv)
		in.Replay = a.commits.replayer(h, recipeOf(a.head, a.args, every))
	}
	return in
}

func (a *advising) reached() report.Commits {
	out := report.Commits{Asked: a.AdviseOptions.Commits}
	h := a.commits.history
	if h == nil || len(h.Commits) < 2 {
		return out
	}
	first := h.Commits[1] // the one before is only what it is compared with
	out.Replayed, out.Shallow, out.Oldest, out.Since = len(h.Commits)-1, h.Shallow, first.SHA, first.Time.UTC().Format(time.RFC3339)
	return out
}

func (a *advising) measuredBy() *report.Measurement {
	if a.base == nil {
		return nil
	}
	return &report.Measurement{Commit: a.base.Commit.SHA, StartedAt: a.base.StartedAt.UTC().Format(time.RFC3339)}
}
