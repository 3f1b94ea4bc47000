package github

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"
	"unicode/utf8"

	api "github.com/google/go-github/v60/github"
)

// suggestPatience is how long a job may stay for its suggestions: the comment, which
// waits for them, says the same.
const suggestPatience = 2 * time.Minute

// Review is what to suggest on the lines of a pull request.
type Review struct {
	Repository string // OWNER/NAME
	Number     int
	// Commit is the head that was built, or what the built merge brought to the base.
	Commit      string
	Suggestions []Suggested // the best first
	// Most is how many suggestions of ours a pull request carries, over all runs.
	Most int
}

// Outcome names by their keys what became of suggestions. What is in none of the
// lists but Left does not stand on the pull request.
type Outcome struct {
	Posted    []string // by this run
	Known     []string // by an earlier run; brought up to date
	Dismissed []string // somebody resolved the thread
	Left      []string // lines that the diff does not show, or one too many
	// Others is how many of ours stand there, to be committed, that are not among
	// those of this run: other jobs made them, or earlier runs.
	Others int
}

// Suggest puts suggestions on the lines of a pull request's diff, where one click
// commits them, and leaves those that stand there already. A refusal is an
// [*Error], with [context.DeadlineExceeded] as its reason after two minutes; what is
// said of the suggestions in the outcome holds all the same.
func (c *Client) Suggest(ctx context.Context, r Review) (Outcome, error) {
	var out Outcome
	t, err := newThread(r.Repository, r.Number)
	if err != nil || len(r.Suggestions) == 0 {
		return out, err
	}
	ctx, cancel := context.WithTimeout(ctx, suggestPatience)
	defer cancel()
	own, fault := c.suggestions(ctx, t)
	if own == nil && fault != nil {
		// Without knowing what stands there, anything could be said twice.
		for _, s := range r.Suggestions {
			out.Left = append(out.Left, s.Key)
		}
		return out, fault
	}
	var fresh, stand []Suggested
	for _, s := range r.Suggestions {
		named := func(x standing) bool { return x.key == s.Key }
		i := slices.IndexFunc(own, named)
		switch {
		case i < 0:
			fresh = append(fresh, s)
		case slices.ContainsFunc(own, func(x standing) bool { return named(x) && x.resolved }):
			out.Dismissed = append(out.Dismissed, s.Key)
		case own[i].outdated:
			out.Left = append(out.Left, s.Key)
		default:
			out.Known, stand = append(out.Known, s.Key), append(stand, s)
			if err := c.refresh(ctx, t, own[i], s); err != nil && fault == nil {
				fault = err
			}
		}
	}
	for _, x := range own {
		if !x.resolved && !x.outdated && !slices.ContainsFunc(r.Suggestions, func(s Suggested) bool { return s.Key == x.key }) {
			out.Others++
		}
	}
	fitting, left, err := c.placeable(ctx, t, fresh, stand, r.Most-len(own))
	if err != nil && fault == nil {
		fault = err
	}
	out.Left = append(out.Left, left...)
	if len(fitting) == 0 {
		return out, fault
	}
	posted, err := c.post(ctx, t, r, fitting)
	if err != nil && fault == nil {
		fault = err
	}
	for _, s := range fitting {
		if slices.Contains(posted, s.Key) {
			out.Posted = append(out.Posted, s.Key)
		} else {
			out.Left = append(out.Left, s.Key)
		}
	}
	return out, fault
}

// standing is a suggestion of ours on a pull request.
type standing struct {
	id                 int64
	key, body          string
	resolved, outdated bool
}

// suggestions lists ours, the oldest first. An error beside a list means that
// resolved threads are not known. The list is nil only with an error.
func (c *Client) suggestions(ctx context.Context, t thread) ([]standing, error) {
	marked, err := c.markedComments(ctx, t)
	if err != nil {
		return nil, err
	}
	own := []standing{}
	if len(marked) == 0 {
		return own, nil
	}
	states, fault := c.threads(ctx, t)
	var self author
	if fault != nil {
		if self, err = c.self(ctx); err != nil {
			return nil, err
		}
	}
	for _, cm := range marked {
		state, known := states[cm.GetNodeID()]
		if fault == nil && !(known && state.own) || fault != nil && !self.wrote(&comment{User: cm.User}) {
			continue // anybody can write a marker
		}
		key, _ := suggestionKey(cm.GetBody())
		own = append(own, standing{
			id: cm.GetID(), key: key, body: cm.GetBody(), resolved: state.resolved, outdated: cm.Line == nil,
		})
	}
	sort.Slice(own, func(i, j int) bool { return own[i].id < own[j].id })
	return own, fault
}

