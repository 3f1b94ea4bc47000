package action

import (
	"cmp"
	"errors"
	"strings"
)

// payload is the part of a webhook's payload we read. Each event fills a few of
// its fields: https://docs.github.com/en/webhooks/webhook-events-and-payloads
type payload struct {
	Repository *struct {
		DefaultBranch string `json:"default_branch"`
		Private       bool   `json:"private"`
	} `json:"repository"`
	PullRequest *struct {
		Number int    `json:"number"`
		Head   branch `json:"head"`
		Base   branch `json:"base"`
	} `json:"pull_request"`
	MergeGroup *struct {
		HeadSHA string `json:"head_sha"`
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	// Workflow is the one that ran, for a workflow_run.
	Workflow struct {
		Name string `json:"name"`
	} `json:"workflow"`
	WorkflowRun *struct {
		ID         int64 `json:"id"`
		RunAttempt int64 `json:"run_attempt"`
		// Name is not the workflow's, but what its run-name makes of it:
		// https://github.com/actions/runner/issues/4141
		Name           string      `json:"name"`
		HeadSHA        string      `json:"head_sha"`
		HeadBranch     string      `json:"head_branch"`
		HeadRepository *repository `json:"head_repository"`
	} `json:"workflow_run"`
}

type branch struct {
	Ref  string      `json:"ref"`
	SHA  string      `json:"sha"`
	Repo *repository `json:"repo"` // null once a fork was deleted
}

type repository struct {
	FullName string `json:"full_name"`
}

// unknownRepository stands for a head repository that the event does not name,
// as after a fork was deleted: it must not pass for our own.
const unknownRepository = "unknown"

func (r *repository) name() string {
	if r == nil || validRepository(r.FullName) == "" {
		return unknownRepository
	}
	return r.FullName
}

// apply overrides what the variables said with what the payload knows better.
func (e *Event) apply(p payload) error {
	if p.Repository != nil {
		e.DefaultBranch = p.Repository.DefaultBranch
		e.Private = p.Repository.Private
	}
	switch {
	case strings.HasPrefix(e.Name, "pull_request"):
		pr := p.PullRequest
		if pr == nil || pr.Number <= 0 || validSHA(pr.Head.SHA) == "" {
			return errors.New("it names no pull request with a number and a head commit")
		}
		e.PullRequest = pr.Number
		e.HeadSHA, e.Branch, e.HeadRepository = pr.Head.SHA, pr.Head.Ref, pr.Head.Repo.name()
		e.BaseBranch = pr.Base.Ref
	case e.Name == "merge_group" && p.MergeGroup != nil:
		if sha := validSHA(p.MergeGroup.HeadSHA); sha != "" {
			e.HeadSHA = sha
		}
		e.BaseBranch = strings.TrimPrefix(p.MergeGroup.BaseRef, "refs/heads/")
	case e.Name == "workflow_run" && p.WorkflowRun != nil:
		sha := validSHA(p.WorkflowRun.HeadSHA)
		if sha == "" {
			return errors.New("it names no head commit")
		}
		e.HeadSHA = sha
		e.Branch = p.WorkflowRun.HeadBranch
		e.HeadRepository = p.WorkflowRun.HeadRepository.name()
		e.Built = Run{Workflow: cmp.Or(p.Workflow.Name, p.WorkflowRun.Name), ID: p.WorkflowRun.ID, Attempt: p.WorkflowRun.RunAttempt}
	}
	return nil
}
