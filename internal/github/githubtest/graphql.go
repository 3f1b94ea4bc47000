package githubtest

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

//go:embed graphql.graphql
var graphqlSchema string

// graphqlPath is where the GraphQL API is: Enterprise Server has it beside
// /api/v3 and not below.
func (s *Server) graphqlPath() string {
	return strings.TrimSuffix(s.options.Prefix, "/v3") + "/graphql"
}

// graphql answers the one question that the REST API has no answer to: which
// threads of a pull request's reviews are resolved. The question itself is
// checked against GitHub's schema.
func (s *Server) graphql(who Identity, body []byte) answer {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return problem(http.StatusBadRequest, "Problems parsing JSON")
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "graphql.graphql", Input: graphqlSchema})
	doc, errs := gqlparser.LoadQueryWithRules(schema, in.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		s.violation("GraphQL: %v", errs)
		return graphqlProblem("INVALID", errs.Error())
	}
	variables, err := validator.VariableValues(schema, doc.Operations[0], in.Variables)
	if err != nil {
		s.violation("GraphQL: %v", err)
		return graphqlProblem("INVALID", err.Error())
	}
	text := func(name string) string { t, _ := variables[name].(string); return t }
	number, _ := in.Variables["number"].(float64)
	s.mu.Lock()
	defer s.mu.Unlock()
	repository := text("owner") + "/" + text("name")
	if _, ok := s.pull(repository, int(number)); !ok {
		return graphqlProblem("NOT_FOUND", "Could not resolve to a PullRequest.")
	}
	var threads []any
	for _, cm := range s.reviewCommentsOf(repository, int(number)) {
		threads = append(threads, map[string]any{
			"isResolved": cm.Resolved,
			"isOutdated": cm.Outdated,
			"comments": map[string]any{"nodes": []any{map[string]any{
				"id": nodeID(cm.ID), "body": cm.Body, "viewerDidAuthor": cm.Author.ID == who.ID,
			}}},
		})
	}
	const size = 100
	from, _ := strconv.Atoi(text("after"))
	from = min(from, len(threads))
	to := min(from+size, len(threads))
	return jsonAnswer(http.StatusOK, map[string]any{"data": map[string]any{
		"repository": map[string]any{"pullRequest": map[string]any{"reviewThreads": map[string]any{
			"nodes":    threads[from:to],
			"pageInfo": map[string]any{"hasNextPage": to < len(threads), "endCursor": strconv.Itoa(to)},
		}}},
	}})
}

// graphqlProblem is how GraphQL refuses: with status 200.
func graphqlProblem(kind, message string) answer {
	return jsonAnswer(http.StatusOK, map[string]any{
		"data":   nil,
		"errors": []any{map[string]any{"type": kind, "message": message}},
	})
}
