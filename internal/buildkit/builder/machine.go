package builder

import (
	"context"
	"net"
	"net/netip"
	"strings"

	dockerclient "github.com/moby/moby/client"
)

// OnThisMachine says that the daemon is reached without leaving this machine, so
// that it runs on the same processors as we do.
func (b *Builder) OnThisMachine() bool { return b.local }

// CPULimit returns how many processors the daemon's container may use, or 0 if there
// is no container, no limit, or no answer.
func (b *Builder) CPULimit(ctx context.Context) float64 {
	if b.container == "" {
		return 0
	}
	b.engineMu.Lock()
	engine := b.engine
	b.engineMu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, engineTimeout)
	defer cancel()
	found, err := engine.ContainerInspect(ctx, b.container, dockerclient.ContainerInspectOptions{})
	if err != nil || found.Container.HostConfig == nil {
		return 0
	}
	switch r := found.Container.HostConfig.Resources; {
	case r.NanoCPUs > 0:
		return float64(r.NanoCPUs) / 1e9
	case r.CPUQuota > 0 && r.CPUPeriod > 0:
		return float64(r.CPUQuota) / float64(r.CPUPeriod)
	case r.CPUQuota > 0:
		return float64(r.CPUQuota) / 100_000 // the kernel's period
	}
	return 0
}

// isLocal says that an engine listens on this machine.
func (e endpoint) isLocal() bool {
	scheme, rest, _ := strings.Cut(e.host, "://")
	return scheme == "unix" || scheme == "tcp" && isLoopback(rest)
}

// isLoopback says that host:port is on this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
