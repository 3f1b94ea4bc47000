package github

import (
	"context"
	"fmt"
	"regexp"
	"sort"

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
	owner, repo, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	if !commitForm.MatchString(sha) {
		return nil, fmt.Errorf("finding the pull requests of a commit: %q is no commit", sha)
	}
	var numbers []int
	options := &api.ListOptions{PerPage: pageSize}
	for range pullPages {
		var (
			page []*api.PullRequest
			next int
		)
		err := c.do(ctx, request{
			doing: fmt.Sprintf("finding the pull requests of %s in %s", sha[:12], repository),
			send: func(ctx context.Context) (*api.Response, error) {
				list, resp, err := c.api.PullRequests.ListPullRequestsWithCommit(ctx, owner, repo, sha, options)
				if err == nil {
					page, next = list, resp.NextPage
				}
				return resp, err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, pr := range page {
			if pr.GetState() == "open" && pr.GetHead().GetSHA() == sha {
				numbers = append(numbers, pr.GetNumber())
			}
		}
		if next <= options.Page {
			break
		}
		options.Page = next
	}
	sort.Ints(numbers)
	return numbers, nil
}
