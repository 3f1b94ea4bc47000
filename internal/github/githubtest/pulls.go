package githubtest

import "strconv"

// pull is one pull request, or an issue as far as comments go.
type pull struct {
	repository string
	number     int
	head       string
	closed     bool
	locked     bool
	contains   []string // commits beside the head
	files      []ChangedFile
}

// AddPull adds an open pull request with the commit at its head. Beside the
// head it contains the other commits.
func (s *Server) AddPull(repository string, number int, head string, others ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls = append(s.pulls, pull{repository: repository, number: number, head: head, contains: others})
}

// ClosePull closes a pull request.
func (s *Server) ClosePull(repository string, number int) {
	s.changePull(repository, number, func(p *pull) { p.closed = true })
}

// Lock locks a pull request's conversation.
func (s *Server) Lock(repository string, number int) {
	s.changePull(repository, number, func(p *pull) { p.locked = true })
}

func (s *Server) changePull(repository string, number int, change func(*pull)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.pulls {
		if p := &s.pulls[i]; p.repository == repository && p.number == number {
			change(p)
		}
	}
}

func (s *Server) pullOf(c call) (pull, bool) {
	number, _ := strconv.Atoi(c.params["issue_number"] + c.params["pull_number"]) // a path has one of them
	return s.pull(c.params["owner"]+"/"+c.params["repo"], number)
}

func (s *Server) pull(repository string, number int) (pull, bool) {
	for _, p := range s.pulls {
		if p.repository == repository && p.number == number {
			return p, true
		}
	}
	return pull{}, false
}

func (s *Server) listPulls(c call) answer {
	list := []any{}
	for _, p := range s.pulls {
		if p.repository != c.params["owner"]+"/"+c.params["repo"] || !p.has(c.params["commit_sha"]) {
			continue
		}
		list = append(list, s.renderPull(p))
	}
	return page(c, list)
}

func (p pull) has(sha string) bool {
	for _, commit := range append([]string{p.head}, p.contains...) {
		if commit == sha {
			return true
		}
	}
	return false
}

func (s *Server) renderPull(p pull) map[string]any {
	state := "open"
	if p.closed {
		state = "closed"
	}
	repository := s.description.fill("repository", map[string]any{"full_name": p.repository})
	end := func(ref, sha string) map[string]any {
		return map[string]any{
			"label": ref, "ref": ref, "sha": sha, "repo": repository, "user": s.user(Workflow()),
		}
	}
	return s.description.fill("pull-request-simple", map[string]any{
		"number": p.number, "state": state, "locked": p.locked,
		"head": end("topic", p.head), "base": end("main", "0000000000000000000000000000000000000000"),
	})
}
