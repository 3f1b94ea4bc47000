package githubtest

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed openapi.json
var openapiJSON []byte

// description is GitHub's description of its API.
type description struct {
	doc *openapi3.T
}

func loadDescription(ctx context.Context) (*description, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapiJSON)
	if err != nil {
		return nil, fmt.Errorf("loading GitHub's description: %w", err)
	}
	doc.Servers = nil
	if err := doc.Validate(ctx); err != nil {
		return nil, fmt.Errorf("checking GitHub's description: %w", err)
	}
	return &description{doc: doc}, nil
}

// find returns the operation that a request is for, by the path's template.
func (d *description) find(method, path string) (*routers.Route, map[string]string, bool) {
	for template, item := range d.doc.Paths.Map() {
		params, ok := matchPath(template, path)
		if !ok {
			continue
		}
		operation := item.GetOperation(method)
		if operation == nil {
			continue
		}
		return &routers.Route{
			Spec: d.doc, Path: template, PathItem: item, Method: method, Operation: operation,
		}, params, true
	}
	return nil, nil, false
}

// matchPath matches segment by segment. Of GitHub's paths that we serve no two
// match one request with the same method.
func matchPath(template, path string) (map[string]string, bool) {
	want := strings.Split(template, "/")
	have := strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	params := map[string]string{}
	for i, segment := range want {
		switch {
		case strings.HasPrefix(segment, "{") && have[i] != "":
			params[strings.Trim(segment, "{}")] = have[i]
		case segment != have[i]:
			return nil, false
		}
	}
	return params, true
}

// checkRequest returns what about a request GitHub does not describe. Query
// parameters are checked both ways: GitHub ignores one it does not know, and the
// client would never learn of it.
func (d *description) checkRequest(r *http.Request, route *routers.Route, params map[string]string) (*openapi3filter.RequestValidationInput, error) {
	input := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
		},
	}
	for name := range r.URL.Query() {
		known := false
		for _, p := range route.Operation.Parameters {
			known = known || p.Value.In == "query" && p.Value.Name == name
		}
		if !known {
			return input, fmt.Errorf("the query parameter %q is not described", name)
		}
	}
	return input, openapi3filter.ValidateRequest(r.Context(), input)
}

// checkAnswer returns what about an answer GitHub does not describe. Statuses
// that any request can get (500, a rate limit) are described nowhere and pass.
func (d *description) checkAnswer(ctx context.Context, input *openapi3filter.RequestValidationInput, a answer) error {
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 a.status,
		Header:                 a.header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: a.status < 300},
	}
	out.SetBodyBytes(bytes.Clone(a.body))
	return openapi3filter.ValidateResponse(ctx, out)
}
