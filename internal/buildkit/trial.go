package buildkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// Trial is how a build is tried.
type Trial struct {
	// Realm names a cache: the steps find the results of trials with the same realm,
	// and of no other build. Builds find no results of trials.
	Realm string
	// Context names the copy of the build context that the daemon keeps: trials of the
	// same name send only what changed.
	Context string
	// Files reads the files of the image, as a tar. Nil reads none.
	Files func(io.Reader) error
}

// Tried is what came of a trial.
type Tried struct {
	// Seconds is the wall time until the result was there. Reading its files is not
	// in it.
	Seconds float64
	// Executed counts the operations that found no result.
	Executed int
	// Config is the image's configuration, as JSON.
	Config []byte
	// Err is the build's own error, without any build-arg value, and Failure where
	// it failed; nil if it succeeded.
	Err     error
	Failure *record.Failure
}

// ForTrials takes out of a build's options what a trial has no business with:
// where its results go, what is taken from caches, and what only an image that is
// kept has. Of several platforms the first one stays.
func (o Options) ForTrials() Options {
	o.Tags, o.Outputs, o.Push, o.Load, o.Annotations = nil, nil, false, false, nil
	o.Attests, o.Provenance, o.SBOM = nil, "false", "false"
	o.CacheFrom, o.CacheTo, o.IndexDir = nil, nil, ""
	if all := splitList(o.Platforms); len(all) > 0 {
		o.Platforms = all[:1]
	}
	return o
}

// Try builds on the given builder, in a cache of its own, and records nothing. The
// options are to come from [Options.ForTrials]. The error is for a build that could
// not be run at all, and for files that could not be read.
func (b *Build) Try(ctx context.Context, on *builder.Builder, out io.Writer, t Trial) (*Tried, error) {
	b.builder = on
	display, wait, err := b.display(ctx, out)
	if err != nil {
		return nil, err
	}
	opt := b.request.opt
	opt.FrontendAttrs = b.attrsFor(on)
	opt.SharedKey = sharedKey("trial of " + t.Context)
	read := make(chan error, 1)
	if t.Files != nil {
		opt.Exports = []client.ExportEntry{{Type: client.ExporterTar, Output: pipeTo(t.Files, read)}}
	}
	start := time.Now()
	tried := &Tried{}
	g := operation.New(b.frontendFilename())
	built := false
	var old error // a builder that is too old
	obs := newObserver()
	status, observed := obs.watch(start, display)
	_, buildErr := on.Client.Build(ctx, opt, "layercause", func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		if old = canTry(c); old != nil {
			return nil, old
		}
		res, err := c.Solve(ctx, gateway.SolveRequest{
			Frontend: "dockerfile.v0", FrontendOpt: attrsOf(opt.FrontendAttrs, c.BuildOpts().Opts),
		})
		if err != nil {
			return nil, err
		}
		ref, platform := res.Ref, b.request.platform()
		tried.Config = res.Metadata[exptypes.ExporterImageConfigKey]
		if ps, err := exptypesPlatforms(res); err != nil {
			return nil, err
		} else if len(ps) > 0 {
			ref, platform = res.Refs[ps[0].id], ps[0].format
			tried.Config = res.Metadata[exptypes.ExporterImageConfigKey+"/"+ps[0].id]
		}
		if ref == nil { // scratch
			built, tried.Seconds = true, time.Since(start).Seconds()
			return gateway.NewResult(), nil
		}
		def, err := definitionOf(ctx, ref)
		if err != nil {
			return nil, err
		}
		if def, err = inRealm(def, t.Realm); err != nil {
			return nil, err
		}
		if err := g.Add(platform, def); err != nil {
			return nil, err
		}
		res, err = c.Solve(ctx, gateway.SolveRequest{Definition: def.ToPB(), Evaluate: true})
		built, tried.Seconds = err == nil, time.Since(start).Seconds()
		return res, err
	}, status)
	<-observed
	wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("building: %w", ctx.Err())
	}
	switch {
	case old != nil:
		return nil, old
	case buildErr != nil && !built:
		tried.Failure = failureOf(nil, buildErr, redactor(b.request.buildArgs))
		tried.Err = errors.New(tried.Failure.Message)
		return tried, nil
	case buildErr == nil && t.Files != nil:
		buildErr = <-read
	}
	if buildErr != nil {
		return nil, fmt.Errorf("reading the files of the image: %w", buildErr)
	}
	line := obs.timeline(start, time.Now())
	for _, v := range g.Vertices {
		// What stands on nothing is a source, or a document that is made again to look
		// its COPY up.
		if len(v.Edges) > 0 && obs.outcome(v.ID, len(v.Edges), line).status == record.Miss {
			tried.Executed++
		}
	}
	return tried, nil
}

// canTry says whether the builder knows what gives a trial a cache of its own: one that
// does not would find the results of other builds, and give them its own.
func canTry(c gateway.Client) error {
	caps := c.BuildOpts().LLBCaps
	if err := caps.Supports(pb.CapExecValidExitCode); err != nil {
		return fmt.Errorf("the builder is too old to build in a cache of its own: %w", err)
	}
	return nil
}

// Redact strikes the build's arguments out of a text.
func (b *Build) Redact(s string) string { return redactor(b.request.buildArgs)(s) }

// pipeTo gives an exporter a place to write to. What reads there says when it has
// ended.
func pipeTo(files func(io.Reader) error, read chan<- error) func(map[string]string) (io.WriteCloser, error) {
	return func(map[string]string) (io.WriteCloser, error) {
		pr, pw := io.Pipe()
		go func() {
			err := files(pr)
			pr.CloseWithError(err) // nobody waits for a reader that gave up
			read <- err
		}()
		return pw, nil
	}
}
