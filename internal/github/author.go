package github

import (
	"context"
	"errors"
	"net/http"
	"strings"

	api "github.com/google/go-github/v60/github"
)

// workflowAuthor is who a workflow's own token writes as. No user can register a
// name with brackets.
const workflowAuthor = "github-actions[bot]"

// author is whose comments are ours: by number where it is known, since a user
// can be renamed and another one take the name.
type author struct {
	id    int64
	login string
	bot   bool
}

func (a author) wrote(c *api.IssueComment) bool {
	u := c.GetUser()
	if a.id != 0 {
		return u.GetID() == a.id
	}
	if a.bot && u.GetType() != "Bot" {
		return false
	}
	return strings.EqualFold(u.GetLogin(), a.login)
}

func authorOf(u *api.User) author {
	return author{id: u.GetID(), login: u.GetLogin(), bot: u.GetType() == "Bot"}
}

// self finds out who the token writes as.
func (c *Client) self(ctx context.Context) (author, error) {
	c.mu.Lock()
	known := c.author
	c.mu.Unlock()
	if known != (author{}) {
		return known, nil
	}
	// An installation's token is not worth the question, its answer is 403.
	// https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
	found := author{login: workflowAuthor, bot: true}
	if !strings.HasPrefix(c.token, "ghs_") {
		var user *api.User
		err := c.do(ctx, request{
			doing: "asking GitHub whose token this is",
			send: func(ctx context.Context) (resp *api.Response, err error) {
				user, resp, err = c.api.Users.Get(ctx, "")
				return resp, err
			},
		})
		switch {
		case err == nil && user.GetID() != 0:
			found = authorOf(user)
		case err != nil && !refusedIdentity(err):
			return author{}, err
		}
	}
	c.remember(found)
	return found, nil
}

func (c *Client) remember(a author) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.author = a
}

func refusedIdentity(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != ErrRateLimited &&
		(e.Status == http.StatusForbidden || e.Status == http.StatusNotFound)
}
