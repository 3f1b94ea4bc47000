package ociartifact

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/retry"

	"github.com/layercause/layercause/internal/history"
)

// The types of the artifact and of its layer.
const (
	ArtifactType = "application/vnd.layercause.history.v1"
	LayerType    = ocispec.MediaTypeImageLayerZstd
)

// kindAnnotation holds the artifact's type where the registry takes none that it does not
// know: the archive is the layer of an image there.
const kindAnnotation = "layercause.artifact-type"

const defaultTag = "layercause"

// maxManifest bounds a manifest, in bytes.
const maxManifest = 64 << 10

// tries bounds how often an archive is written anew since another has written over it.
const tries = 10

// Options say which repository to use.
type Options struct {
	// Reference is REGISTRY/NAME[:TAG].
	Reference string
	// Credential returns what a registry's host is asked with. Its error is shown.
	Credential func(host string) (Credential, error)
	// Client makes the requests.
	Client *http.Client
}

// Credential is a user and a password, or a token. Empty is nobody.
type Credential struct{ Username, Password, IdentityToken, RegistryToken string }

// Store is a history in a registry.
type Store struct {
	repository *remote.Repository
	tag        string
}

// tagForm leaves room for the names of archives: a tag has 128 characters at most.
var tagForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// New checks the reference. It asks no registry.
func New(o Options) (*Store, error) {
	ref, err := registry.ParseReference(o.Reference)
	if err != nil {
		return nil, errors.New("it is not REGISTRY/NAME[:TAG]")
	}
	if ref.Reference == "" {
		ref.Reference = defaultTag
	}
	if !tagForm.MatchString(ref.Reference) {
		return nil, errors.New("its tag is not 1 to 64 letters, digits, periods, hyphens and underscores")
	}
	r, err := remote.NewRepository(ref.Registry + "/" + ref.Repository)
	if err != nil {
		return nil, errors.New("it is not REGISTRY/NAME[:TAG]")
	}
	r.PlainHTTP = local(ref.Registry)
	r.MaxMetadataBytes = maxManifest
	client := *cmp.Or(o.Client, &http.Client{})
	client.Transport = &retry.Transport{Base: client.Transport, Policy: newThrottled}
	r.Client = &auth.Client{
		Client: &client, Cache: auth.NewCache(), Header: http.Header{"User-Agent": {"layercause"}},
		Credential: func(_ context.Context, host string) (auth.Credential, error) {
			if o.Credential == nil {
				return auth.EmptyCredential, nil
			}
			c, err := o.Credential(host)
			if err != nil {
				return auth.EmptyCredential, &loginError{err}
			}
			return auth.Credential{Username: c.Username, Password: c.Password, RefreshToken: c.IdentityToken, AccessToken: c.RegistryToken}, nil
		},
	}
	return &Store{repository: r, tag: ref.Reference}, nil
}

// String is the repository's name.
func (s *Store) String() string {
	return s.repository.Reference.Registry + "/" + s.repository.Reference.Repository
}

// local says that a registry is on this machine, which is the only one that is
// spoken to without TLS.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// Load returns the archive of a name.
func (s *Store) Load(ctx context.Context, name string) ([][]byte, error) {
	data, _, _, err := s.read(ctx, s.tag+"-"+name)
	if err != nil || data == nil {
		return nil, plain(ctx, err, false)
	}
	return [][]byte{data}, nil
}

// Update replaces the archive of a name.
func (s *Store) Update(ctx context.Context, name string, merge func(old []byte) ([]byte, error)) error {
	tag := s.tag + "-" + name
	asImage := false
	for range tries {
		old, was, image, err := s.read(ctx, tag)
		if err != nil {
			return plain(ctx, err, false)
		}
		asImage = asImage || image
		data, err := merge(old)
		if err != nil {
			return err
		}
		if bytes.Equal(data, old) {
			return nil
		}
		manifest, text, err := s.pushLayer(ctx, data, asImage)
		if err != nil {
			return plain(ctx, err, true)
		}
		replaced, err := s.replace(ctx, tag, was, manifest, text)
		if !asImage && refusesType(err) {
			asImage = true
			continue
		}
		if err != nil {
			return plain(ctx, err, true)
		}
		if replaced {
			return nil
		}
	}
	return fmt.Errorf("others wrote over it %d times", tries)
}

