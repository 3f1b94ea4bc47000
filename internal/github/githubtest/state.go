package githubtest

import "slices"

// State is what a server holds and saw.
type State struct {
	Comments   []Comment       `json:"comments"`
	Reviews    []ReviewComment `json:"reviews"`
	Requests   []Request       `json:"requests"`
	Violations []string        `json:"violations"`
}

// State returns a copy of the server's state. Its lists are never nil.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{
		Comments:   append([]Comment{}, s.comments...),
		Reviews:    append([]ReviewComment{}, s.reviews...),
		Requests:   append([]Request{}, s.requests...),
		Violations: append([]string{}, s.violations...),
	}
}

// Requests returns the requests in the order in which they were answered.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Violations returns where a request or an answer did not follow GitHub's
// description.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

func (s *Server) note(r Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if s.options.Changed != nil {
		s.options.Changed(s.State())
	}
}
