package buildkit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/moby/patternmatcher/ignorefile"

	"github.com/layercause/layercause/internal/buildcontext"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// Survey gives the record of a build that is not run: the Dockerfile, and every
// file of the context that the .dockerignore lets in. No step has a time. The
// context has to be a folder.
func (b *Build) Survey(ctx context.Context) (*record.Record, error) {
	if isURL(b.options.Context) {
		return nil, &UsageError{"the build context is a URL", "name a folder of the repository"}
	}
	f, err := dockerfile.Parse(b.request.dockerfile, b.request.data)
	if err != nil {
		return nil, &UsageError{err.Error(), "mend the Dockerfile, or name another one with --file"}
	}
	r := &record.Record{
		Schema: record.Schema, ID: newID(), SaltID: b.salt().ID(), Status: record.Succeeded,
		Invocation: b.invocation(), Commit: b.options.Commit,
		Dockerfile: dockerfileOf(f, b.request.dockerfile, b.request.data),
	}
	for i, in := range f.Instructions {
		if in.Cacheable() && in.Stage >= 0 {
			r.Steps = append(r.Steps, record.Step{
				ID: fmt.Sprintf("s%d", len(r.Steps)+1), Instruction: i, Stage: f.Stages[in.Stage].Name, Status: record.NotRun,
			})
		}
	}
	filter, err := b.ignored()
	if err != nil {
		return nil, err
	}
	done := make(chan struct{})
	close(done)
	s, err := b.request.locals.trees["context"].Snapshot(ctx, filter, done)
	if err != nil {
		return nil, fmt.Errorf("reading the build context: %w", err)
	}
	r.Manifests = []record.Manifest{manifestOf("context", s)}
	b.addIgnore(r)
	return r, nil
}

// ignored is what the .dockerignore keeps out.
func (b *Build) ignored() (buildcontext.Filter, error) {
	_, path := readIgnore(b.options.Context, b.options.File)
	if path == "" {
		return buildcontext.Filter{}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return buildcontext.Filter{}, err
	}
	patterns, err := ignorefile.ReadAll(bytes.NewReader(data))
	if err != nil {
		return buildcontext.Filter{}, &UsageError{fmt.Sprintf("reading %s: %v", strings.TrimSpace(path), err), "mend the .dockerignore"}
	}
	return buildcontext.Filter{ExcludePatterns: patterns}, nil
}

// Args are the values of the build arguments. They are not meant to be shown.
func (b *Build) Args() map[string]string { return b.request.buildArgs }
