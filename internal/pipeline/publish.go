package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// publish shows the report: on the terminal, or to the runner and on the pull
// request. Nothing that goes wrong here fails the build.
func (r *runner) publish(ctx context.Context, env Env, o BuildOptions, res *buildkit.Result, rep report.Report) {
	if !r.active {
		report.Terminal(env.Stderr, rep, isTerminal(env.Stderr))
		return
	}
	r.told = res.Err != nil
	r.annotate(ctx, o, rep)
	for _, w := range rep.Warnings { // where annotations ran out they are plain lines
		r.log.Warning(w)
	}
	if err := action.WriteOutputs(env.getenv, nil, r.outputs(o, res, rep)); err != nil {
		r.log.Warning(err.Error())
	}
	// The summary leaves out what is dismissed on the pull request.
	if err := r.publishPull(ctx, &rep, res.Record); err != nil {
		r.log.Notice(strings.TrimSpace(err.Error() + ". " + github.Advice(err)))
	}
	if _, err := action.WriteSummary(env.getenv, report.Summary(rep)); err != nil {
		r.log.Warning(err.Error())
	}
}

func (r *runner) outputs(o BuildOptions, res *buildkit.Result, rep report.Report) action.Outputs {
	out := action.Outputs{
		Digest: res.Digest, ImageID: res.ImageID, Report: r.folders.Host(o.ReportDir),
		Measured: len(rep.Steps) > 0, HitRate: rep.Totals.HitRate,
		SavedSeconds: rep.Totals.SavedSeconds, LostSeconds: rep.Totals.LostSeconds,
	}
	if len(res.Metadata) > 0 {
		if dt, err := json.MarshalIndent(res.Metadata, "", "  "); err == nil {
			out.Metadata = string(dt)
		}
	}
	return out
}

// publishPull suggests changes on the lines of the pull request and writes the
// build's section of the sticky comment. Where the token may not write, that is
// information and no failure: the summary says the same.
func (r *runner) publishPull(ctx context.Context, rep *report.Report, head *record.Record) error {
	if r.comment == action.CommentNever || r.token == "" {
		return nil
	}
	c, err := github.New(github.Options{Token: r.token, BaseURL: r.event.APIURL})
	if err != nil {
		return err
	}
	numbers := []int{r.event.PullRequest}
	if r.event.PullRequest == 0 {
		if r.event.Name != "push" {
			return nil
		}
		if numbers, err = c.PullRequests(ctx, r.event.Repository, r.event.SHA); err != nil {
			return err
		}
	}
	var fault error
	for _, n := range numbers {
		most := report.PullSuggestions
		if r.quiet(*rep) {
			most = 0
		}
		fault = cmp.Or(fault, r.suggest(ctx, c, n, rep, most))
		comment := r.commentOn(n)
		comment.Sections = []github.Section{r.section(*rep, head)}
		comment.Shared = jobOf(head).Matrix != ""
		comment.Titled = comment.Shared
		res, err := c.Publish(ctx, comment)
		switch {
		case errors.Is(err, github.ErrLocked):
			fault = cmp.Or(fault, err) // the next one's conversation may be open
		case err != nil:
			return err
		default:
			r.say(res)
		}
	}
	return fault
}
