package github

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	requestTimeout = 30 * time.Second
	redirectLimit  = 3
	// responseLimit is above a full page of comments of the greatest length:
	// 100 times 65,536 characters of up to 4 bytes, and some escapes.
	responseLimit = 64 << 20
)

// guarded returns a client that sends the token to base's host and to no other.
// A renamed repository redirects within the host; go-github's own
// WithAuthToken would add the token to a redirect to anywhere.
func guarded(client *http.Client, base *url.URL, token string) *http.Client {
	if client == nil {
		client = &http.Client{Timeout: requestTimeout}
	}
	guarded := *client
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	guarded.Transport = transport{next: next, base: base, token: token}
	guarded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if !sameHost(req.URL, base) {
			return errors.New("the server redirects to another host")
		}
		if len(via) > redirectLimit {
			return errors.New("the server redirects in circles")
		}
		return nil
	}
	return &guarded
}

type transport struct {
	next  http.RoundTripper
	base  *url.URL
	token string
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if sameHost(req.URL, t.base) {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = limitedBody{Reader: io.LimitReader(resp.Body, responseLimit), Closer: resp.Body}
	return resp, nil
}

func sameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

type limitedBody struct {
	io.Reader
	io.Closer
}
