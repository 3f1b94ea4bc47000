package pipeline

import (
	"context"
	"io"
	"path/filepath"
	"slices"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
)

// verify builds with the suggestions, where --verify asks for it: as the repository
// was before the last commit that lost the cache, and then as it is.
func (a *advising) verify(ctx context.Context, all advice.Advice) (advice.Advice, error) {
	if !a.Verify || !slices.ContainsFunc(all.Suggestions, func(g advice.Suggestion) bool { return g.Patch != "" }) {
		return all, nil
	}
	before := a.beforeLoss(all.Builds)
	if before == "" {
		a.note("the suggestions are not verified: no commit that was replayed lost the cache", "")
		return all, nil
	}
	on, err := builder.Connect(ctx, builder.Options{
		Address: a.Builder, TLS: a.TLS, Getenv: a.env.getenv, Stderr: a.env.Stderr,
		ExecutableDir: filepath.Dir(a.env.Executable), StateDir: stateDir(a.env),
	})
	if err != nil {
		return all, err
	}
	defer on.Close()
	base := &record.Record{SaltID: a.head.SaltID, Commit: record.Commit{SHA: before}, Invocation: a.head.Invocation}
	base.Invocation.BuildArgs = slices.Clone(a.head.Invocation.BuildArgs)
	for i, v := range base.Invocation.BuildArgs {
		if slices.Contains(a.every, v.Name) {
			base.Invocation.BuildArgs[i].Digest = ""
		}
	}
	v := newVerification(a.Options, a.args, a.head, base, nil)
	v.on, v.log = on, a.env.Stderr
	if a.env.inActions() {
		v.log = io.Discard // what a build prints could be a command to the runner
	}
	proven, warnings := v.run(ctx, all)
	a.warnings = append(a.warnings, warnings...)
	return proven, ctx.Err()
}

// beforeLoss is the commit before the last one that lost the cache to something that
// changed; empty if none did.
func (a *advising) beforeLoss(builds []advice.Replayed) string {
	for i, b := range slices.Backward(builds) {
		if slices.ContainsFunc(b.Reruns, func(r advice.Rerun) bool { return r.Own }) {
			return a.commits.history.Commits[i].SHA // that has one more in front
		}
	}
	return ""
}
