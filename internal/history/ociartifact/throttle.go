package ociartifact

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"oras.land/oras-go/v2/registry/remote/retry"
)

// patience is how long one request waits in all while the registry says that it is
// asked too often. A Retry-After beyond it, or beyond the time that there is, is not
// waited for: a record is not worth a build's time. So are other errors.
const patience = 3 * time.Second

// firstPause is what is waited before a request is made again, twice as long before the
// next, where the registry names no time.
const firstPause = 250 * time.Millisecond

// throttled says when a request is made again, and has the time that is left for that.
type throttled struct{ left time.Duration }

func newThrottled() retry.Policy { return &throttled{patience} }

// Retry implements retry.Policy. Below zero is no more.
func (p *throttled) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	if err != nil || resp.StatusCode != http.StatusTooManyRequests {
		return -1, nil
	}
	wait := firstPause << min(attempt, 10)
	if after, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
		wait = max(after, firstPause)
	}
	if p.left < wait {
		return -1, nil
	}
	p.left -= wait
	wait += rand.N(wait / 4) // the jobs of a matrix were all refused at once
	if end, ok := resp.Request.Context().Deadline(); ok && time.Until(end) < wait {
		return -1, nil // better an answer that tells why
	}
	return wait, nil
}

// retryAfter reads seconds or a time.
// https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(n, 0), 3600)) * time.Second, true
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(now), true
	}
	return 0, false
}
