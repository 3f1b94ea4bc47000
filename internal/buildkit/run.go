package buildkit

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/opencontainers/go-digest"
	"github.com/sirupsen/logrus"

	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
)

// Build is a checked build that has not run yet.
type Build struct {
	options Options
	request *request
	builder *builder.Builder
	loads   bool // some output goes to a Docker engine
}

// Result is what came of a build.
type Result struct {
	Record *record.Record
	// Err is the build's own error, nil if it succeeded. Its text may hold what
	// the Dockerfile's commands printed, but no build-arg value.
	Err error
	// Metadata is what the exporter answered, as in buildx's --metadata-file.
	Metadata map[string]any
	// Digest and ImageID are those of the image, if one was exported.
	Digest, ImageID string
}

// sourcePolicy is the variable that names a policy for the sources of buildx's builds.
const sourcePolicy = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"

// Prepare checks the options. It asks no builder, so that bad input is found at
// once; its errors are *UsageError.
func Prepare(o Options) (*Build, error) {
	if usual := o.env("BUILDKIT_PROGRESS"); usual != "" && (o.Progress == "" || o.Progress == "auto") {
		o.Progress = usual
	}
	if o.Progress != "" && !slices.Contains([]string{"auto", "tty", "plain", "rawjson", "quiet", "none"}, o.Progress) {
		return nil, &UsageError{fmt.Sprintf("--progress %q is unknown", o.Progress), "use auto, tty, plain, rawjson, quiet or none"}
	}
	if o.env(sourcePolicy) != "" { // who set it believes that it holds
		return nil, &UsageError{sourcePolicy + " is set, and a policy for sources is not supported", "unset it, or build with docker buildx"}
	}
	// BuildKit's and containerd's packages and net/http log to standard error what
	// the build's own errors and warnings say too.
	logrus.SetOutput(io.Discard)
	log.SetOutput(io.Discard)
	b := &Build{options: o}
	r, err := newRequest(o)
	if err != nil {
		return nil, err
	}
	b.request, b.loads = r, r.loads
	return b, nil
}

// load opens the Docker engine's end of --load.
func (b *Build) load() (io.WriteCloser, error) {
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := b.builder.LoadImage(context.Background(), pr)
		pr.CloseWithError(err)
		done <- err
	}()
	return &imageWriter{PipeWriter: pw, done: done}, nil
}

// imageWriter ends only when the engine has taken the image.
type imageWriter struct {
	*io.PipeWriter
	done chan error
}

func (w *imageWriter) Close() error {
	return errors.Join(w.PipeWriter.Close(), <-w.done)
}

// Run builds on the given builder. The error is for a build that could not be
// run at all; a build that failed is a result. Progress goes to out.
func (b *Build) Run(ctx context.Context, on *builder.Builder, out io.Writer) (*Result, error) {
	b.builder = on
	if b.loads && on.Driver != builder.DriverDocker {
		if err := on.CanLoad(ctx); err != nil {
			return nil, err
		}
	}
	opt, err := b.optFor(ctx, on)
	if err := cmp.Or(b.request.late, err); err != nil {
		return nil, err
	}
	display, wait, err := b.display(ctx, out)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	var keys analysis
	built := make(chan struct{})
	daemon := make(chan record.Builder, 1)
	go func() { daemon <- describe(ctx, on) }()
	var caches indexes
	caches.start(ctx, b.request.imports, b.request.exports, b.request.auth)
	var load *sampler
	if on.OnThisMachine() {
		load = startSampling(start)
	}
	obs := newObserver()
	status, observed := obs.watch(start, display)
	resp, buildErr := on.Client.Build(ctx, opt, "layercause", func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		res, err := c.Solve(ctx, gateway.SolveRequest{
			Frontend: "dockerfile.v0", FrontendOpt: attrsOf(opt.FrontendAttrs, c.BuildOpts().Opts),
		})
		if err != nil {
			return nil, err
		}
		keys.start(ctx, b, c, res, built)
		return res, nil
	}, status)
	close(built)
	<-observed
	end := time.Now()
	sampled := load.stop(end)
	wait()
	a, fault := keys.wait()
	read, before := caches.wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("building: %w", ctx.Err())
	}
	res := b.result(a, obs, read, resp, buildErr, start, end)
	res.Record.Builder, res.Record.Load = <-daemon, sampled
	if res.Err == nil {
		b.readExports(ctx, a, res, before)
	}
	if fault != "" {
		res.Record.Warnings = append(res.Record.Warnings, fault)
	}
	return res, nil
}

// describe asks the daemon what it is. What it does not answer stays empty.
func describe(ctx context.Context, on *builder.Builder) record.Builder {
	b := record.Builder{Name: on.Name, Driver: on.Driver}
	if info, err := on.Client.Info(ctx); err == nil {
		b.Version = info.BuildkitVersion.Version
	}
	if workers, err := on.Client.ListWorkers(ctx); err == nil && len(workers) > 0 {
		b.Worker = workers[0].ID
	}
	b.Cores = coresOf(ctx, on)
	return b
}

// frontendFilename is the name under which the frontend reports the Dockerfile.
func (b *Build) frontendFilename() string {
	if n := b.request.opt.FrontendAttrs["filename"]; n != "" {
		return n
	}
	return "Dockerfile"
}

