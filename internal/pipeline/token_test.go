package pipeline

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/action"
)

// The workflow's token is for the server that the context comes from. A secret without
// a host would go to every git server that the Dockerfile adds from.
func TestTokenOfAContextIsForItsServer(t *testing.T) {
	e := action.Event{ServerURL: "https://github.example:8443", Repository: "acme/shop"}
	const own = "https://github.example:8443/acme/shop.git"
	for name, c := range map[string]struct {
		context string
		secrets []action.Secret
		want    string
	}{
		"the own repository":       {own, nil, "GIT_AUTH_TOKEN.github.example:8443"},
		"a commit of it":           {own + "#0123:app", nil, "GIT_AUTH_TOKEN.github.example:8443"},
		"a branch in a query":      {own + "?ref=main&subdir=app", nil, "GIT_AUTH_TOKEN.github.example:8443"},
		"another repository":       {own + "x#0123", nil, ""},
		"another server":           {"https://evil.example/acme/shop.git", nil, ""},
		"a folder":                 {".", nil, ""},
		"a token of the user's":    {own, []action.Secret{{ID: "GIT_AUTH_TOKEN", Value: "theirs"}}, "GIT_AUTH_TOKEN"},
		"one for the host":         {own, []action.Secret{{ID: "GIT_AUTH_TOKEN.github.example:8443", Value: "theirs"}}, "GIT_AUTH_TOKEN.github.example:8443"},
		"one from the environment": {own, []action.Secret{{ID: "GIT_AUTH_TOKEN", Env: "TOKEN"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var o BuildOptions
			applySecrets(&o, action.Inputs{Context: c.context, GitHubToken: "ours", Secrets: c.secrets}, e)
			if got := strings.Join(slices.Sorted(maps.Keys(o.SecretValues)), " "); got != c.want {
				t.Errorf("secrets %q, want %q", got, c.want)
			}
			for id, value := range o.SecretValues {
				if (string(value) == "ours") != (len(c.secrets) == 0) {
					t.Errorf("%s is %s", id, value)
				}
			}
		})
	}
}
