package builder

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/moby/buildkit/client"
	dockerclient "github.com/moby/moby/client"
)

// snapshotterLabel is what a worker with a snapshotter says of itself: BuildKit's own,
// and the engine's if it keeps its images in containerd.
const snapshotterLabel = "org.mobyproject.buildkit.worker.snapshotter"

// Limited says that the builder is the Docker engine's own and that the engine keeps
// its images in a store that has no place for caches, attestations and the images of
// several platforms. https://docs.docker.com/engine/storage/containerd/
func (b *Builder) Limited(ctx context.Context) bool {
	if b.Driver != DriverDocker {
		return false
	}
	workers, err := b.Client.ListWorkers(ctx)
	return err == nil && !slices.ContainsFunc(workers, func(w *client.WorkerInfo) bool { return w.Labels[snapshotterLabel] != "" })
}

// connectDockerd connects to the BuildKit inside the Docker engine, which answers
// on /grpc and /session of the engine's API.
func connectDockerd(ctx context.Context, o Options, e endpoint, shown string) (*Builder, error) {
	engine, err := e.client()
	if err != nil {
		return nil, err
	}
	// The engine is asked first, so that one that is absent is not mistaken for one
	// without BuildKit.
	if _, err := engine.Ping(ctx, dockerclient.PingOptions{NegotiateAPIVersion: true}); err != nil {
		engine.Close()
		return nil, engineUnreachable(e, err)
	}
	c, err := newClient(ctx,
		func(ctx context.Context) (net.Conn, error) { return engine.DialHijack(ctx, "/grpc", "h2c", nil) },
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return engine.DialHijack(ctx, "/session", proto, meta)
		}))
	if err == nil {
		if err = answers(ctx, c); err == nil {
			return &Builder{
				Client: c, Name: shown, Driver: DriverDocker,
				opts: o, engine: engine, local: e.isLocal(),
			}, nil
		}
		c.Close()
	}
	engine.Close()
	return nil, unreachable(shown, "update Docker to a version with BuildKit (23.0 or later), or name another builder",
		fmt.Errorf("asking the engine for its BuildKit: %w", err))
}
