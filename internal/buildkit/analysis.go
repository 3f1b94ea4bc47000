package buildkit

import (
	"context"
	"fmt"
	"sync"

	gateway "github.com/moby/buildkit/frontend/gateway/client"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
)

// analysis rebuilds the keys beside the build. Whatever goes wrong in it, the
// build goes on: explaining never fails a build.
type analysis struct {
	work     sync.WaitGroup
	assembly *assembly
	fault    string
}

// start takes the graph out of the frontend's result, inside the gateway's
// callback, and leaves the rest to the time while the daemon works. Built is
// closed when the build has ended.
func (x *analysis) start(ctx context.Context, b *Build, c gateway.Client, res *gateway.Result, built <-chan struct{}) {
	g, err := readGraph(ctx, res, b.frontendFilename(), b.request.platform())
	if err != nil {
		x.fault = err.Error()
		return
	}
	a := b.newAssembly(g)
	a.bring(ctx, c, b.request.buildArgs)
	a.resolved = resolveRemotes(ctx, c, g)
	x.assembly = a
	x.work.Go(func() {
		defer func() {
			// The keys are rebuilt with the daemon's own code, which this process
			// does not know all the ways through.
			if p := recover(); p != nil {
				x.fault = fmt.Sprintf("rebuilding the cache keys: %v", p)
			}
		}()
		// The build's context ends with the build; the files are still there.
		ctx := context.WithoutCancel(ctx)
		var warnings []string
		a.sources, warnings = b.request.locals.snapshots(ctx, g, built)
		a.warnings = append(a.warnings, warnings...)
		a.salt = b.salt()
		a.operations(ctx)
	})
}

// wait returns what was found, or nil and what went wrong.
func (x *analysis) wait() (*assembly, string) {
	x.work.Wait()
	if x.fault != "" {
		return nil, x.fault
	}
	return x.assembly, ""
}

// dockerfile is what the frontend read, and without its word what lies here.
func (b *Build) dockerfile(g *operation.Graph) []byte {
	if g.Dockerfile != nil {
		return g.Dockerfile
	}
	return b.request.data
}

func (b *Build) newAssembly(g *operation.Graph) *assembly {
	a := &assembly{graph: g, contexts: b.request.contexts}
	f, err := dockerfile.Parse(b.request.dockerfile, b.dockerfile(g))
	if err != nil {
		a.warnings = append(a.warnings, "explaining needs a Dockerfile of the known syntax: "+err.Error())
		return a
	}
	a.file = f
	return a
}
