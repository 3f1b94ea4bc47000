package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	api "github.com/google/go-github/v60/github"
)

// What a caller can tell apart with errors.Is. None of them is the build's fault.
var (
	// ErrReadOnly means that the token may not do this: it comes from a fork or
	// from Dependabot, or the workflow did not ask for the permission.
	ErrReadOnly = errors.New("the token may not write here")
	// ErrBadToken means that GitHub does not know the token, or no longer.
	ErrBadToken = errors.New("the token is not valid")
	// ErrLocked means that the conversation is locked.
	ErrLocked = errors.New("the conversation is locked")
	// ErrNotFound means that there is no such thing, or that the token must not
	// know of it: GitHub answers both alike.
	ErrNotFound = errors.New("not found")
	// ErrRateLimited means that GitHub asks to wait longer than we may.
	ErrRateLimited = errors.New("the rate limit is used up")
	// ErrTooLong means that the text is over [BodyLimit].
	ErrTooLong = errors.New("the comment is too long")
	// ErrContended means that others wrote over the comment again and again.
	ErrContended = errors.New("other jobs wrote over the comment again and again")
)

// Error is a refusal or a failure of one request.
type Error struct {
	Doing  string // as in "creating a comment on acme/shop#7"
	Status int    // HTTP status, or 0 when there was no answer
	Detail string // GitHub's message, or what went wrong on the way
	Reason error  // one of the sentinels, a context's error, or nil

	wait time.Duration // after which another try may help; 0 is that none will
}

// Error never holds the token.
func (e *Error) Error() string {
	text := e.Doing + ":"
	if e.Status != 0 {
		text += fmt.Sprintf(" %d", e.Status)
	}
	if e.Detail != "" {
		text += " " + e.Detail
	} else if e.Reason != nil {
		text += " " + e.Reason.Error()
	}
	return text
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Reason }

// Advice says in one sentence what the user can do about an error of this
// package; it is empty when there is nothing.
func Advice(err error) string {
	switch {
	case errors.Is(err, ErrReadOnly):
		return "Give the job `permissions: pull-requests: write`. A pull request from a fork or from Dependabot " +
			"always gets a read-only token: its report is in the step's summary."
	case errors.Is(err, ErrBadToken):
		return "Remove the github-token input to use the workflow's own token, or renew the token it holds."
	case errors.Is(err, ErrLocked):
		return "Unlock the conversation to get a comment; the report is in the step's summary."
	case errors.Is(err, ErrNotFound):
		return "Check that the token can see this repository and has `pull-requests: write`."
	case errors.Is(err, ErrRateLimited):
		return "Run the job again later; the report is in the step's summary."
	case errors.Is(err, ErrContended):
		return "Let one last job comment for all, with `layercause comment`; the report is in the step's summary."
	case errors.Is(err, ErrTooLong), errors.Is(err, context.DeadlineExceeded):
		return "The report is in the step's summary."
	}
	return ""
}

// explain turns what go-github returned into an Error.
func (c *Client) explain(doing string, err error) *Error {
	e := &Error{Doing: doing}
	var (
		answer    *api.ErrorResponse
		primary   *api.RateLimitError
		secondary *api.AbuseRateLimitError
	)
	switch {
	case errors.As(err, &primary):
		e.Status, e.Detail, e.Reason = status(primary.Response), primary.Message, ErrRateLimited
	case errors.As(err, &secondary):
		e.Status, e.Detail, e.Reason = status(secondary.Response), secondary.Message, ErrRateLimited
	case errors.As(err, &answer):
		e.Status = status(answer.Response)
		e.Detail = answer.Message
		for _, part := range answer.Errors {
			if part.Message != "" {
				e.Detail += "; " + part.Message
			}
		}
		e.Reason = reason(e.Status, e.Detail)
	default:
		e.Detail = err.Error()
		e.Reason = contextReason(err)
	}
	e.Detail = c.clean(e.Detail)
	if e.Detail == "" {
		e.Detail = http.StatusText(e.Status)
	}
	return e
}

func status(r *http.Response) int {
	if r == nil {
		return 0
	}
	return r.StatusCode
}

func reason(status int, message string) error {
	message = strings.ToLower(message)
	switch {
	case status == http.StatusUnauthorized:
		return ErrBadToken
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status == http.StatusForbidden && strings.Contains(message, "locked"):
		return ErrLocked
	case status == http.StatusForbidden && strings.Contains(message, "rate limit"):
		return ErrRateLimited
	case status == http.StatusForbidden:
		// "Resource not accessible by integration", and the like for other tokens.
		return ErrReadOnly
	case status == http.StatusNotFound || status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusUnprocessableEntity && strings.Contains(message, "too long"):
		return ErrTooLong
	}
	return nil
}

// clean makes a text from the network fit for one line of a log.
func (c *Client) clean(text string) string {
	const most = 300
	text = strings.ReplaceAll(text, c.token, "***")
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}
