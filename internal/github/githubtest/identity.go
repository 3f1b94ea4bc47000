package githubtest

import (
	"net/http"
	"strings"
)

// WorkflowToken is the token that a [Server] knows by default. It has no prefix
// of a kind of token, so that a client has to ask whose it is.
const WorkflowToken = "test-workflow-token"

// Identity is who a token belongs to and what it may do.
type Identity struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	// App means an installation of a GitHub App, which has no user to ask for: a
	// workflow's own token is one.
	App bool `json:"app"`
	// ReadOnly is what a workflow's token is on a pull request from a fork.
	ReadOnly bool `json:"readOnly"`
}

// Workflow is who a workflow's own token belongs to on github.com.
func Workflow() Identity {
	return Identity{ID: 41898282, Login: "github-actions[bot]", App: true}
}

func (i Identity) kind() string {
	if i.App {
		return "Bot"
	}
	return "User"
}

func (s *Server) identify(r *http.Request) (Identity, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return Identity{}, false
	}
	if who, ok := s.options.Tokens[token]; ok {
		return who, true
	}
	return Workflow(), s.options.AnyToken
}

func (s *Server) getUser(c call) answer {
	if c.who.App {
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	values := s.user(c.who)
	values["user_view_type"] = "public"
	return jsonAnswer(http.StatusOK, s.description.fill("public-user", values))
}

func (s *Server) user(who Identity) map[string]any {
	return s.description.fill("simple-user", map[string]any{
		"id": who.ID, "login": who.Login, "type": who.kind(),
	})
}