// result makes the record.
func (b *Build) result(a *assembly, obs *observer, read []indexRead, resp *client.SolveResponse, buildErr error, start, end time.Time) *Result {
	redact := redactor(b.request.buildArgs)
	r := &record.Record{
		Schema: record.Schema, ID: newID(), SaltID: b.salt().ID(), StartedAt: start.UTC(),
		Seconds: seconds(end.Sub(start)), Status: record.Succeeded,
		Invocation: b.invocation(), Commit: b.options.Commit,
	}
	t := obs.timeline(start, end)
	r.Caches = obs.caches(b.request.imports, b.request.exports, t)
	b.request.markChosen(r.Caches)
	downloads := obs.downloads()
	inGraph := func(digest.Digest) bool { return false }
	res := &Result{Record: r}
	if a == nil {
		r.Dockerfile = dockerfileOf(nil, b.request.dockerfile, b.request.data)
	} else {
		r.Dockerfile = dockerfileOf(a.file, b.request.dockerfile, b.dockerfile(a.graph))
		r.Steps = a.steps(obs, t)
		a.bytes(obs, downloads)
		r.Vertices = a.vertices
		inGraph = func(d digest.Digest) bool { return a.graph.ByDigest[d] != nil }
		r.Manifests = make([]record.Manifest, len(a.sources))
		n := 0
		for _, s := range a.sources {
			r.Manifests[s.manifest] = manifestOf(s.name, s.snapshot)
			n = max(n, s.manifest+1)
		}
		r.Manifests = r.Manifests[:n]
		b.addIgnore(r)
		r.Warnings = append(r.Warnings, a.warnings...)
	}
	r.Dockerfile.Syntax = frontendOf(r.Dockerfile.Text, b.request.buildArgs, obs)
	r.Checks = obs.checks(r.Dockerfile.Path, redact)
	a.lookUp(read, r.Caches, downloads)
	r.Phases = obs.phases(inGraph, t, knownRef(r))
	for i := range r.Phases {
		r.Phases[i].Name = redact(r.Phases[i].Name)
	}
	for i := range r.Vertices {
		r.Vertices[i].Error = redact(r.Vertices[i].Error)
		r.Vertices[i].LoadError = redact(r.Vertices[i].LoadError)
	}
	r.Warnings = append(r.Warnings, t.warnings()...)
	for i := range r.Warnings {
		r.Warnings[i] = redact(r.Warnings[i])
	}
	for i := range r.Caches {
		c := &r.Caches[i]
		emptyIfNew(c)
		if c.Error = redact(c.Error); c.Error != "" {
			name := c.Type + " cache"
			if c.Ref != "" {
				name += " `" + c.Ref + "`"
			}
			r.Warnings = append(r.Warnings, fmt.Sprintf("%sing the %s: %s", c.Direction, name, c.Error))
		}
	}
	if buildErr != nil {
		r.Status = record.Failed
		r.Failure = failureOf(a, buildErr, redact)
		if gone := goneFrom(b.request.imports, buildErr); gone != "" {
			r.Warnings = append(r.Warnings, gone)
		}
		res.Err = errors.New(r.Failure.Message)
		return res
	}
	r.Warnings = append(r.Warnings, b.request.locals.save()...)
	res.readResponse(resp)
	return res
}

// Subject is the part of the record's invocation that says what is built: the
// context, the Dockerfile, the target and the platforms. It is known before the salt.
func (b *Build) Subject() record.Invocation {
	inv := record.Invocation{
		Context: record.RedactURLs(b.options.Context), Dockerfile: b.request.dockerfile, Target: b.options.Target,
		Platforms: slices.Sorted(slices.Values(b.request.platforms)),
	}
	if !isURL(b.options.Context) {
		inv.Context = relative(b.options.Root, b.options.Context)
	}
	return inv.ForMachine(b.options.machine())
}

func (b *Build) salt() record.Salt {
	if b.options.AwaitSalt != nil {
		return b.options.AwaitSalt()
	}
	return b.options.Salt
}

func (b *Build) invocation() record.Invocation {
	o, inv, salt := b.options, b.Subject(), b.salt()
	inv.NoCache, inv.NoCacheFilter, inv.NamedContexts = o.NoCache, splitList(o.NoCacheFilter), b.request.contexts
	for name, value := range b.request.buildArgs {
		inv.BuildArgs = append(inv.BuildArgs, record.Value{Name: name, Digest: salt.Digest("env", name, value)})
	}
	slices.SortFunc(inv.BuildArgs, func(x, y record.Value) int { return strings.Compare(x.Name, y.Name) })
	for _, name := range []string{"add-hosts", "cgroup-parent", "force-network-mode", "shm-size", "ulimit"} {
		if value, ok := b.request.opt.FrontendAttrs[name]; ok {
			inv.Options = append(inv.Options, record.Value{Name: name, Digest: salt.Digest("option", name, value)})
		}
	}
	return inv
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// addIgnore keeps the .dockerignore of the context beside its files.
func (b *Build) addIgnore(r *record.Record) {
	if isURL(b.options.Context) || r.Manifests == nil {
		return
	}
	lines, path := readIgnore(b.options.Context, b.options.File)
	for i := range r.Manifests {
		if r.Manifests[i].Name == "context" && path != "" {
			r.Manifests[i].Ignore = lines
			r.Manifests[i].IgnorePath = relative(b.options.Root, filepath.Clean(path))
		}
	}
}
