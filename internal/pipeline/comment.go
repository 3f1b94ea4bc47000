package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// CommentOptions are the flags of the comment command.
type CommentOptions struct {
	// Records are files, folders that hold some, and zip files of artifacts.
	Records     []string
	GitHubToken string
	// Repository, PullRequest and Commit say outside of Actions what Actions' event says.
	Repository  string // OWNER/NAME
	PullRequest int
	Commit      string // the head that was built; empty is the pull request's
	Workflow    string // whose comment it is
	Comment     string // always, on-loss or never
	ReportDir   string // empty: no files
	// CostPerMinute is a price such as 0.008EUR; empty is none.
	CostPerMinute string
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$`)
	errNoRecord    = errors.New("none of the records can be used")
)

// Comment publishes the reports of builds that have ended, from their records. It
// checks nothing out, builds nothing, and reads nothing of the repository: the
// records may be of a pull request that nobody has looked at.
func Comment(ctx context.Context, env Env, o CommentOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := comment(ctx, env, o); err != nil {
		return classify(err)
	}
	return nil
}

// commenting is one run of the command.
type commenting struct {
	*runner
	env   Env
	price timing.Price
	// warnings are of records that could not be used.
	warnings []string
	builds   []commented
}

// commented is a build with its report. Of its record only what names it is kept: a
// hundred of them may be large.
type commented struct {
	report report.Report
	head   *record.Record
}

func comment(ctx context.Context, env Env, o CommentOptions) error {
	c := &commenting{env: env}
	var err error
	if c.price, err = parsePrice(o.CostPerMinute); err != nil {
		return err
	}
	if len(o.Records) == 0 {
		return usage("name a record.json.zst, or a folder or zip file that holds it", "there is no record to comment on")
	}
	for _, path := range o.Records {
		if _, err := os.Stat(path); err != nil {
			return usage("name a record.json.zst that a build wrote, or a folder or zip file that holds it", "there is no record at %q", path)
		}
	}
	if c.runner, err = newCommenter(env, o); err != nil {
		return err
	}
	client, numbers, fault := c.pulls(ctx)
	if fault == nil && !c.active && client != nil && c.event.HeadSHA == "" {
		if c.event.HeadSHA, fault = client.Head(ctx, c.event.Repository, c.event.PullRequest); fault != nil {
			numbers = nil
		}
	}
	c.read(ctx, o.Records)
	for _, w := range c.warnings {
		c.warn(w)
	}
	if len(c.builds) == 0 {
		return &Error{ExitFailed, errNoRecord, "the warnings say what is wrong with each"}
	}
	unwritten := c.write(o.ReportDir, len(numbers) > 0)
	for _, n := range numbers {
		err := c.publishOn(ctx, client, n)
		fault = cmp.Or(fault, err)
		if err != nil && !errors.Is(err, github.ErrLocked) { // the next one's conversation may be open
			break
		}
	}
	if fault != nil {
		c.note(strings.TrimSpace(fault.Error() + ". " + github.Advice(fault)))
	}
	return unwritten
}

// newCommenter is the runner, or what the flags say in place of one.
func newCommenter(env Env, o CommentOptions) (*runner, error) {
	build := BuildOptions{GitHubToken: o.GitHubToken, Comment: o.Comment}
	build.Context = "." // the inputs are of a build
	r, err := newRunner(env, &build)
	if err != nil {
		return nil, err
	}
	given := o.Repository != "" || o.PullRequest != 0 || o.Commit != "" || o.Workflow != ""
	switch {
	case r.active && given:
		return nil, usage("leave --repository, --pull-request, --commit and --workflow out", "in a GitHub Actions job its event says where to comment")
	case r.active:
		if b := r.event.Built; b.ID != 0 {
			// The comment is that of the workflow that built.
			r.event.Workflow, r.event.RunID, r.event.RunAttempt = b.Workflow, fmt.Sprint(b.ID), fmt.Sprint(b.Attempt)
		}
		return r, nil
	case !given:
		return r, nil
	case !repositoryName.MatchString(o.Repository):
		return nil, usage("give it as OWNER/NAME", "--repository %q names no repository", o.Repository)
	case o.PullRequest <= 0:
		return nil, usage("give the number of the pull request", "--pull-request is missing or no number above 0")
	case o.Commit != "" && !isSHA(o.Commit):
		return nil, usage("give the commit's full hash", "--commit %q is no commit", o.Commit)
	}
	if r.token = cmp.Or(o.GitHubToken, env.getenv("GITHUB_TOKEN")); r.token == "" {
		return nil, usage("give it with --github-token or as GITHUB_TOKEN", "there is no token to comment with")
	}
	r.event = action.Event{
		Repository: o.Repository, PullRequest: o.PullRequest, HeadSHA: o.Commit, Workflow: o.Workflow,
		ServerURL: cmp.Or(env.getenv("GITHUB_SERVER_URL"), "https://github.com"), APIURL: env.getenv("GITHUB_API_URL"),
	}
	return r, nil
}

// pulls finds the pull requests to comment on: by the event, and never by what a
// record says.
func (c *commenting) pulls(ctx context.Context) (*github.Client, []int, error) {
	if c.comment == action.CommentNever || c.token == "" || c.event.Repository == "" {
		return nil, nil, nil
	}
	client, err := github.New(github.Options{Token: c.token, BaseURL: c.event.APIURL})
	if err != nil {
		return nil, nil, err
	}
	var numbers []int
	switch e := c.event; {
	case e.PullRequest != 0:
		return client, []int{e.PullRequest}, nil
	case e.Name == "push":
		numbers, err = client.PullRequests(ctx, e.Repository, e.SHA)
	case e.Name == "workflow_run" && !repositoryName.MatchString(e.HeadRepository):
		c.log.Print("the fork that was built is gone, and its pull request cannot be found: there is none to comment on")
		return client, nil, nil
	case e.Name == "workflow_run":
		numbers, err = client.PullRequestsFrom(ctx, e.Repository, github.Branch{Repository: e.HeadRepository, Name: e.Branch, SHA: e.HeadSHA})
	default:
		return client, nil, nil
	}
	if err == nil && len(numbers) == 0 {
		c.log.Print("no open pull request has " + shortCommit(c.event.HeadSHA) + " as its head: there is none to comment on")
	}
	return client, numbers, err
}

// shortCommit is a commit as messages show it.
func shortCommit(sha string) string { return sha[:min(len(sha), 12)] }

// publishOn writes the sections of all builds on a pull request.
func (c *commenting) publishOn(ctx context.Context, client *github.Client, number int) error {
	res, err := client.Publish(ctx, c.whole(number))
	if err == nil {
		c.say(res)
	}
	return err
}

// say tells what became of the comment, for who reads the log.
func (r *runner) say(res github.Result) {
	if r.log == nil || res.Did != github.Outdated {
		return
	}
	r.log.Print("the pull request has a newer commit by now: its comment is left to that one's build")
}

// whole is the comment with all builds.
func (c *commenting) whole(number int) github.Comment {
	cm := c.commentOn(number)
	for _, b := range c.builds {
		cm.Sections = append(cm.Sections, c.section(b.report, b.head))
		cm.Titled = cm.Titled || jobOf(b.head).Matrix != ""
	}
	return cm
}

// write shows the reports where they need no token: in the job's summary, in files,
// and on a terminal if there is no pull request.
func (c *commenting) write(dir string, published bool) error {
	var summaries []string
	for _, b := range c.builds {
		summaries = append(summaries, report.Summary(b.report))
	}
	text := github.Preview(c.whole(1)) + "\n"
	if c.active {
		if _, err := action.WriteSummary(c.env.getenv, summaries...); err != nil {
			c.warn(err.Error())
		}
	} else if !published {
		if _, err := io.WriteString(c.env.Stdout, text); err != nil {
			return fmt.Errorf("writing the comment: %w", err)
		}
	}
	if dir == "" {
		return nil
	}
	err := os.MkdirAll(dir, 0o755)
	for name, text := range map[string]string{"comment.md": text, "summary.md": strings.Join(summaries, "\n")} {
		if err == nil {
			err = writeFile(filepath.Join(dir, name), func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
		}
	}
	if err != nil {
		return reportUnwritten(err)
	}
	return nil
}

func (c *commenting) warn(message string) {
	if c.active {
		c.log.Warning(message)
		return
	}
	fmt.Fprintln(c.env.Stderr, "warning: "+printable(message))
}

func (c *commenting) note(message string) {
	if c.active {
		c.log.Notice(message)
		return
	}
	fmt.Fprintln(c.env.Stderr, "notice: "+printable(message))
}
