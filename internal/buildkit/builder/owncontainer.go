package builder

import (
	"context"
	"errors"
	"fmt"
	"io"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	dockerclient "github.com/moby/moby/client"
	"github.com/moby/moby/client/pkg/security"
)

const (
	// ownContainer is the container that we make where there is an engine and no
	// builder, and ownVolume keeps its cache when it is made anew. A job's container
	// has the job's key after this name.
	ownContainer = "layercause_buildkit"
	ownVolume    = "layercause_buildkit_state"
	// ownImage is the version that this program is built and tested with.
	ownImage = "moby/buildkit:v0.33.1"
)

// entitlements have a daemon of ours grant what a build is allowed by --allow and
// --network, as docker/setup-buildx-action has its own: which build asks for what is
// the user's choice, and not the daemon's.
// https://github.com/docker/setup-buildx-action#customizing
func entitlements() []string {
	return []string{"--allow-insecure-entitlement=network.host", "--allow-insecure-entitlement=security.insecure"}
}

// connectOwnContainer makes, starts or takes our container in the engine.
func connectOwnContainer(ctx context.Context, o Options, e endpoint, engine *dockerclient.Client) (*Builder, error) {
	image := o.Getenv("LAYERCAUSE_BUILDKIT_IMAGE")
	if image == "" {
		image = ownImage
	}
	name := o.Job.container()
	if err := ensureOwnContainer(ctx, o, engine, name, image); err != nil {
		engine.Close()
		return nil, err
	}
	return inContainer(ctx, o, e, engine, name, "docker-container://"+name)
}

// ensureOwnContainer returns when our container exists and was made from image.
// Another process may make it at the same time; whoever is second takes it.
func ensureOwnContainer(ctx context.Context, o Options, engine *dockerclient.Client, name, image string) error {
	found, err := engine.ContainerInspect(ctx, name, dockerclient.ContainerInspectOptions{})
	switch {
	case err == nil && found.Container.Config != nil && found.Container.Config.Image == image:
		return nil
	case err != nil && !cerrdefs.IsNotFound(err):
		return fmt.Errorf("looking for the container %s: %w", name, err)
	}
	// The image comes first: without it a container that works is not thrown away.
	if err := ensureImage(ctx, o, engine, image); err != nil {
		return err
	}
	if err == nil {
		o.notice("replacing the container %s: it was made from another image than %s", name, image)
		_, err := engine.ContainerRemove(ctx, name, dockerclient.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !cerrdefs.IsNotFound(err) && !cerrdefs.IsConflict(err) {
			return fmt.Errorf("removing the container %s: %w", name, err)
		}
	}
	removeStale(ctx, o, engine)
	host, err := ownHostConfig(ctx, o, engine)
	if err != nil {
		return err
	}
	_, err = engine.ContainerCreate(ctx, dockerclient.ContainerCreateOptions{
		Name:       name,
		Config:     &container.Config{Image: image, Labels: o.Job.labels(), Cmd: entitlements()},
		HostConfig: host,
	})
	if err != nil && !cerrdefs.IsConflict(err) {
		return fmt.Errorf("creating the container %s: %w", name, err)
	}
	return nil
}

func ownHostConfig(ctx context.Context, o Options, engine *dockerclient.Client) (*container.HostConfig, error) {
	reapOrphans := true
	h := &container.HostConfig{
		Privileged: true, // BuildKit mounts layers and starts containers itself
		Init:       &reapOrphans,
		Mounts:     []mount.Mount{{Type: mount.TypeVolume, Source: o.Job.volume(), Target: "/var/lib/buildkit"}},
	}
	info, err := engine.Info(ctx, dockerclient.InfoOptions{})
	if err != nil {
		return nil, fmt.Errorf("asking the engine about itself: %w", err)
	}
	for _, option := range security.DecodeOptions(info.Info.SecurityOptions) {
		if option.Name == "userns" {
			h.UsernsMode = "host" // no privileges without it
		}
	}
	network := o.Getenv("LAYERCAUSE_BUILDKIT_NETWORK")
	if network == "" {
		if network, err = usableNetwork(ctx, engine); err != nil {
			return nil, err
		}
	}
	h.NetworkMode = container.NetworkMode(network)
	return h, nil
}

// usableNetwork returns the engine's default, or the host's where the engine runs
// without a bridge.
func usableNetwork(ctx context.Context, engine *dockerclient.Client) (string, error) {
	networks, err := engine.NetworkList(ctx, dockerclient.NetworkListOptions{})
	if err != nil {
		return "", fmt.Errorf("listing the engine's networks: %w", err)
	}
	for _, n := range networks.Items {
		if n.Name == "bridge" {
			return "", nil
		}
	}
	return "host", nil
}

// ensureImage pulls an image unless the engine has it.
func ensureImage(ctx context.Context, o Options, engine *dockerclient.Client, image string) error {
	_, err := engine.ImageInspect(ctx, image)
	if err == nil {
		return nil
	}
	if !cerrdefs.IsNotFound(err) {
		return fmt.Errorf("looking for the image %s: %w", image, err)
	}
	o.notice("pulling %s for the builder", image)
	pull, err := engine.ImagePull(ctx, image, dockerclient.ImagePullOptions{RegistryAuth: registryAuth(o, image)})
	if err != nil {
		return fmt.Errorf("pulling %s: %w", image, err)
	}
	defer pull.Close()
	for message, err := range pull.JSONMessages(ctx) {
		if err == nil && message.Error != nil {
			err = message.Error
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("pulling %s: %w", image, err)
		}
	}
	return nil
}
