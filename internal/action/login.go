package action

import (
	"fmt"
	"regexp"
	"strings"
)

// Login is a user of a registry.
type Login struct {
	Registry string // HOST or HOST:PORT; docker.io is Docker Hub
	Username string
	Password Hidden
}

var registryHost = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(:[0-9]+)?$`)

// logins reads a list of HOST=USER:PASSWORD. What a malformed entry says is never
// repeated: it may be a password.
func (r *reader) logins(input string) []Login {
	var all []Login
	list := r.lines(input)
	for i, entry := range list {
		host, user, ok := cutNonEmpty(entry)
		name, password, colon := strings.Cut(user, ":")
		host = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(host), "https://"), "/")
		switch host {
		case "index.docker.io", "index.docker.io/v1", "registry-1.docker.io":
			host = "docker.io" // as docker login takes it
		}
		if !ok || !colon || name == "" || password == "" || !registryHost.MatchString(host) {
			r.fail(input, fmt.Sprintf("entry %d of %d is not HOST=USER:PASSWORD", i+1, len(list)),
				"write one registry a line, as in ghcr.io=octocat:${{ secrets.GITHUB_TOKEN }}")
			return nil
		}
		all = append(all, Login{Registry: host, Username: name, Password: Hidden(password)})
	}
	return all
}
