package pipeline

import (
	"errors"

	"github.com/docker/cli/cli/config"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/history/ociartifact"
)

// credentials are those that the build has too: the given logins, and what docker
// login has left, when a registry asks for one.
func credentials(env Env, logins builder.Logins) func(string) (ociartifact.Credential, error) {
	return func(host string) (ociartifact.Credential, error) {
		if l, ok := logins.Find(host); ok {
			return ociartifact.Credential{Username: l.Username, Password: l.Password}, nil
		}
		if host == "docker.io" || host == "registry-1.docker.io" {
			host = "https://index.docker.io/v1/"
		}
		file, err := config.Load(env.getenv("DOCKER_CONFIG"))
		if err != nil {
			return ociartifact.Credential{}, errors.New("docker's configuration could not be read")
		}
		a, err := file.GetAuthConfig(host)
		if err != nil {
			return ociartifact.Credential{}, errors.New("docker's credential helper failed")
		}
		return ociartifact.Credential{
			Username: a.Username, Password: a.Password, IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken,
		}, nil
	}
}
