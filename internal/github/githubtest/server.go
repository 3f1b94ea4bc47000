package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// bodyLimit is more than any request of ours holds.
const bodyLimit = 1 << 20

// Options say how a [Server] differs from api.github.com with one workflow.
type Options struct {
	// Tokens says who each token belongs to. Nil means [WorkflowToken], that of
	// a workflow with permission to write.
	Tokens map[string]Identity
	// AnyToken takes tokens that are not listed for a workflow's.
	AnyToken bool
	// Prefix is the path before the API's own, "/api/v3" for GitHub Enterprise
	// Server.
	Prefix string
	// Changed, when set, is called with the state after every request.
	Changed func(State)
}

// Server is a small GitHub. Its methods may be called while it serves.
type Server struct {
	// URL is the API's address once [Start] made the server listen.
	URL string

	options     Options
	description *description

	mu         sync.Mutex
	pulls      []pull
	comments   []Comment
	reviews    []ReviewComment
	lastID     int64
	failures   []*Failure
	requests   []Request
	violations []string
}

// Request is one request the server got.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"` // with the query
	Body   string `json:"body,omitempty"`
	Status int    `json:"status"` // of the answer
}

// New returns a server that listens nowhere yet: it is an [http.Handler].
func New(o Options) (*Server, error) {
	d, err := loadDescription(context.Background())
	if err != nil {
		return nil, err
	}
	if o.Tokens == nil {
		o.Tokens = map[string]Identity{WorkflowToken: Workflow()}
	}
	return &Server{options: o, description: d, lastID: 1000}, nil
}

// Start returns a server that listens on 127.0.0.1 until the test ends, and
// fails the test for every violation.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewServer(s)
	s.URL = listener.URL + o.Prefix
	t.Cleanup(func() {
		listener.Close()
		for _, v := range s.Violations() {
			t.Errorf("against GitHub's description: %s", v)
		}
	})
	return s
}

// answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call is a request on its way through the server.
type call struct {
	*http.Request
	who    Identity
	params map[string]string
	body   []byte
	base   string // the API's address as the client knows it
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	failure := s.takeFailure(r)
	if failure != nil && failure.Delay > 0 {
		select {
		case <-time.After(failure.Delay):
		case <-r.Context().Done():
		}
	}
	a := s.answer(r, body, failure)
	s.note(Request{Method: r.Method, Path: r.URL.RequestURI(), Body: string(body), Status: a.status})
	if failure != nil && failure.Drop {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	w.Write(a.body) // the client may be gone, which is its affair
}

func (s *Server) answer(r *http.Request, body []byte, failure *Failure) answer {
	if r.Method == http.MethodPost && r.URL.Path == s.graphqlPath() {
		return s.answerGraphQL(r, body, failure)
	}
	path, ok := strings.CutPrefix(r.URL.Path, s.options.Prefix)
	route, params, found := s.description.find(r.Method, path)
	if !ok || !found {
		s.violation("%s %s is not served", r.Method, r.URL.Path)
		return problem(http.StatusNotFound, "Not Found")
	}
	if r.UserAgent() == "" {
		s.violation("%s %s has no User-Agent", r.Method, r.URL.Path)
		return problem(http.StatusForbidden, "Request forbidden by administrative rules.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	input, err := s.description.checkRequest(r, route, params)
	if err != nil {
		s.violation("request %s %s: %v", r.Method, r.URL.RequestURI(), err)
		return problem(http.StatusUnprocessableEntity, "Unprocessable Entity")
	}
	var a answer
	if who, ok := s.identify(r); !ok {
		a = problem(http.StatusUnauthorized, "Bad credentials")
	} else if failure != nil && !failure.Apply {
		a = failure.answer()
	} else {
		a = s.handle(call{
			Request: r, who: who, params: params, body: body,
			base: "http://" + r.Host + s.options.Prefix,
		}, route.Path)
		if failure != nil && failure.Status != 0 {
			a = failure.answer()
		}
	}
	if err := s.description.checkAnswer(r.Context(), input, a); err != nil {
		s.violation("answer %d to %s %s: %v", a.status, r.Method, r.URL.Path, err)
	}
	return a
}

// answerGraphQL answers what the OpenAPI description does not know.
func (s *Server) answerGraphQL(r *http.Request, body []byte, failure *Failure) answer {
	who, ok := s.identify(r)
	switch {
	case !ok:
		return problem(http.StatusUnauthorized, "Bad credentials")
	case failure != nil && !failure.Apply:
		return failure.answer()
	}
	return s.graphql(who, body)
}

func (s *Server) handle(c call, template string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.Method + " " + template {
	case "GET /user":
		return s.getUser(c)
	case "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls":
		return s.commitPulls(c)
	case "GET /repos/{owner}/{repo}/pulls":
		return s.listPulls(c)
	case "GET /repos/{owner}/{repo}/pulls/{pull_number}":
		return s.getPull(c)
	case "GET /repos/{owner}/{repo}/issues/{issue_number}/comments":
		return s.listComments(c)
	case "POST /repos/{owner}/{repo}/issues/{issue_number}/comments":
		return s.createComment(c)
	case "GET /repos/{owner}/{repo}/issues/comments/{comment_id}":
		return s.getComment(c)
	case "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}":
		return s.editComment(c)
	case "DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}":
		return s.deleteComment(c)
	case "GET /repos/{owner}/{repo}/pulls/{pull_number}/files":
		return s.listFiles(c)
	case "GET /repos/{owner}/{repo}/pulls/{pull_number}/comments":
		return s.listReviewComments(c)
	case "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews":
		return s.createReview(c)
	case "PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}":
		return s.editReviewComment(c)
	case "DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}":
		return s.deleteReviewComment(c)
	}
	return problem(http.StatusNotFound, "Not Found")
}

func (s *Server) violation(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

func jsonAnswer(status int, v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own values always encode
	}
	return answer{status: status, body: b, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}}
}

// problem is GitHub's shape of an error.
func problem(status int, message string) answer {
	return jsonAnswer(status, map[string]any{
		"message":           message,
		"documentation_url": "https://docs.github.com/rest",
		"status":            fmt.Sprint(status),
	})
}
