package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	api "github.com/google/go-github/v60/github"
)

const (
	pageSize = 100
	// pageLimit bounds the search on a server that never ends its list; a pull
	// request has at most 2,500 comments.
	pageLimit = 100
)

// comment is what issues and pull requests alike carry.
type comment = api.IssueComment

// own lists our comments with the key, lowest number first, and says on how many
// pages it looked. GitHub lists ascending and filters by nothing that would help.
func (c *Client) own(ctx context.Context, t thread, key string, self author) (found []*comment, pages int, err error) {
	options := &api.IssueListCommentsOptions{ListOptions: api.ListOptions{PerPage: pageSize}}
	for pages = 1; ; pages++ {
		if pages > pageLimit {
			return nil, pages, fmt.Errorf("listing the comments of %s: there are more than %d", t, pageLimit*pageSize)
		}
		var (
			page []*comment
			next int
		)
		err := c.do(ctx, request{
			doing: "listing the comments of " + t.String(),
			send: func(ctx context.Context) (*api.Response, error) {
				list, resp, err := c.api.Issues.ListComments(ctx, t.owner, t.repo, t.number, options)
				if err == nil {
					page, next = list, resp.NextPage
				}
				return resp, err
			},
		})
		if err != nil {
			return nil, pages, err
		}
		for _, cm := range page {
			if marked(cm.GetBody(), key) && self.wrote(cm) {
				found = append(found, cm)
			}
		}
		if next <= options.Page {
			break
		}
		options.Page = next
	}
	slices.SortFunc(found, byNumber)
	return found, pages, nil
}

func byNumber(a, b *comment) int { return cmp.Compare(a.GetID(), b.GetID()) }

func (c *Client) get(ctx context.Context, t thread, id int64) (found *comment, err error) {
	err = c.do(ctx, request{
		doing: fmt.Sprintf("reading comment %d of %s", id, t),
		send: func(ctx context.Context) (resp *api.Response, err error) {
			found, resp, err = c.api.Issues.GetComment(ctx, t.owner, t.repo, id)
			return resp, err
		},
	})
	return found, err
}

func (c *Client) create(ctx context.Context, t thread, body string) (created *comment, err error) {
	err = c.do(ctx, request{
		doing: "creating a comment on " + t.String(),
		fresh: true,
		send: func(ctx context.Context) (resp *api.Response, err error) {
			created, resp, err = c.api.Issues.CreateComment(ctx, t.owner, t.repo, t.number, &comment{Body: &body})
			return resp, err
		},
	})
	return created, err
}

func (c *Client) edit(ctx context.Context, t thread, id int64, body string) error {
	return c.do(ctx, request{
		doing: fmt.Sprintf("editing comment %d on %s", id, t),
		fresh: true,
		send: func(ctx context.Context) (*api.Response, error) {
			_, resp, err := c.api.Issues.EditComment(ctx, t.owner, t.repo, id, &comment{Body: &body})
			return resp, err
		},
	})
}

func (c *Client) remove(ctx context.Context, t thread, id int64) error {
	return c.do(ctx, request{
		doing: fmt.Sprintf("deleting comment %d on %s", id, t),
		send: func(ctx context.Context) (*api.Response, error) {
			return c.api.Issues.DeleteComment(ctx, t.owner, t.repo, id)
		},
	})
}
