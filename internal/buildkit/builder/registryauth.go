package builder

import (
	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/api/types/registry"
)

// dockerHubKey is the name under which docker's configuration keeps the
// credentials of the default registry.
const dockerHubKey = "https://index.docker.io/v1/"

// registryAuth returns the credentials for an image's registry in the Engine
// API's encoding, or nothing: most images for builders are public.
func registryAuth(o Options, image string) string {
	named, err := reference.ParseNormalizedNamed(image)
	if err != nil {
		return ""
	}
	host := reference.Domain(named)
	if host == "docker.io" {
		host = dockerHubKey
	}
	if login, ok := o.Logins.Find(host); ok {
		return encodeAuth(registry.AuthConfig{Username: login.Username, Password: login.Password, ServerAddress: host})
	}
	file, err := config.Load(dockerConfigDir(o))
	if err != nil {
		return ""
	}
	auth, err := file.GetAuthConfig(host)
	if err != nil || auth.Username == "" && auth.IdentityToken == "" && auth.RegistryToken == "" {
		return ""
	}
	return encodeAuth(registry.AuthConfig{
		Username: auth.Username, Password: auth.Password,
		ServerAddress: auth.ServerAddress,
		IdentityToken: auth.IdentityToken, RegistryToken: auth.RegistryToken,
	})
}

func encodeAuth(auth registry.AuthConfig) string {
	encoded, err := authconfig.Encode(auth)
	if err != nil {
		return ""
	}
	return encoded
}
