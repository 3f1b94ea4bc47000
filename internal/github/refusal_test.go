package github_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/github/githubtest"
)

func TestForkTokenIsRefusedOnce(t *testing.T) {
	who := githubtest.Workflow()
	who.ReadOnly = true
	gh := start(t, githubtest.Options{Tokens: map[string]githubtest.Identity{"ghs_fork": who}})
	_, err := clientWith(t, gh, github.Options{Token: "ghs_fork"}).Publish(t.Context(), comment("text"))
	wantReason(t, err, github.ErrReadOnly)
	if want := "creating a comment on acme/shop#7: 403 Resource not accessible by integration"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if n := sent(gh, http.MethodPost); n != 1 {
		t.Errorf("a refusal for good was tried %d times", n)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(*githubtest.Server)
		comment github.Comment
		reason  error
		text    string
	}{
		{
			name:    "locked",
			prepare: func(gh *githubtest.Server) { gh.Lock(repository, number) },
			comment: comment("text"), reason: github.ErrLocked, text: "issue is locked",
		},
		{
			name:    "no such pull request",
			comment: elsewhere(8),
			reason:  github.ErrNotFound, text: "listing the comments of acme/shop#8: 404",
		},
		{
			name: "bad token",
			prepare: func(gh *githubtest.Server) {
				gh.Fail(githubtest.Failure{Path: "/user", Status: 401, Body: `{"message":"Bad credentials"}`})
			},
			comment: comment("text"), reason: github.ErrBadToken, text: "401 Bad credentials",
		},
		{
			name: "validation",
			prepare: func(gh *githubtest.Server) {
				gh.Fail(githubtest.Failure{Method: http.MethodPost, Status: 422, Body: `{"message":"Validation Failed",` +
					`"documentation_url":"https://docs.github.com/rest","errors":[{"resource":"IssueComment",` +
					`"code":"unprocessable","field":"data","message":"Body is too long (maximum is 65536 characters)"}]}`})
			},
			comment: comment("text"), reason: github.ErrTooLong, text: "422 Validation Failed; Body is too long",
		},
		{
			name:    "too long to send",
			comment: comment(strings.Repeat("ä", github.BodyLimit)), reason: github.ErrTooLong, text: "65818 characters",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gh := start(t, githubtest.Options{})
			if test.prepare != nil {
				test.prepare(gh)
			}
			_, err := client(t, gh).Publish(t.Context(), test.comment)
			wantReason(t, err, test.reason)
			if err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %q, want a part %q", err, test.text)
			}
			if n := len(gh.Comments(repository, number)); n != 0 {
				t.Errorf("%d comments were left", n)
			}
		})
	}
}

func TestServerErrorsAreTriedAgain(t *testing.T) {
	gh := start(t, githubtest.Options{})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		gh.Fail(githubtest.Failure{Method: method, Path: "/comments", Status: 500, Times: 2})
	}
	if res := publish(t, client(t, gh), "text"); res.Did != github.Created {
		t.Errorf("result: %+v", res)
	}
	if n := len(gh.Comments(repository, number)); n != 1 {
		t.Errorf("%d comments", n)
	}
}

func TestTriesAreBounded(t *testing.T) {
	gh := start(t, githubtest.Options{})
	gh.Fail(githubtest.Failure{Path: "/comments", Status: 503, Times: -1})
	_, err := client(t, gh).Publish(t.Context(), comment("text"))
	var e *github.Error
	if !errors.As(err, &e) || e.Status != 503 {
		t.Fatalf("got %v", err)
	}
	if n := len(gh.Requests()); n != 6 { // the head, /user, and four tries
		t.Errorf("%d requests were sent, want 6", n)
	}
}

