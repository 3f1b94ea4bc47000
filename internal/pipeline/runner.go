package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/report"
)

// runner is the GitHub Actions runner, if one runs the program.
type runner struct {
	active  bool
	event   action.Event
	log     *action.Log
	comment action.CommentMode
	token   string
}

// newRunner reads the event and, where the program runs as an action, the
// inputs, which stand for the flags.
func newRunner(env Env, o *BuildOptions) (*runner, error) {
	r := &runner{active: env.inActions(), comment: action.CommentMode(o.Comment), token: o.GitHubToken}
	switch r.comment {
	case "", action.CommentAlways, action.CommentOnLoss, action.CommentNever:
	default:
		return nil, usage("use always, on-loss or never", "--comment %q is unknown", o.Comment)
	}
	if !r.active {
		return r, nil
	}
	r.log = action.NewLog(env.Stdout, nil)
	var err error
	if r.event, err = action.ReadEvent(env.getenv); err != nil {
		r.log.Warning(err.Error())
	}
	if o.Context == "" {
		in, err := action.ReadInputs(env.getenv)
		if err != nil {
			return nil, err
		}
		applyInputs(o, in)
		applySecrets(o, in, r.event)
		r.comment, r.token = in.Comment, nonEmpty(r.token, string(in.GitHubToken))
	}
	r.token = nonEmpty(r.token, env.getenv("GITHUB_TOKEN"))
	if r.comment == "" {
		r.comment = action.CommentOnLoss
	}
	r.log.Mask(r.token)
	return r, nil
}

func applyInputs(o *BuildOptions, in action.Inputs) {
	o.Context, o.File, o.Target = in.Context, in.File, in.Target
	o.BuildArgs, o.BuildContexts = in.BuildArgs, in.BuildContexts
	o.SSH, o.Platforms, o.Tags, o.Outputs = in.SSH, in.Platforms, in.Tags, in.Outputs
	o.Push, o.Load, o.Pull = in.Push, in.Load, in.Pull
	o.CacheFrom, o.CacheTo = in.CacheFrom, in.CacheTo
	o.NoCache, o.NoCacheFilter = in.NoCache, in.NoCacheFilters
	o.Labels, o.Annotations, o.Attests = in.Labels, in.Annotations, in.Attests
	o.Provenance, o.SBOM = in.Provenance, in.SBOM
	o.AddHosts, o.Network, o.Ulimits, o.ShmSize = in.AddHosts, in.Network, in.Ulimit, in.ShmSize
	o.Allow, o.CgroupParent = in.Allow, in.CgroupParent
	o.Builder = nonEmpty(o.Builder, in.Builder)
	o.History = nonEmpty(o.History, in.History)
	o.ReportDir = nonEmpty(o.ReportDir, in.ReportDir)
	o.CostPerMinute = nonEmpty(o.CostPerMinute, in.CostPerMinute)
	o.Verify = o.Verify || in.VerifySuggestions
}

// applySecrets hands the secrets on in memory: a file of them would have to be
// removed again. As docker/build-push-action does, it gives the token to a
// context that is this repository.
func applySecrets(o *BuildOptions, in action.Inputs, e action.Event) {
	o.SecretValues = map[string][]byte{}
	for _, s := range in.Secrets {
		switch {
		case s.Env != "":
			o.Secrets = append(o.Secrets, "id="+s.ID+",env="+s.Env)
		case s.File != "":
			o.Secrets = append(o.Secrets, `id=`+s.ID+`,"src=`+strings.ReplaceAll(s.File, `"`, `""`)+`"`)
		default:
			o.SecretValues[s.ID] = []byte(string(s.Value))
		}
	}
	own := e.ServerURL + "/" + e.Repository + ".git"
	if _, given := o.SecretValues[gitToken]; !given && in.GitHubToken != "" && e.Repository != "" && strings.HasPrefix(in.Context, own) {
		o.SecretValues[gitToken] = []byte(string(in.GitHubToken))
	}
}

