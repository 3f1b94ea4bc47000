package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// BodyLimit is the greatest length of a comment in characters, marker included:
// longer ones are refused with "Body is too long (maximum is 65536 characters)".
const BodyLimit = 65536

const (
	publishRounds  = 3
	duplicateLimit = 20 // deleted at most in one go
)

// Comment is the text to keep on a pull request.
type Comment struct {
	Repository string // OWNER/NAME
	Number     int    // of the pull request or issue
	Key        string // from [Key]
	Body       string // Markdown
	// OnlyUpdate edits the comment if there is one and creates none.
	OnlyUpdate bool
}

// Did is what became of a comment.
type Did string

// What [Client.Publish] can have done.
const (
	Created   Did = "created"
	Edited    Did = "edited"
	Unchanged Did = "unchanged" // the comment says this already
	Skipped   Did = "skipped"   // there is none, and OnlyUpdate was set
)

// Result is what became of a comment.
type Result struct {
	Did     Did
	ID      int64
	URL     string // the comment's page
	Deleted int    // own duplicates removed
}

// Publish makes the pull request carry the comment, once. A refusal that the
// caller can do nothing about is an [*Error] with one of the sentinels as its
// reason.
func (c *Client) Publish(ctx context.Context, cm Comment) (Result, error) {
	t, err := newThread(cm.Repository, cm.Number)
	if err != nil {
		return Result{}, err
	}
	body := withMarker(cm.Key, cm.Body)
	if n := utf8.RuneCountInString(body); n > BodyLimit {
		return Result{}, &Error{
			Doing:  "commenting on " + t.String(),
			Detail: fmt.Sprintf("the comment has %d characters, and GitHub takes %d", n, BodyLimit),
			Reason: ErrTooLong,
		}
	}
	for round := 1; ; round++ {
		res, again, err := c.publish(ctx, t, cm, body)
		if err == nil || !again || round == publishRounds {
			return res, err
		}
		if err := c.sleep(ctx, firstBackoff); err != nil {
			return Result{}, &Error{Doing: "commenting on " + t.String(), Detail: err.Error(), Reason: err}
		}
	}
}

// publish is one round. again says that the error may be gone when the comments
// are listed anew: one vanished, or one may have been created after all.
func (c *Client) publish(ctx context.Context, t thread, cm Comment, body string) (res Result, again bool, err error) {
	self, err := c.self(ctx)
	if err != nil {
		return Result{}, false, err
	}
	own, err := c.own(ctx, t, cm.Key, self)
	if err != nil {
		return Result{}, false, err
	}
	if len(own) == 0 {
		if cm.OnlyUpdate {
			return Result{Did: Skipped}, false, nil
		}
		created, err := c.create(ctx, t, body)
		if err != nil {
			return Result{}, unanswered(err), err
		}
		res = Result{Did: Created, ID: created.GetID(), URL: created.GetHTMLURL()}
		if created.GetUser().GetID() == 0 {
			return res, false, nil
		}
		// Now it is certain who we are. Another run may have been faster.
		self = authorOf(created.GetUser())
		c.remember(self)
		own, err = c.own(ctx, t, cm.Key, self)
		if err != nil || len(own) == 0 || own[0].GetID() >= created.GetID() {
			return res, false, nil // the comment stands, whatever the list says
		}
	}
	first := own[0]
	res = Result{Did: Unchanged, ID: first.GetID(), URL: first.GetHTMLURL()}
	if !sameText(first.GetBody(), body) {
		if err := c.edit(ctx, t, first.GetID(), body); err != nil {
			return Result{}, errors.Is(err, ErrNotFound), err
		}
		res.Did = Edited
	}
	// Its text is safe, so the others can go. One that stays does no harm.
	for _, duplicate := range own[1:min(len(own), duplicateLimit+1)] {
		if c.remove(ctx, t, duplicate.GetID()) == nil {
			res.Deleted++
		}
	}
	return res, false, nil
}

// unanswered reports whether a request may have been carried out although it
// returned an error.
func unanswered(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == 0 || e.Status >= 500) && contextReason(err) == nil
}

// thread is the conversation of a pull request or an issue.
type thread struct {
	owner, repo string
	number      int
}

func newThread(repository string, number int) (thread, error) {
	owner, repo, err := splitRepository(repository)
	if err != nil {
		return thread{}, err
	}
	if number <= 0 {
		return thread{}, fmt.Errorf("commenting on %s: %d is no pull request's number", repository, number)
	}
	return thread{owner: owner, repo: repo, number: number}, nil
}

func (t thread) String() string { return fmt.Sprintf("%s/%s#%d", t.owner, t.repo, t.number) }

func splitRepository(repository string) (owner, repo string, err error) {
	owner, repo, _ = strings.Cut(repository, "/")
	for _, part := range []string{owner, repo} {
		if part == "" || part == "." || part == ".." || strings.ContainsFunc(part, notInName) {
			return "", "", fmt.Errorf("addressing GitHub: %q is not of the form OWNER/NAME", repository)
		}
	}
	return owner, repo, nil
}

func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
}
