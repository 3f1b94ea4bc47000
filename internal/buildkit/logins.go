package buildkit

import (
	"context"

	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/moby/buildkit/session/auth/authprovider"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/buildkit/cacheindex"
)

// dockerHub is the host that the default registry answers on, and dockerHubKey
// its name in docker's configuration.
const (
	dockerHub    = "registry-1.docker.io"
	dockerHubKey = "https://index.docker.io/v1/"
)

// logins are the credentials for registries: those that the options give, and else
// those of docker's configuration, in which a registry is looked up when it is
// asked for the first time.
type logins struct {
	given builder.Logins
	file  *configfile.ConfigFile
}

// forDaemon answers the daemon, which pulls and pushes.
func (l logins) forDaemon() authprovider.AuthConfigProvider {
	file := authprovider.LoadAuthConfig(l.file)
	return func(ctx context.Context, host string, scopes []string, expired authprovider.ExpireCachedAuthCheck) (types.AuthConfig, error) {
		if a, ok := l.given.Find(host); ok {
			return types.AuthConfig{Username: a.Username, Password: a.Password, ServerAddress: host}, nil
		}
		return file(ctx, host, scopes, expired)
	}
}

// forIndexes answers who reads the indexes of caches.
func (l logins) forIndexes() cacheindex.Credentials {
	return func(host string) (string, string, error) {
		if a, ok := l.given.Find(host); ok {
			return a.Username, a.Password, nil
		}
		if host == dockerHub {
			host = dockerHubKey
		}
		a, err := l.file.GetAuthConfig(host)
		if a.IdentityToken != "" {
			return "", a.IdentityToken, err
		}
		return a.Username, a.Password, err
	}
}