// replace puts the manifest where another was, and looks whether it stays there. Where
// the time ends before that, it is taken to stay: it was stored.
func (s *Store) replace(ctx context.Context, tag string, was digest.Digest, manifest ocispec.Descriptor, text []byte) (bool, error) {
	if now, err := s.resolve(ctx, tag); err != nil || now != was {
		return false, err
	}
	start := time.Now()
	if err := s.repository.Manifests().PushReference(ctx, manifest, bytes.NewReader(text), tag); err != nil {
		return false, err
	}
	// As long as the request of another may take which looked at the tag just before.
	wait := min(max(4*time.Since(start), leastWait), mostWait)
	select {
	case <-ctx.Done():
		return true, nil
	case <-time.After(wait + rand.N(wait/4)):
	}
	now, err := s.resolve(ctx, tag)
	if ctx.Err() != nil {
		return true, nil
	}
	return now == manifest.Digest, err
}

// leastWait and mostWait are how long a written archive is left before it is looked at
// again. The job waits for that.
const (
	leastWait = 200 * time.Millisecond
	mostWait  = 2 * time.Second
)

// resolve returns the digest that a tag has, none if there is no such tag.
func (s *Store) resolve(ctx context.Context, tag string) (digest.Digest, error) {
	d, err := s.repository.Manifests().Resolve(ctx, tag)
	if errors.Is(err, errdef.ErrNotFound) {
		return "", nil
	}
	return d.Digest, err
}

// pushLayer uploads an archive, and makes the manifest that holds it: of an artifact, or
// of an image with nothing in its configuration, which has the same bytes.
func (s *Store) pushLayer(ctx context.Context, data []byte, asImage bool) (ocispec.Descriptor, []byte, error) {
	layer := content.NewDescriptorFromBytes(LayerType, data)
	for _, blob := range []struct {
		d    ocispec.Descriptor
		data []byte
	}{{layer, data}, {ocispec.DescriptorEmptyJSON, ocispec.DescriptorEmptyJSON.Data}} {
		err := s.repository.Blobs().Push(ctx, blob.d, bytes.NewReader(blob.data))
		if err != nil && !errors.Is(err, errdef.ErrAlreadyExists) {
			return ocispec.Descriptor{}, nil, err
		}
	}
	manifest := ocispec.Manifest{
		MediaType: ocispec.MediaTypeImageManifest, ArtifactType: ArtifactType,
		Config: ocispec.DescriptorEmptyJSON, Layers: []ocispec.Descriptor{layer},
	}
	if asImage {
		manifest.ArtifactType, manifest.Annotations = "", map[string]string{kindAnnotation: ArtifactType}
		manifest.Config.MediaType, manifest.Config.Data = ocispec.MediaTypeImageConfig, nil
	}
	manifest.SchemaVersion = 2
	text, err := json.Marshal(manifest)
	return content.NewDescriptorFromBytes(ocispec.MediaTypeImageManifest, text), text, err
}

// read returns the archive under a tag and the digest of its manifest, nothing if
// there is no such tag. A tag that holds something else is read as an archive that
// nobody can unpack. Image says that it is kept as an image.
func (s *Store) read(ctx context.Context, tag string) (data []byte, manifest digest.Digest, image bool, err error) {
	d, body, err := s.repository.Manifests().FetchReference(ctx, tag)
	if errors.Is(err, errdef.ErrNotFound) {
		return nil, "", false, nil
	}
	if err != nil {
		return nil, "", false, err
	}
	defer body.Close()
	if d.Size > maxManifest {
		return []byte{}, d.Digest, false, nil
	}
	text, err := content.ReadAll(body, d)
	if err != nil {
		return nil, "", false, err
	}
	var m ocispec.Manifest
	if json.Unmarshal(text, &m) != nil || m.ArtifactType != ArtifactType && m.Annotations[kindAnnotation] != ArtifactType ||
		len(m.Layers) != 1 || m.Layers[0].MediaType != LayerType || m.Layers[0].Size > history.MaxArchive || m.Layers[0].Size < 0 {
		return []byte{}, d.Digest, false, nil
	}
	image = m.ArtifactType == ""
	data, err = content.FetchAll(ctx, s.repository.Blobs(), m.Layers[0])
	if errors.Is(err, errdef.ErrNotFound) || errors.Is(err, content.ErrMismatchedDigest) {
		return []byte{}, d.Digest, image, nil // its layer is gone, or another
	}
	return data, d.Digest, image, err
}
