package buildkit

import (
	"context"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// resolveRemotes asks for the commit or the checksum of git and HTTP sources, and
// for the digest of images whose reference has none, as in a named context.
// It has to be done inside the gateway's callback; the daemon needs the answers
// anyway and keeps them.
func resolveRemotes(ctx context.Context, c gateway.Client, g *operation.Graph) map[int]string {
	out := map[int]string{}
	for _, v := range g.Vertices {
		s := v.Op.GetSource()
		if s == nil || !unresolved(s.Identifier) {
			continue
		}
		opt := sourceresolver.Opt{}
		if p := v.Op.Platform; p != nil {
			platform := p.Spec()
			opt.ImageOpt = &sourceresolver.ResolveImageOpt{Platform: &platform, ResolveMode: s.Attrs[pb.AttrImageResolveMode]}
		}
		res, err := c.ResolveSourceMetadata(ctx, s, opt)
		switch {
		case err != nil: // the build itself will say so
		case res.Git != nil:
			out[v.Index] = res.Git.Checksum
		case res.HTTP != nil:
			out[v.Index] = res.HTTP.Digest.String()
		case res.Image != nil:
			out[v.Index] = res.Image.Digest.String()
		}
	}
	return out
}

// unresolved says that a source's identifier does not say what it stands for.
func unresolved(id string) bool {
	image := strings.HasPrefix(id, "docker-image://")
	return image && !strings.Contains(id, "@") || strings.HasPrefix(id, "git://") || strings.HasPrefix(id, "http")
}

// sourceOf describes a source as it was resolved. Hidden says that the
// reference was made from a variable, so that it must not be shown.
func sourceOf(v *operation.Vertex, resolved map[int]string, salt record.Salt, hidden bool) *record.Source {
	id := v.Op.GetSource().Identifier
	scheme, rest, _ := strings.Cut(id, "://")
	s := &record.Source{Kind: record.SourceOther, Ref: id}
	switch scheme {
	case "docker-image":
		s.Kind, s.Ref, s.Digest = record.SourceImage, rest, resolved[v.Index]
		if name, digest, ok := strings.Cut(rest, "@"); ok {
			s.Ref, s.Digest = name, digest
		}
		if named, err := reference.ParseNormalizedNamed(s.Ref); err == nil {
			s.Ref = reference.FamiliarString(named)
		}
	case "oci-layout":
		// The store's name is made up for each build.
		s.Kind, s.Ref = record.SourceLayout, "OCI layout"
		if _, digest, ok := strings.Cut(rest, "@"); ok {
			s.Digest = digest
		}
	case "local":
		s.Kind, s.Ref = record.SourceLocal, rest
	case "git":
		s.Kind, s.Digest = record.SourceGit, resolved[v.Index]
		// As it was written: the identifier has git:// for every protocol.
		if url := v.Op.GetSource().Attrs[pb.AttrFullRemoteURL]; url != "" {
			_, fragment, found := strings.Cut(rest, "#")
			s.Ref = url
			if found {
				s.Ref += "#" + fragment
			}
		}
	case "http", "https":
		s.Kind, s.Digest = record.SourceHTTP, resolved[v.Index]
	}
	s.Ref = record.RedactURLs(s.Ref)
	s.RefDigest = salt.Digest("ref", s.Ref)
	if hidden {
		s.Ref = ""
	}
	return s
}

// sourceKey is what enters the keys of the operations that use a source. With a
// digest it is the digest alone: BuildKit does not ask under which name an image
// was found.
func sourceKey(s *record.Source, platform string, salt record.Salt) string {
	if s.Digest != "" {
		return salt.Digest("source", string(s.Kind), s.Digest, platform)
	}
	return salt.Digest("source", string(s.Kind), s.RefDigest, platform)
}
