package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// BodyLimit is the greatest length of a comment in characters, marker included:
// longer ones are refused with "Body is too long (maximum is 65536 characters)".
const BodyLimit = 65536

// publishPatience is how long a job may stay for its comment. A crowd at a server that
// takes seconds for an answer needs minutes, and they are minutes of a runner.
const publishPatience = 5 * time.Minute

// Comment is what some builds of one commit have to say on a pull request.
type Comment struct {
	Repository string // OWNER/NAME
	Number     int    // of the pull request or issue
	Key        string // from [Key]: the comments of different keys are different ones
	// Commit is the head that was built, in full.
	Commit string
	// Run and Attempt are the workflow run's. A greater run is a later one. A Run of
	// 0 is none: what it says counts as newer than any of the same commit.
	Run, Attempt int64
	// Runs is the web address of a run without its number, as in
	// https://github.com/acme/shop/actions/runs/; empty makes no link.
	Runs     string
	Sections []Section
	// Shared says that other jobs may write the comment at the same time.
	Shared bool
	// Titled shows the title of a section that stands alone too: which leg of a matrix
	// it is cannot be told otherwise.
	Titled bool
}

// Did is what became of a comment.
type Did string

// What [Client.Publish] can have done.
const (
	Created   Did = "created"
	Edited    Did = "edited"
	Unchanged Did = "unchanged" // the comment says this already
	Skipped   Did = "skipped"   // there is none, and all sections are quiet
	Outdated  Did = "outdated"  // the pull request has a newer head
)

// Result is what became of a comment.
type Result struct {
	Did     Did
	ID      int64
	URL     string // the comment's page
	Writes  int    // how often it was written until it stood
	Deleted int    // own duplicates removed
}

// Publish makes the pull request's one comment with the key carry the sections, and
// leaves those that other jobs wrote of the same commit. Sections of other commits
// go, unless a later run wrote them: then there is nothing to do.
//
// A refusal that the caller can do nothing about is an [*Error] with one of the
// sentinels as its reason, or [context.DeadlineExceeded] after five minutes.
func (c *Client) Publish(ctx context.Context, cm Comment) (Result, error) {
	t, err := newThread(cm.Repository, cm.Number)
	if err != nil {
		return Result{}, err
	}
	if !commitForm.MatchString(cm.Commit) {
		return Result{}, fmt.Errorf("commenting on %s: %q is no commit", t, cm.Commit)
	}
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	// A run that ends after the next push has nothing to say any more. Where the
	// head cannot be asked for, what stands in the comment still tells.
	if head, err := c.Head(ctx, cm.Repository, cm.Number); err == nil && commitForm.MatchString(head) && head != cm.Commit {
		return Result{Did: Outdated}, nil
	}
	return newPublication(c, t, cm).run(ctx)
}

// Preview is the text that a comment would get where there is none yet, without its
// markers.
func Preview(cm Comment) string {
	p := newPublication(nil, thread{}, cm)
	p.composer.bare = true
	body, _ := p.composer.compose(p.known)
	return body
}

func tooLong(t thread, body string) error {
	n := utf8.RuneCountInString(body)
	if n <= BodyLimit {
		return nil
	}
	return &Error{
		Doing:  "commenting on " + t.String(),
		Detail: fmt.Sprintf("the comment has %d characters, and GitHub takes %d", n, BodyLimit),
		Reason: ErrTooLong,
	}
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
