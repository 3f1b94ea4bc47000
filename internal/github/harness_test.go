package github_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

const (
	repository = "acme/shop"
	number     = 7
	headSHA    = "0123456789abcdef0123456789abcdef01234567"
)

func start(t *testing.T, o githubtest.Options) *githubtest.Server {
	t.Helper()
	gh := githubtest.Start(t, o)
	gh.AddPull(repository, number, headSHA)
	return gh
}

// served makes a server listen that may break GitHub's description.
func served(t *testing.T, gh *githubtest.Server) *githubtest.Server {
	t.Helper()
	listener := httptest.NewServer(gh)
	t.Cleanup(listener.Close)
	gh.URL = listener.URL
	gh.AddPull(repository, number, headSHA)
	return gh
}

func client(t *testing.T, gh *githubtest.Server) *github.Client {
	t.Helper()
	return clientWith(t, gh, github.Options{})
}

// clientWith never really waits: what it was asked to wait for is checked where
// that matters.
func clientWith(t *testing.T, gh *githubtest.Server, o github.Options) *github.Client {
	t.Helper()
	o.BaseURL = gh.URL
	if o.Token == "" {
		o.Token = githubtest.WorkflowToken
	}
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	c, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// comment is that of one build.
func comment(body string) github.Comment {
	return github.Comment{
		Repository: repository, Number: number, Key: key(), Commit: headSHA, Run: 100, Attempt: 1,
		Sections: []github.Section{section("build", body)},
	}
}

func key() string { return github.Key("ci") }

func section(job, body string) github.Section {
	return github.Section{
		Key: github.Key(job, "Dockerfile", ""), Title: "`" + job + "`", State: github.Loud,
		Text: func(int) string { return body },
	}
}

// says reports whether a section of the comment has exactly this text.
func says(comment, text string) bool { return strings.Contains(comment, " -->\n"+text+"\n\n<!-- /") }

func marker() string { return "<!-- layercause:" + key() + " -->" }

func publish(t *testing.T, c *github.Client, body string) github.Result {
	t.Helper()
	res, err := c.Publish(t.Context(), comment(body))
	if err != nil {
		t.Fatalf("publishing: %v", err)
	}
	return res
}

func sent(gh *githubtest.Server, method string) (n int) {
	for _, r := range gh.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func before(method string, do func()) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == method {
			do()
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

func wantReason(t *testing.T, err, reason error) {
	t.Helper()
	var e *github.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *github.Error", err)
	}
	if !errors.Is(err, reason) {
		t.Errorf("got %v, want %v", err, reason)
	}
	if github.Advice(err) == "" {
		t.Errorf("there is no advice for %v", err)
	}
}

func elsewhere(number int) github.Comment {
	c := comment("text")
	c.Number = number
	return c
}
