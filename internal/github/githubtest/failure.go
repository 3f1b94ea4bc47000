package githubtest

import (
	"net/http"
	"strings"
	"time"
)

// Failure makes requests fail. The zero value of Method and Path means any.
type Failure struct {
	Method string
	Path   string // a part of the request's path
	After  int    // matching requests let through before
	Times  int    // how many requests fail; 0 is one, -1 all

	Status int    // of the answer; 0 leaves the answer as it is
	Body   string // of the answer; empty is GitHub's shape of an error
	Header http.Header
	Delay  time.Duration // before the request is looked at
	Apply  bool          // carry the request out, and fail all the same
	Drop   bool          // close the connection instead of answering
}

// Fail makes later requests fail. Failures are tried in the order they were
// added.
func (s *Server) Fail(f Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	if f.Status == 0 {
		f.Apply = true
	}
	s.failures = append(s.failures, &f)
}

func (s *Server) takeFailure(r *http.Request) *Failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.failures {
		if f.Times == 0 || (f.Method != "" && f.Method != r.Method) || !strings.Contains(r.URL.Path, f.Path) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

func (f *Failure) answer() answer {
	a := problem(f.Status, http.StatusText(f.Status))
	if f.Body != "" {
		a.body = []byte(f.Body)
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}
