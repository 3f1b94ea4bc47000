package github

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strings"

	api "github.com/google/go-github/v60/github"
)

// pullPages bounds how far open pull requests of one commit are looked for.
const pullPages = 5

var commitForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// PullRequests returns the numbers, ascending, of the open pull requests whose
// head is the commit. A push event names none, although the push may well be to
// a branch that has one. A pull request that merely contains the commit is not
// meant: its head has a build of its own.
func (c *Client) PullRequests(ctx context.Context, repository, sha string) ([]int, error) {
	if !commitForm.MatchString(sha) {
		return nil, fmt.Errorf("finding the pull requests of a commit: %q is no commit", sha)
	}
	return c.openPulls(ctx, repository, sha, func(ctx context.Context, owner, repo string, page int) ([]*api.PullRequest, *api.Response, error) {
		return c.api.PullRequests.ListPullRequestsWithCommit(ctx, owner, repo, sha, &api.ListOptions{PerPage: pageSize, Page: page})
	}, func(*api.PullRequest) bool { return true })
}

// Branch is where a pull request comes from.
type Branch struct {
	Repository string // OWNER/NAME, which is a fork's own
	Name       string
	SHA        string // the commit that was built
}

// PullRequestsFrom returns the numbers, ascending, of the open pull requests of
// the repository that come from the branch and have its commit as their head. It
// finds those from forks, which [Client.PullRequests] does not: their commits are
// not the repository's own.
func (c *Client) PullRequestsFrom(ctx context.Context, repository string, from Branch) ([]int, error) {
	owner, _, err := splitRepository(from.Repository)
	if err != nil {
		return nil, err
	}
	if !commitForm.MatchString(from.SHA) || from.Name == "" {
		return nil, fmt.Errorf("finding the pull requests of a branch: %q at %q is none", from.Name, from.SHA)
	}
	return c.openPulls(ctx, repository, from.SHA, func(ctx context.Context, base, repo string, page int) ([]*api.PullRequest, *api.Response, error) {
		return c.api.PullRequests.List(ctx, base, repo, &api.PullRequestListOptions{
			State: "open", Head: owner + ":" + from.Name, ListOptions: api.ListOptions{PerPage: pageSize, Page: page},
		})
	}, func(pr *api.PullRequest) bool {
		// GitHub has been seen to answer with more than was asked for.
		h := pr.GetHead()
		return h.GetRef() == from.Name && strings.EqualFold(h.GetRepo().GetFullName(), from.Repository)
	})
}

// openPulls pages through a list and keeps the open pull requests with this head.
func (c *Client) openPulls(ctx context.Context, repository, sha string,
	list func(ctx context.Context, owner, repo string, page int) ([]*api.PullRequest, *api.Response, error),
	meant func(*api.PullRequest) bool,
) ([]int, error) {
	owner, repo, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for at := 1; at <= pullPages; {
		var (
			page []*api.PullRequest
			next int
		)
		err := c.do(ctx, request{
			doing: fmt.Sprintf("finding the pull requests of %s in %s", sha[:12], repository),
			send: func(ctx context.Context) (*api.Response, error) {
				found, resp, err := list(ctx, owner, repo, at)
				if err == nil {
					page, next = found, resp.NextPage
				}
				return resp, err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, pr := range page {
			if pr.GetState() == "open" && pr.GetHead().GetSHA() == sha && meant(pr) {
				numbers = append(numbers, pr.GetNumber())
			}
		}
		if next <= at {
			break
		}
		at = next
	}
	sort.Ints(numbers)
	return numbers, nil
}

// Head returns the commit at the head of a pull request.
func (c *Client) Head(ctx context.Context, repository string, number int) (sha string, err error) {
	t, err := newThread(repository, number)
	if err != nil {
		return "", err
	}
	err = c.do(ctx, request{
		doing: "asking for the head of " + t.String(),
		send: func(ctx context.Context) (*api.Response, error) {
			pr, resp, err := c.api.PullRequests.Get(ctx, t.owner, t.repo, t.number)
			if err == nil {
				sha = pr.GetHead().GetSHA()
			}
			return resp, err
		},
	})
	return sha, err
}
