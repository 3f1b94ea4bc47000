// Package githubtest is a small GitHub: an HTTP server that keeps comments and
// reviews in memory and answers like api.github.com, for the few operations we
// use.
//
// Every request it gets and every answer it gives is checked against GitHub's
// own OpenAPI description, so that neither a client nor this server can agree on
// something that GitHub does not do. What does not fit is a violation
// ([Server.Violations]), and the request that does not fit is refused.
//
// The GraphQL API is not in that description; what is asked of it is checked
// against graphql.graphql, which is cut from GitHub's schema.
//
// In a test:
//
//	gh := githubtest.Start(t, githubtest.Options{})
//	gh.AddPull("acme/shop", 7, headSHA)
//	client, err := github.New(github.Options{Token: githubtest.WorkflowToken, BaseURL: gh.URL})
//
// Start fails the test when a violation was seen. As a process of its own, for
// a test that runs the real program, see cmd/githubserver.
//
// openapi.json is cut from the npm package @octokit/openapi 23.0.2, which is
// under the MIT licence (openapi.LICENSE). To cut it anew, for another version
// or more operations (listed in internal/trim):
//
//	npm pack @octokit/openapi@23.0.2
//	go run ./internal/trim -package octokit-openapi-23.0.2.tgz -out openapi.json
package githubtest

//go:generate sh -c "npm pack --silent @octokit/openapi@23.0.2 && go run ./internal/trim -package octokit-openapi-23.0.2.tgz -out openapi.json && rm octokit-openapi-23.0.2.tgz"
