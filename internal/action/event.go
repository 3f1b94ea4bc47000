package action

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// eventSizeLimit bounds the event file. GitHub caps a webhook's payload at
// 25 MB: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
const eventSizeLimit = 25 << 20

// Event is what triggered the workflow and where it runs. Texts are empty where
// the runner or the event says nothing.
type Event struct {
	Name       string // pull_request, push, workflow_run, ...
	Repository string // OWNER/NAME that the workflow runs in
	Private    bool   // the repository is private

	// HeadSHA is the commit that somebody pushed. For a pull request that is
	// not SHA, which is the merge GitHub made of it.
	HeadSHA        string
	HeadRepository string // OWNER/NAME the head was pushed to; a fork's differs
	SHA            string // GITHUB_SHA, the commit checked out by default

	Ref           string // refs/heads/..., refs/tags/..., refs/pull/N/merge
	Branch        string // the head's branch; empty for a tag
	BaseBranch    string // what the pull request or merge group goes into
	DefaultBranch string
	PullRequest   int // number, or 0

	Workflow   string
	Job        string // the job's id in the workflow file
	RunID      string
	RunAttempt string
	RunURL     string // this attempt's page
	ServerURL  string // https://github.com
	APIURL     string // https://api.github.com

	// Built is the run that a workflow_run event tells of.
	Built Run
}

// Run is a run of a workflow.
type Run struct {
	Workflow    string
	ID, Attempt int64
}

// FromFork reports whether the head was pushed to another repository than the
// one the workflow runs in. The token can then only read.
func (e Event) FromFork() bool {
	return e.HeadRepository != "" && !strings.EqualFold(e.HeadRepository, e.Repository)
}

// ReadEvent gathers the event from the variables the runner sets and from the
// file that GITHUB_EVENT_PATH names. An error means that the file is missing,
// too big or no event; the Event is then filled from the variables alone and is
// as good as they are.
func ReadEvent(getenv func(string) string) (Event, error) {
	e := Event{
		Name:       getenv("GITHUB_EVENT_NAME"),
		Repository: validRepository(getenv("GITHUB_REPOSITORY")),
		SHA:        validSHA(getenv("GITHUB_SHA")),
		Ref:        getenv("GITHUB_REF"),
		BaseBranch: getenv("GITHUB_BASE_REF"),
		Branch:     getenv("GITHUB_HEAD_REF"),
		Workflow:   getenv("GITHUB_WORKFLOW"),
		Job:        getenv("GITHUB_JOB"),
		RunID:      getenv("GITHUB_RUN_ID"),
		RunAttempt: getenv("GITHUB_RUN_ATTEMPT"),
		ServerURL:  orDefault(getenv("GITHUB_SERVER_URL"), "https://github.com"),
		APIURL:     orDefault(getenv("GITHUB_API_URL"), "https://api.github.com"),
	}
	e.HeadSHA, e.HeadRepository = e.SHA, e.Repository
	if branch, ok := strings.CutPrefix(e.Ref, "refs/heads/"); ok && e.Branch == "" {
		e.Branch = branch
	}
	if e.Repository != "" && e.RunID != "" {
		e.RunURL = e.ServerURL + "/" + e.Repository + "/actions/runs/" + e.RunID
		if e.RunAttempt != "" {
			e.RunURL += "/attempts/" + e.RunAttempt
		}
	}
	path := getenv("GITHUB_EVENT_PATH")
	if path == "" {
		return e, fmt.Errorf("reading the event: GITHUB_EVENT_PATH is not set")
	}
	p, err := readPayload(path)
	if err != nil {
		return e, fmt.Errorf("reading the event: %w", err)
	}
	if err := e.apply(p); err != nil {
		return e, fmt.Errorf("reading the event %s: %w", path, err)
	}
	return e, nil
}

func readPayload(path string) (payload, error) {
	var p payload
	f, err := os.Open(path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, eventSizeLimit+1))
	if err != nil {
		return p, err
	}
	if len(b) > eventSizeLimit {
		return p, fmt.Errorf("%s is over %d MiB", path, eventSizeLimit>>20)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("parsing %s: %w", path, err)
	}
	return p, nil
}

var (
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$`)
	shaForm        = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

// These go into request paths and URLs, so anything else than GitHub's own
// form counts as absent.
func validRepository(v string) string {
	if repositoryForm.MatchString(v) && !strings.HasSuffix(v, "/.") && !strings.HasSuffix(v, "/..") {
		return v
	}
	return ""
}

func validSHA(v string) string {
	if shaForm.MatchString(v) {
		return v
	}
	return ""
}

func orDefault(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return strings.TrimRight(v, "/")
}

// gitContext is the default context of docker/build-push-action: the commit of
// a branch or tag, and the ref of a pull request, whose merge commit alone
// cannot be fetched. It is empty outside a workflow.
func gitContext(getenv func(string) string) string {
	repository := validRepository(getenv("GITHUB_REPOSITORY"))
	if repository == "" {
		return ""
	}
	ref := getenv("GITHUB_REF")
	if sha := validSHA(getenv("GITHUB_SHA")); sha != "" && !strings.HasPrefix(ref, "refs/pull/") {
		ref = sha
	}
	url := orDefault(getenv("GITHUB_SERVER_URL"), "https://github.com") + "/" + repository + ".git"
	if ref != "" {
		url += "#" + ref
	}
	return url
}
