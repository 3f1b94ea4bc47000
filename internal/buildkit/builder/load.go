package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	dockerclient "github.com/moby/moby/client"
)

// CanLoad returns nil if there is a Docker engine that [Builder.LoadImage] can
// load into, and a [*UsageError] otherwise. Ask before a build, not after it.
func (b *Builder) CanLoad(ctx context.Context) error {
	_, err := b.loadEngine(ctx)
	return err
}

// LoadsIndexes says that the engine which [Builder.LoadImage] loads into takes an image
// with attestations: one that keeps its images in containerd.
func (b *Builder) LoadsIndexes(ctx context.Context) bool {
	engine, err := b.loadEngine(ctx)
	if err != nil {
		return false
	}
	info, err := engine.Info(ctx, dockerclient.InfoOptions{})
	return err == nil && slices.Contains(info.Info.DriverStatus, [2]string{"driver-type", "io.containerd.snapshotter.v1"})
}

// LoadImage loads an image, as a tar in docker's or the OCI's format, into the
// Docker engine: the builder's own one, or the current one if the builder does
// not run in an engine.
func (b *Builder) LoadImage(ctx context.Context, image io.Reader) error {
	engine, err := b.loadEngine(ctx)
	if err != nil {
		return err
	}
	resp, err := engine.ImageLoad(ctx, image, dockerclient.ImageLoadWithQuiet(true))
	if err != nil {
		return fmt.Errorf("loading the image into Docker: %w", err)
	}
	defer resp.Close()
	// The engine says that it has begun, then what came of it.
	for d := json.NewDecoder(resp); ; {
		var message struct {
			Error string `json:"error"`
		}
		err := d.Decode(&message)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what came of loading the image: %w", err)
		}
		if message.Error != "" {
			return fmt.Errorf("loading the image into Docker: %s", message.Error)
		}
	}
}

// loadEngine returns the builder's engine, or looks for the current one.
func (b *Builder) loadEngine(ctx context.Context) (*dockerclient.Client, error) {
	b.engineMu.Lock()
	defer b.engineMu.Unlock()
	if b.engine != nil {
		return b.engine, nil
	}
	e, err := findEndpoint(b.opts, "")
	if err == nil {
		b.engine, err = answeringEngine(ctx, e)
	}
	if err != nil {
		return nil, &UsageError{
			Problem: "the image cannot be loaded: there is no Docker engine to load it into",
			Hint:    "start Docker or set DOCKER_HOST; or write the image to a file with --output type=docker,dest=image.tar",
			Err:     err,
		}
	}
	return b.engine, nil
}
