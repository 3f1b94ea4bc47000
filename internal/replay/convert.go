package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
)

// recipeText is all that a Dockerfile's operations are made of.
type recipeText struct {
	text     string
	target   string
	platform string
	args     map[string]string
}

// defaultPlatform is the one that is built for unless a recipe names another.
const defaultPlatform = "linux/amd64"

// convert makes the operations of a Dockerfile with BuildKit's own frontend, as it
// is linked into this program, whatever frontend a syntax line names.
func convert(r recipeText) (g *operation.Graph, f *dockerfile.File, err error) {
	// The texts of old commits may be anything.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("converting the Dockerfile: %v", p)
		}
	}()
	const name = "Dockerfile"
	if f, err = dockerfile.Parse(name, []byte(r.text)); err != nil {
		return nil, nil, err
	}
	if r.platform == "" {
		r.platform = defaultPlatform
	}
	platform, err := platforms.Parse(r.platform)
	if err != nil {
		return nil, nil, err
	}
	platform = platforms.Normalize(platform)
	builder := platforms.Normalize(platforms.MustParse(defaultPlatform))
	caps := pb.Caps.CapSet(pb.Caps.All())
	ctx := context.Background()
	res, err := dockerfile2llb.Dockerfile2LLB(ctx, []byte(r.text), dockerfile2llb.ConvertOpt{
		Config: dockerui.Config{
			BuildArgs: maps.Clone(r.args), Target: r.target, BuildPlatforms: []ocispecs.Platform{builder},
			ImageResolveMode: llb.ResolveModeDefault,
		},
		SourceMap:      llb.NewSourceMap(nil, name, name, []byte(r.text)),
		TargetPlatform: &platform,
		MetaResolver:   images{},
		LLBCaps:        &caps,
	})
	if err != nil {
		return nil, nil, err
	}
	g = operation.New(name)
	def, err := res.State.Marshal(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := g.Add(platforms.Format(platform), def); err != nil {
		return nil, nil, err
	}
	for s, stage := range f.Stages {
		if stage.Parent >= 0 {
			f.Bring(s, f.Triggers(stage.Parent))
		}
	}
	return g, f, nil
}

// images answers for every image that it has no environment, no folder, no user and
// no triggers: what an image has is not known without asking its registry.
type images struct{}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (images) ResolveImageConfig(_ context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	img := dockerspec.DockerOCIImage{}
	img.OS, img.Architecture = "linux", "amd64"
	if opt.ImageOpt != nil && opt.ImageOpt.Platform != nil {
		img.Platform = *opt.ImageOpt.Platform
	}
	// Without a layer it would be taken for scratch.
	img.RootFS = ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}
	dt, err := json.Marshal(img)
	return ref, "", dt, err
}

// ignoredBy is the file next to a Dockerfile that stands in for .dockerignore.
func ignoredBy(file string) string { return file + ".dockerignore" }

// ignoreFile is the ignore file of a context.
func ignoreFile(context string) string { return path.Join(context, ".dockerignore") }
