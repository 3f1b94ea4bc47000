package githubtest

import (
	"net/http"
	"strconv"
	"strings"
)

// pull is one pull request, or an issue as far as comments go.
type pull struct {
	repository string
	number     int
	head       string
	from       string // the repository of the head's branch
	branch     string
	closed     bool
	locked     bool
	contains   []string // commits beside the head
	files      []ChangedFile
}

// AddPull adds an open pull request with the commit at its head, which is the
// branch topic of the same repository. Beside the head it contains the other
// commits.
func (s *Server) AddPull(repository string, number int, head string, others ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls = append(s.pulls, pull{
		repository: repository, number: number, head: head, from: repository, branch: "topic", contains: others,
	})
}

// SetBranch says which branch of which repository a pull request comes from. An
// empty repository is a fork that was deleted.
func (s *Server) SetBranch(repository string, number int, from, branch string) {
	s.changePull(repository, number, func(p *pull) { p.from, p.branch = from, branch })
}

// Push gives a pull request another commit as its head.
func (s *Server) Push(repository string, number int, head string) {
	s.changePull(repository, number, func(p *pull) { p.head = head })
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

// commitPulls lists the pull requests that contain a commit. A fork's commits are
// not the repository's, so that GitHub finds none by them:
// https://docs.github.com/en/rest/commits/commits#list-pull-requests-associated-with-a-commit
func (s *Server) commitPulls(c call) answer {
	list := []any{}
	for _, p := range s.pulls {
		if p.repository == c.params["owner"]+"/"+c.params["repo"] && p.from == p.repository && p.has(c.params["commit_sha"]) {
			list = append(list, s.renderPull("pull-request-simple", p))
		}
	}
	return page(c, list)
}

// listPulls lists the open pull requests, with head=OWNER:BRANCH those from there.
func (s *Server) listPulls(c call) answer {
	q := c.URL.Query()
	list := []any{}
	for _, p := range s.pulls {
		owner, _, _ := strings.Cut(p.from, "/")
		switch state := q.Get("state"); {
		case p.repository != c.params["owner"]+"/"+c.params["repo"],
			q.Has("head") && q.Get("head") != owner+":"+p.branch,
			p.closed && (state == "" || state == "open"), !p.closed && state == "closed":
			continue
		}
		list = append(list, s.renderPull("pull-request-simple", p))
	}
	return page(c, list)
}

func (s *Server) getPull(c call) answer {
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	return jsonAnswer(http.StatusOK, s.renderPull("pull-request", p))
}

func (p pull) has(sha string) bool {
	for _, commit := range append([]string{p.head}, p.contains...) {
		if commit == sha {
			return true
		}
	}
	return false
}

func (s *Server) renderPull(schema string, p pull) map[string]any {
	state := "open"
	if p.closed {
		state = "closed"
	}
	end := func(repository, ref, sha string) map[string]any {
		owner, _, _ := strings.Cut(repository, "/")
		repo := any(nil)
		if repository != "" {
			repo = s.description.fill("repository", map[string]any{"full_name": repository})
		}
		return map[string]any{
			"label": owner + ":" + ref, "ref": ref, "sha": sha, "repo": repo, "user": s.user(Workflow()),
		}
	}
	return s.description.fill(schema, map[string]any{
		"number": p.number, "state": state, "locked": p.locked,
		"head": end(p.from, p.branch, p.head),
		"base": end(p.repository, "main", "0000000000000000000000000000000000000000"),
	})
}
