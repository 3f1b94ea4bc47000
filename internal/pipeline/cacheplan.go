package pipeline

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/cacheplan"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/history/actionscache"
	"github.com/layercause/layercause/internal/record"
)

// The values of --cache.
const (
	cacheAuto = "auto"
	cacheOff  = "off"
)

// checkCache refuses other values of --cache.
func checkCache(mode string) error {
	switch mode {
	case "", cacheAuto, cacheOff:
		return nil
	}
	return usage("use auto or off", "--cache %q is unknown", mode)
}

// pastBuilds are the last builds of a key. A history that cannot be read is no
// evidence; the comparison says why.
func pastBuilds(ctx context.Context, rec *records, key history.Key) (past []*record.Record, unknown bool) {
	store := rec.early()
	if store == nil || rec.mirror != nil && rec.failed {
		return nil, true
	}
	past, _, err := store.Past(ctx, key, history.Keep)
	return past, err != nil
}

// chooseCaches gives the build the caches that nobody named, if somebody asked for
// that, and says what it chose.
func chooseCaches(ctx context.Context, env Env, run *runner, o BuildOptions, b *buildkit.Build, on *builder.Builder, rec *records) (string, error) {
	if o.Cache != cacheAuto {
		return "", nil
	}
	s := cacheplan.Situation{
		Invocation: b.Subject(), Commit: o.Options.Commit, Platform: "linux/" + runtime.GOARCH,
		Engine: on.Limited(ctx), From: len(o.CacheFrom) > 0, To: len(o.CacheTo) > 0,
	}
	s.Images, s.Pushes = b.Images()
	if run.active {
		s.Actions, s.Event, s.Fork = true, run.event.Name, run.event.FromFork()
		s.Protected = env.getenv("GITHUB_REF_PROTECTED") == "true" && s.Commit.BaseBranch == ""
		service, there := actionsCache(env)
		s.Mode, service.Mode = service.Mode, ""
		// BuildKit fails a whole build for a token that is not one of the service, such
		// as act's, whether the export may fail or not.
		_, err := actionscache.New(service)
		s.Service = there && err == nil
	} else if s.Commit.Default == "" && isDir(o.Context) {
		s.Commit.Default = strings.TrimPrefix(git{ctx, o.Context}.run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"), "origin/")
	}
	s.Past, s.PastUnknown = pastBuilds(ctx, rec, history.KeyOf(&record.Record{Commit: s.Commit, Invocation: s.Invocation}))
	plan := cacheplan.Choose(s)
	if err := b.Choose(plan.From, plan.To); err != nil {
		return "", fmt.Errorf("choosing caches: %w", err)
	}
	if run.active {
		run.log.Print(plan.Why)
	} else {
		fmt.Fprintln(env.Stderr, action.Harmless(plan.Why))
	}
	return plan.Why, nil
}
