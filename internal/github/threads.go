package github

import (
	"context"
	"net/http"
	"strings"

	api "github.com/google/go-github/v60/github"
)

// threadState is what the REST API does not tell of the comment that starts a
// thread.
type threadState struct {
	own      bool
	resolved bool
}

// threadsQuery asks who started each thread, and whether it is resolved. That a
// viewer is asked for, and not a name, works for every kind of token.
const threadsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { isResolved comments(first: 1) { nodes { id viewerDidAuthor } } }
      }
    }
  }
}`

type threadsAnswer struct {
	Data struct {
		Repository struct {
			PullRequest struct {
				ReviewThreads struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
					Nodes []struct {
						IsResolved bool
						Comments   struct {
							Nodes []struct {
								ID              string
								ViewerDidAuthor bool
							}
						}
					}
				}
			}
		}
	}
	Errors []struct{ Type, Message string }
}

// threads returns the states by the node number of each thread's first comment.
// It is asked of the GraphQL API: the REST API has no resolved threads.
func (c *Client) threads(ctx context.Context, t thread) (map[string]threadState, error) {
	states := map[string]threadState{}
	variables := map[string]any{"owner": t.owner, "name": t.repo, "number": t.number}
	doing := "asking for the resolved threads of " + t.String()
	for range pageLimit {
		var answer threadsAnswer
		err := c.do(ctx, request{doing: doing, send: func(ctx context.Context) (*api.Response, error) {
			req, err := c.api.NewRequest(http.MethodPost, c.graphqlPath(), map[string]any{
				"query": threadsQuery, "variables": variables,
			})
			if err != nil {
				return nil, err
			}
			answer = threadsAnswer{}
			return c.api.Do(ctx, req, &answer)
		}})
		if err != nil {
			return nil, err
		}
		if len(answer.Errors) > 0 { // with status 200
			first := answer.Errors[0]
			e := &Error{Doing: doing, Detail: c.clean(first.Message)}
			switch first.Type {
			case "RATE_LIMITED":
				e.Reason = ErrRateLimited
			case "FORBIDDEN":
				e.Reason = ErrReadOnly
			case "NOT_FOUND":
				e.Reason = ErrNotFound
			}
			return nil, e
		}
		page := answer.Data.Repository.PullRequest.ReviewThreads
		for _, n := range page.Nodes {
			for _, cm := range n.Comments.Nodes {
				states[cm.ID] = threadState{own: cm.ViewerDidAuthor, resolved: n.IsResolved}
			}
		}
		if !page.PageInfo.HasNextPage || page.PageInfo.EndCursor == variables["after"] {
			break
		}
		variables["after"] = page.PageInfo.EndCursor
	}
	return states, nil
}

// graphqlPath is relative to the REST API's address: GitHub Enterprise Server
// has /api/graphql beside /api/v3.
func (c *Client) graphqlPath() string {
	if strings.HasSuffix(c.api.BaseURL.Path, "/v3/") {
		return "../graphql"
	}
	return "graphql"
}
