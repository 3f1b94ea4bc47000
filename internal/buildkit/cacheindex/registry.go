package cacheindex

import (
	"context"
	"fmt"
	"strconv"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// readRegistry reads the index behind a reference. The registry is asked from
// this machine; if only the daemon can reach it, that is an error.
func readRegistry(ctx context.Context, attrs map[string]string, auth Credentials) (*Index, error) {
	named, err := reference.ParseNormalizedNamed(attrs["ref"])
	if err != nil {
		return nil, fmt.Errorf("reading the reference of the cache: %w", err)
	}
	ref := reference.TagNameOnly(named).String()
	resolver := docker.NewResolver(docker.ResolverOptions{Hosts: hosts(attrs, auth)})
	name, desc, err := resolver.Resolve(ctx, ref)
	if errdefs.IsNotFound(err) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("asking the registry for the cache: %w", err)
	}
	fetcher, err := resolver.Fetcher(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("asking the registry for the cache: %w", err)
	}
	return readManifest(desc, func(d ocispecs.Descriptor) ([]byte, error) {
		if d.Size > maxIndex {
			return nil, fmt.Errorf("the index has %d bytes, more than %d", d.Size, maxIndex)
		}
		r, err := fetcher.Fetch(ctx, d)
		if errdefs.IsNotFound(err) {
			return nil, ErrNone
		}
		if err != nil {
			return nil, fmt.Errorf("reading from the registry: %w", err)
		}
		defer r.Close()
		return readAll(r)
	})
}

// hosts says how registries are spoken to: over TLS, but for this machine's own
// and for one that the cache's registry.insecure says it of.
func hosts(attrs map[string]string, auth Credentials) docker.RegistryHosts {
	insecure, _ := strconv.ParseBool(attrs["registry.insecure"])
	plain := func(host string) (bool, error) {
		if insecure {
			return true, nil
		}
		return docker.MatchLocalhost(host)
	}
	return docker.ConfigureDefaultRegistries(
		docker.WithPlainHTTP(plain),
		docker.WithAuthorizer(docker.NewDockerAuthorizer(docker.WithAuthCreds(auth))),
	)
}
