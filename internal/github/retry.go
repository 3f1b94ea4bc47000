package github

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	api "github.com/google/go-github/v60/github"
)

const (
	tries        = 4
	firstBackoff = time.Second
	// secondaryWait is what GitHub asks for when a secondary limit names no time.
	// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
	secondaryWait = time.Minute
)

// request is one request to the API.
type request struct {
	doing string
	send  func(context.Context) (*api.Response, error)
	// once keeps a request that creates something from being sent again when it
	// may have succeeded: after a server's error or a lost answer.
	once bool
	// fresh keeps a request from being sent again at all: what it says is out of date
	// after the wait, which the error carries.
	fresh bool
}

// do sends a request, again where that can help, and waits no longer in total
// than the client may.
func (c *Client) do(ctx context.Context, r request) error {
	budget := c.maxWait
	backoff := firstBackoff
	for try := 1; ; try++ {
		sent := c.now()
		resp, err := r.send(ctx)
		c.answered(c.now().Sub(sent))
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return &Error{Doing: r.doing, Detail: ctx.Err().Error(), Reason: ctx.Err()}
		}
		e := c.explain(r.doing, err)
		wait, limited := c.limitWait(resp, err, e)
		switch {
		case limited:
			e.Reason = ErrRateLimited
		case e.Status >= http.StatusInternalServerError || e.Status == 0:
			if r.once {
				return e
			}
			// Jobs of a matrix fail together and should not come back together.
			wait = max(wait, backoff+rand.N(backoff/2))
			backoff *= 2
		default:
			return e
		}
		if e.wait = wait; r.fresh || try == tries || wait > budget {
			return e
		}
		budget -= wait
		if err := c.sleep(ctx, wait); err != nil {
			return &Error{Doing: r.doing, Status: e.Status, Detail: err.Error(), Reason: err}
		}
	}
}

func (c *Client) answered(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slowest = max(c.slowest, after)
}

// slowestAnswer is how long the slowest answer so far took.
func (c *Client) slowestAnswer() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slowest
}

// limitWait returns how long GitHub asks to wait, and whether the request was
// refused for a rate limit.
func (c *Client) limitWait(resp *api.Response, err error, e *Error) (wait time.Duration, limited bool) {
	var (
		primary   *api.RateLimitError
		secondary *api.AbuseRateLimitError
	)
	switch {
	case errors.As(err, &primary):
		return c.until(primary.Rate.Reset.Time), true
	case errors.As(err, &secondary):
		if secondary.RetryAfter != nil {
			return clamp(*secondary.RetryAfter), true
		}
		return secondaryWait, true
	}
	if resp == nil || resp.Response == nil {
		return 0, false
	}
	asked, named := c.retryAfter(resp.Header)
	switch {
	case e.Status == http.StatusTooManyRequests, errors.Is(e.Reason, ErrRateLimited):
		limited = true
	case e.Status == http.StatusForbidden && resp.Header.Get("Retry-After") != "":
		limited = true
	}
	if limited && !named {
		asked = secondaryWait
	}
	return asked, limited
}

func (c *Client) retryAfter(h http.Header) (wait time.Duration, named bool) {
	if v := h.Get("Retry-After"); v != "" {
		if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
			return clamp(time.Duration(seconds) * time.Second), true
		}
		if at, err := http.ParseTime(v); err == nil {
			return c.until(at), true
		}
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			return c.until(time.Unix(at, 0)), true
		}
	}
	return 0, false
}

func (c *Client) until(at time.Time) time.Duration { return clamp(at.Sub(c.now())) }

// clamp adds a little, for a server whose clock is a fraction behind.
func clamp(d time.Duration) time.Duration { return max(d, 0) + 100*time.Millisecond }

func contextReason(err error) error {
	for _, reason := range []error{context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, reason) {
			return reason
		}
	}
	return nil
}
