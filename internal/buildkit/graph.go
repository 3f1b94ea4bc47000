package buildkit

import (
	"context"
	"fmt"

	"github.com/moby/buildkit/client/llb"
	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/layercause/layercause/internal/operation"
)

// readGraph takes the definitions out of the frontend's result. The bytes stay
// as they are, so that the digests are those of the status stream. Platform is the
// one that was asked for, if it was only one.
func readGraph(ctx context.Context, res *gateway.Result, filename, platform string) (*operation.Graph, error) {
	g := operation.New(filename)
	add := func(platform string, ref gateway.Reference) error {
		if ref == nil {
			return nil // scratch
		}
		def, err := definitionOf(ctx, ref)
		if err != nil {
			return err
		}
		return g.Add(platform, def)
	}
	if err := add(platform, res.Ref); err != nil {
		return nil, err
	}
	ps, err := exptypesPlatforms(res)
	if err != nil {
		return nil, err
	}
	for _, p := range ps {
		if err := add(p.format, res.Refs[p.id]); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// definitionOf is what a reference of the gateway was made from.
func definitionOf(ctx context.Context, ref gateway.Reference) (*llb.Definition, error) {
	state, err := ref.ToState()
	if err != nil {
		return nil, fmt.Errorf("reading the build's graph: %w", err)
	}
	def, err := state.Marshal(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the build's graph: %w", err)
	}
	return def, nil
}