func TestRateLimits(t *testing.T) {
	secondary := `{"message":"You have exceeded a secondary rate limit.",` +
		`"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	soon := func(s int) string { return fmt.Sprint(time.Now().Add(time.Duration(s) * time.Second).Unix()) }
	tests := []struct {
		name       string
		failure    githubtest.Failure
		least      time.Duration // waited, when it may
		impatience time.Duration // MaxWait that is too short
	}{
		{"secondary with Retry-After", githubtest.Failure{Status: 403, Body: secondary,
			Header: http.Header{"Retry-After": {"1"}}}, time.Second, 500 * time.Millisecond},
		{"429 with Retry-After", githubtest.Failure{Status: 429,
			Header: http.Header{"Retry-After": {"1"}}}, time.Second, 500 * time.Millisecond},
		{"primary with reset", githubtest.Failure{Status: 403, Header: http.Header{
			"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {soon(2)}, "X-Ratelimit-Limit": {"5000"}}},
			500 * time.Millisecond, 50 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			failure := test.failure
			failure.Path = "/comments"
			gh := start(t, githubtest.Options{})
			if failure.Header.Get("X-Ratelimit-Reset") != "" { // two seconds from here, not from the table
				failure.Header.Set("X-Ratelimit-Reset", soon(2))
			}
			gh.Fail(failure)
			var waited time.Duration
			c := clientWith(t, gh, github.Options{Sleep: func(ctx context.Context, d time.Duration) error {
				waited += d
				time.Sleep(d) // go-github looks at the real clock too
				return ctx.Err()
			}})
			if res := publish(t, c, "text"); res.Did != github.Created {
				t.Errorf("result: %+v", res)
			}
			if waited < test.least || waited > 5*time.Second {
				t.Errorf("waited %v, want at least %v", waited, test.least)
			}
		})
		t.Run(test.name+", no time to wait", func(t *testing.T) {
			t.Parallel()
			failure := test.failure
			failure.Path, failure.Times = "/comments", -1
			gh := start(t, githubtest.Options{})
			gh.Fail(failure)
			_, err := clientWith(t, gh, github.Options{MaxWait: test.impatience}).Publish(t.Context(), comment("text"))
			wantReason(t, err, github.ErrRateLimited)
			if n := sent(gh, http.MethodGet); n != 3 { // the head, /user, and one try
				t.Errorf("%d requests were sent, want 3", n)
			}
		})
	}
}

func TestSlowAnswerEndsWithTheContext(t *testing.T) {
	gh := start(t, githubtest.Options{})
	gh.Fail(githubtest.Failure{Path: "/comments", Delay: 10 * time.Second, Times: -1})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := client(t, gh).Publish(ctx, comment("text"))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "listing the comments") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestBrokenAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":       "<html>",
		"another shape": `{"id":1}`,
		"cut":           `[{"id":1,"body":"`,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, body)
			}))
			defer server.Close()
			_, err := clientAt(t, server.URL, "ghs_x").Publish(t.Context(), comment("text"))
			if err == nil || !strings.HasPrefix(err.Error(), "listing the comments of acme/shop#7: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// An echo of the request, as some proxies answer, must not carry the token
// into an error; and a redirect must not carry it to another host.
func TestTokenStaysSecret(t *testing.T) {
	const secret = "ghs_planted0123456789"
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	answers := map[string]http.HandlerFunc{
		"echoed in JSON": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"message":"bad header %s"}`, r.Header.Get("Authorization"))
		},
		"echoed in an error's part": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprintf(w, `{"message":"no","errors":[{"message":"%s"}]}`, r.Header.Get("Authorization"))
		},
		"redirected": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"dropped": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			_, err := clientAt(t, server.URL, secret).Publish(t.Context(), comment("text"))
			if err == nil {
				t.Fatal("publishing succeeded")
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%q"} {
				if text := fmt.Sprintf(verb, err); strings.Contains(text, "planted") {
					t.Errorf("%s shows the token: %s", verb, text)
				}
			}
		})
	}
	if len(seen) != 0 {
		t.Errorf("another host got requests with %q", seen)
	}
}

func clientAt(t *testing.T, url, token string) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{BaseURL: url, Token: token,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
