package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
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
	// Verify proves the suggestions by builds on this builder.
	Verify  bool
	Builder string
	TLS     builder.TLS
}

// Advise suggests edits for a repository. It needs no builder but for Verify.
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
	a.judgeBuilds(ctx, advised.Builds)
	advised, err := a.verify(ctx, advised)
	if err != nil {
		return err
	}
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
	if o.Context == "-" || o.File == "-" {
		return usage("name a folder, and with --file a file of it: a suggestion is an edit of what lies in a repository",
			"standard input cannot be advised on")
	}
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
	return readable(o.History)
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
	in.Workflows = readWorkflows(a.Root)
	if h := a.commits.history; h != nil && len(h.Commits) > 1 {
		a.every = everyCommit(a.args, a.head, a.base, a.env.getenv)
		a.askWorkflows(in.Workflows)
		in.Replay, in.Today = a.commits.replayers(h, recipeOf(a.head, a.args, a.every))
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
