package github

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	api "github.com/google/go-github/v60/github"
)

// DefaultBaseURL is the API of github.com.
const DefaultBaseURL = "https://api.github.com"

// Options say how to reach GitHub.
type Options struct {
	Token string
	// BaseURL is the address of the REST API, as in GITHUB_API_URL; empty is
	// [DefaultBaseURL]. GitHub Enterprise Server's ends in /api/v3.
	BaseURL string
	// Author is the login the token writes as, for a GitHub App's token whose
	// app is known, as in "my-app[bot]". Empty means to find out.
	Author string
	// MaxWait bounds the time spent waiting between tries of one operation, rate
	// limits included; 0 is the minute that GitHub asks for after a secondary limit,
	// and a second.
	MaxWait time.Duration
	// HTTPClient carries the requests; nil is a client with a timeout of 30
	// seconds a request.
	HTTPClient *http.Client
	// Sleep waits, or returns the context's error; nil uses a timer.
	Sleep func(context.Context, time.Duration) error
	// Now is the clock for rate limits; nil is time.Now.
	Now func() time.Time
	// Random returns a duration of up to the given one, by which jobs that do the same
	// at the same time part; nil draws it at random.
	Random func(time.Duration) time.Duration
}

// Client speaks with one GitHub server as one author. It is safe for concurrent
// use.
type Client struct {
	api     *api.Client
	token   string
	maxWait time.Duration
	sleep   func(context.Context, time.Duration) error
	now     func() time.Time
	random  func(time.Duration) time.Duration

	mu      sync.Mutex
	author  author // zero until known
	slowest time.Duration
}

// New returns a client. It sends nothing yet.
func New(o Options) (*Client, error) {
	if strings.TrimSpace(o.Token) == "" {
		return nil, errors.New("connecting to GitHub: there is no token")
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("connecting to GitHub: the token holds a character that no token has")
	}
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("connecting to GitHub: %w", err)
	}
	c := &Client{
		api:     api.NewClient(guarded(o.HTTPClient, base, o.Token)),
		token:   o.Token,
		maxWait: o.MaxWait,
		sleep:   o.Sleep,
		now:     o.Now,
		random:  o.Random,
	}
	c.api.BaseURL = base
	c.api.UserAgent = "layercause"
	if c.maxWait == 0 {
		c.maxWait = secondaryWait + time.Second
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.random == nil {
		c.random = func(most time.Duration) time.Duration { return rand.N(most) }
	}
	if o.Author != "" {
		c.author = author{login: o.Author, bot: strings.HasSuffix(o.Author, "[bot]")}
	}
	return c, nil
}

func baseURL(text string) (*url.URL, error) {
	if text == "" {
		text = DefaultBaseURL
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the API's address is not a URL")
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the API's address %q is not of the form https://HOST[/PATH]", u.Redacted())
	}
	// go-github resolves paths against it, which drops a last part without slash.
	u.Path = strings.TrimRight(u.Path, "/") + "/"
	return u, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