// gitToken is the secret that BuildKit takes a git source's token from.
const gitToken = "GIT_AUTH_TOKEN"

// display is where the build's progress goes. In a step's log it stands in a
// fence, so that nothing that a command of the build prints is taken for a
// command to the runner.
func (r *runner) display(env Env) (w io.Writer, end func()) {
	if !r.active {
		return env.Stderr, func() {}
	}
	f, err := r.log.Fence()
	if err != nil {
		r.log.Warning(err.Error())
		return io.Discard, func() {}
	}
	return f, func() { f.Close() }
}

// publish shows the report: on the terminal, or to the runner and on the pull
// request. Nothing that goes wrong here fails the build.
func (r *runner) publish(ctx context.Context, env Env, o BuildOptions, res *buildkit.Result, rep report.Report) {
	if !r.active {
		report.Terminal(env.Stderr, rep, isTerminal(env.Stderr))
		return
	}
	for _, w := range rep.Warnings {
		r.log.Warning(w)
	}
	r.log.Annotate(append(annotations(rep), checkAnnotations(rep)...))
	if err := action.WriteOutputs(env.getenv, nil, outputs(o, res, rep)); err != nil {
		r.log.Warning(err.Error())
	}
	// The summary leaves out what is dismissed on the pull request.
	if err := r.publishPull(ctx, &rep, res.Record.Invocation.Platforms); err != nil {
		r.log.Notice(strings.TrimSpace(err.Error() + ". " + github.Advice(err)))
	}
	if _, err := action.WriteSummary(env.getenv, report.Summary(rep)); err != nil {
		r.log.Warning(err.Error())
	}
}

// links says where the report's lines can be looked at.
func (r *runner) links(dir string) report.Links {
	l := report.Links{Page: filepath.Join(dir, "report.html")}
	if r.active {
		l.Server, l.Repository, l.RunID = r.event.ServerURL, r.event.Repository, r.event.RunID
		l.Commit = nonEmpty(r.event.HeadSHA, r.event.SHA)
	}
	return l
}

func outputs(o BuildOptions, res *buildkit.Result, rep report.Report) action.Outputs {
	out := action.Outputs{
		Digest: res.Digest, ImageID: res.ImageID, Report: o.ReportDir,
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

// annotations marks the lines of the Dockerfile: what lost the cache, and what
// failed.
func annotations(rep report.Report) []action.Annotation {
	var out []action.Annotation
	if f := rep.Build.Failure; f != nil && f.Line > 0 {
		out = append(out, action.Annotation{
			Level: action.LevelError, File: nonEmpty(f.File, rep.Build.Dockerfile), Line: f.Line, EndLine: f.EndLine,
			Title: "The build failed here", Message: f.Message,
		})
	}
	for _, c := range rep.Causes {
		if c.Line == 0 || c.Kind == "first-build" {
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

// publishPull suggests changes on the lines of the pull request and writes the
// sticky comment. Where the token may not write, that is information and no
// failure: the summary says the same.
func (r *runner) publishPull(ctx context.Context, rep *report.Report, platforms []string) error {
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
		onlyUpdate := r.comment == action.CommentOnLoss && rep.Totals.Misses == 0
		most := report.PullSuggestions
		if onlyUpdate {
			most = 0
		}
		fault = r.suggest(ctx, c, n, rep, most)
		_, err = c.Publish(ctx, github.Comment{
			Repository: r.event.Repository, Number: n, Body: report.Comment(*rep),
			// The jobs of a matrix share everything but what they build.
			Key:        github.Key(r.event.Workflow, r.event.Job, rep.Build.Dockerfile, rep.Build.Target, platforms...),
			OnlyUpdate: onlyUpdate,
		})
		if err != nil {
			return err
		}
	}
	return fault
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

func isDir(dir string) bool {
	fi, err := os.Stat(dir)
	return err == nil && fi.IsDir()
}
