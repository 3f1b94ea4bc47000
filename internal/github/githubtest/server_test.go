package githubtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/github/githubtest"
)

// A server that lets everything pass would prove nothing about its clients.
func TestViolationsAreSeen(t *testing.T) {
	const comments = "/repos/acme/shop/issues/7/comments"
	tests := []struct {
		name, method, path, body, agent string
		violation                       string
	}{
		{"no such operation", "GET", "/repos/acme/shop/issues/7", "", "test", "not served"},
		{"unknown query parameter", "GET", comments + "?sort=created", "", "test", `"sort" is not described`},
		{"query parameter of another type", "GET", comments + "?page=two", "", "test", "page"},
		{"no number", "GET", "/repos/acme/shop/issues/seven/comments", "", "test", "issue_number"},
		{"body without a text", "POST", comments, `{"text":"x"}`, "test", "body"},
		{"text of another type", "POST", comments, `{"body":1}`, "test", "body"},
		{"no user agent", "GET", comments, "", "", "User-Agent"},
		{"GraphQL of an unknown field", "POST", "/graphql", `{"query":"{ repository(owner: \"a\", name: \"b\") { stars } }"}`, "test", "stars"},
		{"GraphQL without a variable", "POST", "/graphql",
			`{"query":"query($n: Int!) { repository(owner: \"a\", name: \"b\") { pullRequest(number: $n) { reviewThreads(first: 1) { nodes { isResolved } } } } }"}`,
			"test", "must be defined"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			gh := newServer(t)
			send(t, gh, test.method, test.path, test.body, test.agent)
			v := strings.Join(gh.Violations(), "\n")
			if !strings.Contains(v, test.violation) {
				t.Errorf("violations: %q, want %q", v, test.violation)
			}
		})
	}
}

func TestAnswerAgainstTheDescriptionIsSeen(t *testing.T) {
	gh := newServer(t)
	gh.Fail(githubtest.Failure{Status: 404, Body: `{"message":42}`})
	send(t, gh, "GET", "/repos/acme/shop/issues/7/comments", "", "test")
	if v := strings.Join(gh.Violations(), "\n"); !strings.Contains(v, "answer 404") {
		t.Errorf("violations: %q", v)
	}
}

func TestEveryOperationFollowsTheDescription(t *testing.T) {
	gh := newServer(t)
	created := send(t, gh, "POST", "/repos/acme/shop/issues/7/comments", `{"body":"text"}`, "test")
	var comment struct{ ID json.Number }
	if err := json.NewDecoder(created.Body).Decode(&comment); err != nil || created.StatusCode != http.StatusCreated {
		t.Fatalf("creating: %d, %v", created.StatusCode, err)
	}
	one := "/repos/acme/shop/issues/comments/" + comment.ID.String()
	const reviews = "/repos/acme/shop/pulls/7/reviews"
	gh.AddFiles("acme/shop", 7, githubtest.ChangedFile{Path: "Dockerfile", Patch: "@@ -1,2 +1,2 @@\n FROM a\n-RUN b\n+RUN c"})
	planted := gh.PlantReview(githubtest.ReviewComment{Repository: "acme/shop", Number: 7, Path: "Dockerfile", Line: 2, Body: "x"})
	reviewComment := "/repos/acme/shop/pulls/comments/" + strconv.FormatInt(planted, 10)
	for _, step := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/user", "", 403},
		{"GET", one, "", 200},
		{"PATCH", one, `{"body":"other"}`, 200},
		{"GET", "/repos/acme/shop/issues/7/comments", "", 200},
		{"GET", "/repos/acme/shop/commits/abc/pulls", "", 200},
		{"GET", "/repos/acme/shop/pulls?state=open&head=acme%3Atopic", "", 200},
		{"GET", "/repos/acme/shop/pulls/7", "", 200},
		{"GET", "/repos/acme/shop/pulls/8", "", 404},
		{"POST", "/repos/acme/shop/issues/7/comments", `{"body":""}`, 422},
		{"DELETE", one, "", 204},
		{"GET", one, "", 404},
		{"GET", "/repos/acme/shop/issues/8/comments", "", 404},
		{"GET", "/repos/acme/shop/pulls/7/files", "", 200},
		{"GET", "/repos/acme/shop/pulls/8/files", "", 404},
		{"POST", reviews, `{"event":"COMMENT","comments":[{"path":"Dockerfile","body":"x","side":"RIGHT","line":2}]}`, 200},
		{"POST", reviews, `{"event":"COMMENT","comments":[{"path":"Dockerfile","body":"x","side":"RIGHT","line":3}]}`, 422},
		{"POST", reviews, `{"event":"COMMENT","comments":[{"path":"Dockerfile","body":"x","side":"RIGHT","line":2,"start_line":2,"start_side":"RIGHT"}]}`, 422},
		{"POST", reviews, `{"event":"COMMENT","commit_id":"other","comments":[{"path":"Dockerfile","body":"x","side":"RIGHT","line":2}]}`, 422},
		{"GET", "/repos/acme/shop/pulls/7/comments", "", 200},
		{"PATCH", reviewComment, `{"body":"other"}`, 200},
		{"DELETE", reviewComment, "", 204},
		{"PATCH", reviewComment, `{"body":"other"}`, 404},
	} {
		if got := send(t, gh, step.method, step.path, step.body, "test").StatusCode; got != step.status {
			t.Errorf("%s %s: %d, want %d", step.method, step.path, got, step.status)
		}
	}
	if v := gh.Violations(); len(v) != 0 {
		t.Errorf("violations: %q", v)
	}
	if n := len(gh.State().Requests); n != 23 {
		t.Errorf("%d requests were noted, want 23", n)
	}
}

func newServer(t *testing.T) *githubtest.Server {
	t.Helper()
	gh, err := githubtest.New(githubtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	gh.AddPull("acme/shop", 7, "abc")
	return gh
}

func send(t *testing.T, gh *githubtest.Server, method, path, body, agent string) *http.Response {
	t.Helper()
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, path, content)
	r.Header.Set("Authorization", "Bearer "+githubtest.WorkflowToken)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", agent)
	w := httptest.NewRecorder()
	gh.ServeHTTP(w, r)
	return w.Result()
}
