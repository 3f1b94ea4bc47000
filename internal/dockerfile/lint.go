package dockerfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// Check is a finding of BuildKit's own checks.
type Check struct {
	Rule    string // as in "StageNameCasing"
	Line    int    // from 1; 0 if it is about the whole file
	EndLine int
	Message string
}

// Lint runs BuildKit's own checks without a builder, on all stages. It knows
// nothing of base images, build arguments and .dockerignore, so it serves to
// compare two texts of a Dockerfile; what a build found is in its record. The
// error is that of a file that does not make a graph.
func Lint(text []byte) (checks []Check, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("checking the Dockerfile: %v", p)
		}
	}()
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", text)
	source.Definition = &llb.Definition{} // it is looked at, though there is none
	results, err := dockerfile2llb.DockerfileLint(context.Background(), text, dockerfile2llb.ConvertOpt{
		SourceMap: source, MetaResolver: anyImage{},
	})
	if err != nil {
		return nil, fmt.Errorf("checking the Dockerfile: %w", err)
	}
	for _, w := range results.Warnings {
		c := Check{Rule: w.RuleName, Message: w.Detail}
		c.Line, c.EndLine = linesOf(w.Location.GetRanges())
		checks = append(checks, c)
	}
	if results.Error != nil {
		return checks, errors.New("checking the Dockerfile: " + results.Error.Message)
	}
	return checks, nil
}

func linesOf(ranges []*pb.Range) (line, end int) {
	for _, r := range ranges {
		if start := int(r.GetStart().GetLine()); line == 0 || start < line {
			line = start
		}
		end = max(end, line, int(r.GetEnd().GetLine()))
	}
	return line, end
}

// anyImage takes every reference for an image of the platform that is asked for,
// of which nothing is known.
type anyImage struct{}

// ResolveImageConfig implements llb.ImageMetaResolver.
func (anyImage) ResolveImageConfig(_ context.Context, ref string, o sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	var image ocispecs.Image
	if o.ImageOpt != nil && o.ImageOpt.Platform != nil {
		image.Platform = *o.ImageOpt.Platform
	}
	// Without layers it would be taken for scratch.
	image.RootFS = ocispecs.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString(ref)}}
	config, err := json.Marshal(image)
	return ref, "", config, err
}
