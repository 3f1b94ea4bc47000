package pipeline

import (
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit/builder"
)

// applyLogins hands the logins on in memory, and hides their passwords in the log.
func applyLogins(o *BuildOptions, in action.Inputs, log *action.Log) {
	for _, l := range in.RegistryLogins {
		if o.Logins == nil {
			o.Logins = builder.Logins{}
		}
		log.Mask(string(l.Password))
		o.Logins[l.Registry] = builder.Login{Username: l.Username, Password: string(l.Password)}
	}
}

// refusals are what registries and BuildKit say where a login is missing or wrong.
// https://github.com/distribution/distribution/blob/main/docs/content/spec/api.md#errors-2
var refusals = []string{
	"401 Unauthorized", "403 Forbidden", "failed to authorize", "insufficient_scope", "pull access denied",
	"no basic auth credentials", "authentication required", "UNAUTHORIZED", "DENIED:",
}

// loginHint says how a login reaches the build, which in a container action is not
// where everybody looks for it: the runner's own docker configuration.
func (r *runner) loginHint(err error) string {
	if !r.active {
		return ""
	}
	for _, said := range refusals {
		if strings.Contains(err.Error(), said) {
			return "a container action does not see the runner's docker login: set DOCKER_CONFIG, DOCKER_AUTH_CONFIG or " +
				"registry-logins as docs/registries.md says"
		}
	}
	return ""
}
