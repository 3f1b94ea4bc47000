package cacheindex

import (
	"encoding/json"
	"errors"
	"fmt"

	types "github.com/moby/buildkit/cache/remotecache/v1/types"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// fetch returns the bytes of a blob or a manifest.
type fetch func(ocispecs.Descriptor) ([]byte, error)

// readManifest finds the index below a manifest as registries and folders hold
// them: it is the config of an image manifest, or an entry of an image index. An
// image that was built with the inline cache carries it in its own config.
func readManifest(desc ocispecs.Descriptor, get fetch) (*Index, error) {
	data, err := get(desc)
	if err != nil {
		return nil, err
	}
	var m struct {
		Config    ocispecs.Descriptor   `json:"config"`
		Layers    []ocispecs.Descriptor `json:"layers"`
		Manifests []ocispecs.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("reading the manifest: %w", err)
	}
	for _, d := range append(m.Manifests, m.Config) {
		if d.MediaType != types.CacheConfigMediaTypeV0 {
			continue
		}
		data, err := get(d)
		if err != nil {
			return nil, err
		}
		x, err := parse(data)
		if err != nil {
			return nil, err
		}
		for _, l := range append(m.Layers, m.Manifests...) {
			if l.Digest != d.Digest {
				x.list(l.Digest, l.Size)
			}
		}
		return x, nil
	}
	if len(m.Manifests) == 0 {
		return readInline(m.Config, m.Layers, get)
	}
	return readPlatforms(desc, m.Manifests, get)
}

// readPlatforms reads the inline caches of an image of several platforms.
func readPlatforms(desc ocispecs.Descriptor, manifests []ocispecs.Descriptor, get fetch) (*Index, error) {
	all := &Index{Digest: desc.Digest}
	for _, d := range manifests {
		data, err := get(d)
		if err != nil {
			return nil, err
		}
		var m ocispecs.Manifest
		if err := json.Unmarshal(data, &m); err != nil {
			return nil, fmt.Errorf("reading the manifest: %w", err)
		}
		switch one, err := readInline(m.Config, m.Layers, get); {
		case errors.Is(err, ErrNone):
		case err != nil:
			return nil, err
		default:
			all.Configs = append(all.Configs, one.Configs...)
			for layer, size := range one.Sizes {
				all.list(layer, size)
			}
		}
	}
	if len(all.Configs) == 0 {
		return nil, ErrNone
	}
	return all, nil
}

// readInline reads the cache in an image's config. Its records point into the
// image's own layers.
func readInline(config ocispecs.Descriptor, layers []ocispecs.Descriptor, get fetch) (*Index, error) {
	if config.Digest == "" || len(layers) == 0 {
		return nil, ErrNone
	}
	data, err := get(config)
	if err != nil {
		return nil, err
	}
	var image struct {
		Cache []byte `json:"moby.buildkit.cache.v0"`
	}
	if err := json.Unmarshal(data, &image); err != nil {
		return nil, fmt.Errorf("reading the image's config: %w", err)
	}
	if image.Cache == nil {
		return nil, ErrNone
	}
	var c types.CacheConfig
	if err := json.Unmarshal(image.Cache, &c.Records); err != nil {
		return nil, fmt.Errorf("reading the inline cache: %w", err)
	}
	x := &Index{Digest: digest.FromBytes(data)}
	for i, l := range layers {
		c.Layers = append(c.Layers, types.CacheLayer{Blob: l.Digest, ParentIndex: i - 1})
		x.list(l.Digest, l.Size)
	}
	x.Configs = []types.CacheConfig{c}
	return x, nil
}
