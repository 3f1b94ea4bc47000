package cacheindex

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// readLocal reads the index in a folder, as BuildKit's client finds it: by its
// digest, or by a tag in index.json.
func readLocal(attrs map[string]string) (*Index, error) {
	dir := attrs["src"]
	desc := ocispecs.Descriptor{Digest: digest.Digest(attrs["digest"])}
	if desc.Digest == "" {
		tag, ok := attrs["tag"]
		if !ok {
			tag = "latest"
		}
		d, err := tagged(filepath.Join(dir, ocispecs.ImageIndexFile), tag)
		if err != nil {
			return nil, err
		}
		desc = d
	}
	return readManifest(desc, func(d ocispecs.Descriptor) ([]byte, error) {
		if err := d.Digest.Validate(); err != nil {
			return nil, fmt.Errorf("reading a blob: %w", err)
		}
		f, err := os.Open(filepath.Join(dir, "blobs", d.Digest.Algorithm().String(), d.Digest.Encoded()))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNone
		}
		if err != nil {
			return nil, fmt.Errorf("reading a blob: %w", errors.Unwrap(err))
		}
		defer f.Close()
		return readAll(f)
	})
}

// tagged finds a tag in a folder's index.json. BuildKit's own reader locks the
// file, which would make an export to the same folder fail.
func tagged(path, tag string) (ocispecs.Descriptor, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ocispecs.Descriptor{}, ErrNone
	}
	var index ocispecs.Index
	if err == nil {
		err = json.Unmarshal(data, &index)
	}
	if err != nil {
		return ocispecs.Descriptor{}, fmt.Errorf("reading the folder's index.json: %w", err)
	}
	i := slices.IndexFunc(index.Manifests, func(d ocispecs.Descriptor) bool {
		return d.Annotations[ocispecs.AnnotationRefName] == tag
	})
	if i < 0 {
		return ocispecs.Descriptor{}, ErrNone
	}
	return index.Manifests[i], nil
}