// markedComments lists the comments on the diff that have our marker.
func (c *Client) markedComments(ctx context.Context, t thread) ([]*api.PullRequestComment, error) {
	var found []*api.PullRequestComment
	options := &api.PullRequestListCommentsOptions{ListOptions: api.ListOptions{PerPage: pageSize}}
	for range pageLimit {
		var next int
		var page []*api.PullRequestComment
		err := c.do(ctx, request{
			doing: "listing the review comments of " + t.String(),
			send: func(ctx context.Context) (*api.Response, error) {
				list, resp, err := c.api.PullRequests.ListComments(ctx, t.owner, t.repo, t.number, options)
				if err == nil {
					page, next = list, resp.NextPage
				}
				return resp, err
			},
		})
		if err != nil {
			return nil, err
		}
		for _, cm := range page {
			if _, ok := suggestionKey(cm.GetBody()); ok && cm.GetInReplyTo() == 0 {
				found = append(found, cm)
			}
		}
		if next <= options.Page {
			return found, nil
		}
		options.Page = next
	}
	return nil, fmt.Errorf("listing the review comments of %s: there are more than %d", t, pageLimit*pageSize)
}

// refresh brings the text of a suggestion up to date.
func (c *Client) refresh(ctx context.Context, t thread, old standing, s Suggested) error {
	body := s.body()
	if stored(old.body) == stored(body) || !s.fits() {
		return nil
	}
	return c.do(ctx, request{
		doing: fmt.Sprintf("editing review comment %d on %s", old.id, t),
		send: func(ctx context.Context) (*api.Response, error) {
			_, resp, err := c.api.PullRequests.EditComment(ctx, t.owner, t.repo, old.id, &api.PullRequestComment{Body: &body})
			return resp, err
		},
	})
}

// fits says whether GitHub takes the text, and a reader sees all of it.
func (s Suggested) fits() bool {
	return s.plain() && utf8.RuneCountInString(s.body()) <= BodyLimit
}

// post makes one review of all of them, which notifies once, and returns the
// keys of those that stand.
func (c *Client) post(ctx context.Context, t thread, r Review, list []Suggested) ([]string, error) {
	var comments []*api.DraftReviewComment
	var keys []string
	for _, s := range list {
		cm := &api.DraftReviewComment{Path: &s.Path, Body: api.String(s.body()), Side: api.String("RIGHT"), Line: &s.End}
		if s.Start < s.End { // GitHub refuses a range of one line
			cm.StartLine, cm.StartSide = &s.Start, api.String("RIGHT")
		}
		comments, keys = append(comments, cm), append(keys, s.Key)
	}
	review := &api.PullRequestReviewRequest{Event: api.String("COMMENT"), Comments: comments}
	if r.Commit != "" { // GitHub takes the head otherwise
		review.CommitID = &r.Commit
	}
	err := c.do(ctx, request{
		doing: "suggesting changes on " + t.String(),
		once:  true,
		send: func(ctx context.Context) (*api.Response, error) {
			_, resp, err := c.api.PullRequests.CreateReview(ctx, t.owner, t.repo, t.number, review)
			return resp, err
		},
	})
	if err != nil && !unanswered(err) {
		return nil, err
	}
	return c.settle(ctx, t, r.Most, keys, err)
}

// settle looks what stands after a review was sent: the answer may have been
// lost, and another job of the same run may have said the same at the same time.
// Whoever came later takes back what is double or too much.
func (c *Client) settle(ctx context.Context, t thread, most int, keys []string, sent error) ([]string, error) {
	own, err := c.suggestions(ctx, t)
	if err != nil {
		if sent == nil {
			return keys, nil // they stand, whatever the list says
		}
		return nil, sent
	}
	var stand []string
	kept := 0
	for _, x := range own {
		double := slices.ContainsFunc(own[:slices.Index(own, x)], func(y standing) bool { return y.key == x.key })
		if !slices.Contains(keys, x.key) || !double && kept < most {
			kept++
			if slices.Contains(keys, x.key) {
				stand = append(stand, x.key)
			}
			continue
		}
		// One that stays does no harm.
		c.do(ctx, request{
			doing: fmt.Sprintf("deleting review comment %d on %s", x.id, t),
			send: func(ctx context.Context) (*api.Response, error) {
				return c.api.PullRequests.DeleteComment(ctx, t.owner, t.repo, x.id)
			},
		})
	}
	if len(stand) == len(keys) {
		sent = nil
	}
	return stand, sent
}
