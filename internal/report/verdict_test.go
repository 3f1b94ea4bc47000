package report_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/report"
)

// TestFirstLine states the first line of a comment for every kind of build.
func TestFirstLine(t *testing.T) {
	change := func(f func(*build)) func(build) build {
		return func(b build) build { f(&b); return b }
	}
	one := func(f func(*cause.Cause)) func(build) build {
		return change(func(b *build) { f(&b.causes[0]) })
	}
	tests := []struct {
		name  string
		of    func() build
		apply func(build) build
		want  string
	}{
		{"one file", oneCause, nil,
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"lower bound", oneCause, change(func(b *build) { b.ledger.SavedIsBound = true }),
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, at least 1m12s saved, 1m10s net of import and export."},
		{"saved not measured", oneCause, change(func(b *build) { b.ledger.SavedIsBound, b.ledger.Saved = true, 0 }),
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, time saved not measured yet."},
		{"no time lost", oneCause, change(func(b *build) { b.ledger.Lost, b.ledger.CauseLost["c1"] = 0, 0.01 }),
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, no time lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"several files, the subject first", oneCause, one(func(c *cause.Cause) {
			c.Evidence.Files = []cause.FileChange{{Path: "a", Change: "added"}, {Path: "src/app.ts", Change: "content"}, {Path: "z", Change: "removed"}}
		}), "**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed and 2 more; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"a mode", oneCause, one(func(c *cause.Cause) { c.Evidence.Files[0].Change = "mode" }),
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` has another mode; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"added instruction", oneCause, one(func(c *cause.Cause) { c.Kind = cause.InstructionAdded }),
			"**`COPY . .` (Dockerfile:6) is new; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"moved base", oneCause, one(func(c *cause.Cause) {
			c.Kind, c.Line, c.Instruction, c.Subject = cause.BaseImageMoved, 1, "FROM node:22 AS build", "node:22"
		}), "**`FROM node:22 AS build` (Dockerfile:1) lost the cache: image `node:22` was updated under the same name; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"rerun for child", oneCause, one(func(c *cause.Cause) {
			c.Kind, c.Evidence, c.Steps = cause.RerunForChild, cause.Evidence{NeededBy: []string{"s4"}}, []string{"s3"}
		}), "**`COPY . .` (Dockerfile:6) lost the cache: nothing changed, but its result was not in the cache, and `RUN npm ci` (Dockerfile:7) needed it; 1 step re-ran, 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"several causes", severalCauses, nil,
			"**`ARG COMMIT` (Dockerfile:3) lost the cache: build arg `COMMIT` has another value; 3 steps re-ran, 1m24s lost; and 2 more causes, 1m33s lost in all.** 2 of 6 steps hit, 0.2 s saved. The cache cost 4.6 s more than it saved: export 4.0 s, import 0.8 s."},
		{"unexplained", unexplained, nil,
			"**`RUN npm ci` (Dockerfile:7) missed the cache, and nothing that was compared tells why; 1 step re-ran, 36 s lost.** 4 of 5 steps hit, 1m17s saved."},
		{"no causes", oneCause, change(func(b *build) { b.causes = nil }),
			"**3 steps missed the cache, and why was not found out; 41 s lost.** 2 of 5 steps hit, 1m12s saved, 1m10s net of import and export."},
		{"first build", firstBuild, nil,
			"First build of Dockerfile seen here: 5 steps ran in 1m55s. The next build will be compared with it."},
		{"first build of a target", firstBuild, change(func(b *build) { b.head.Invocation.Target, b.head.Dockerfile.Path = "test", "docker/app.Dockerfile" }),
			"First build of `docker/app.Dockerfile`, target `test` seen here: 5 steps ran in 1m55s. The next build will be compared with it."},
		{"all hit", allHit, nil,
			"All 5 steps hit the cache, at least 1m53s saved."},
		{"all hit, and it did not pay", allHit, change(func(b *build) {
			b.ledger.Saved, b.ledger.SavedIsBound, b.ledger.DownloadSeconds, b.ledger.NetSaved = 0.7, false, 12.3, -12.5
		}), "All 5 steps hit the cache, 0.7 s saved. The cache cost 12 s more than it saved: download 12 s, import 0.9 s."},
		{"it did not pay, as far as measured", oneCause, change(func(b *build) {
			b.ledger.SavedIsBound, b.ledger.ExportSeconds, b.ledger.NetSaved = true, 84, -12.9
		}), "**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, at least 1m12s saved. As far as measured, the cache cost 13 s more than it saved: export 1m24s, import 0.9 s."},
		{"nothing saved", oneCause, change(func(b *build) { b.ledger.Saved, b.ledger.NetSaved = 0, 0 }),
			"**`COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 3 steps re-ran, 41 s lost.** 2 of 5 steps hit, no time saved."},
		{"a first build that exported", firstBuild, change(func(b *build) { b.ledger.ExportSeconds, b.ledger.NetSaved = 31, -31 }),
			"First build of Dockerfile seen here: 5 steps ran in 1m55s. The next build will be compared with it."},
		{"no steps", allHit, change(func(b *build) { b.head.Steps = nil }),
			"Nothing to cache: no step of this build ran or was looked up."},
		{"failed", failedBuild, nil,
			"**`RUN npm test` (Dockerfile:9) failed after 12 s.** Before it 2 steps hit the cache (1m12s saved) and 3 ran. `COPY . .` (Dockerfile:6) lost the cache: `src/app.ts` changed; 4 steps re-ran, 41 s lost."},
		{"failed before any step", failedBuild, change(func(b *build) { b.head.Steps, b.causes = nil, nil }),
			"**The build failed at Dockerfile:9 after 55 s.** No step ran."},
		{"failed nowhere", failedBuild, change(func(b *build) { b.head.Steps, b.causes, b.head.Failure = nil, nil, nil }),
			"**The build failed after 55 s.** No step ran."},
		{"failed on a first build", failedBuild, one(func(c *cause.Cause) { c.Kind = cause.FirstBuild }),
			"**`RUN npm test` (Dockerfile:9) failed after 12 s.** Before it 2 steps hit the cache (1m12s saved) and 3 ran."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.of()
			if tt.apply != nil {
				b = tt.apply(b)
			}
			r := b.report()
			r.Links = report.Links{}
			got, _, _ := strings.Cut(report.Comment(r), "\n")
			if got != tt.want {
				t.Errorf("first line:\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestEveryKindHasWords makes sure that a new kind gets a clause of its own.
func TestEveryKindHasWords(t *testing.T) {
	kinds := []cause.Kind{
		cause.InstructionChanged, cause.BuildArg, cause.Env, cause.ContextFiles, cause.ContextRules,
		cause.BaseImageMoved, cause.BaseImageChanged, cause.RemoteSource, cause.NamedContext, cause.StageOutput,
		cause.Platform, cause.StepOptions, cause.FrontendChanged, cause.NoCache, cause.CacheEvicted,
		cause.CacheOverwritten, cause.CacheNotExported, cause.CacheImportFailed, cause.CacheEmpty,
		cause.CacheBlobMissing, cause.PreviousBuildFailed, cause.RerunForChild,
	}
	seen := map[string]cause.Kind{}
	for _, k := range kinds {
		b := oneCause()
		b.causes[0].Kind, b.causes[0].Detail, b.causes[0].Subject = k, "fallback", "thing"
		b.causes[0].Evidence = cause.Evidence{}
		line, _, _ := strings.Cut(report.Comment(b.report()), "\n")
		if strings.Contains(line, "fallback") {
			t.Errorf("%s has no words of its own: %s", k, line)
		}
		if other, ok := seen[line]; ok {
			t.Errorf("%s and %s read the same: %s", k, other, line)
		}
		seen[line] = k
	}
}

func TestTotalsAddUp(t *testing.T) {
	for name, b := range scenarios() {
		tt := b.report().Totals
		if tt.Hits+tt.Misses+tt.NotRun != tt.Steps {
			t.Errorf("%s: %d hits + %d misses + %d not run are not %d steps", name, tt.Hits, tt.Misses, tt.NotRun, tt.Steps)
		}
	}
}

// TestOrder gives the stages' results out of order.
func TestOrder(t *testing.T) {
	b := severalCauses()
	b.causes[0], b.causes[2] = b.causes[2], b.causes[0]
	slices.Reverse(b.head.Steps)
	r := b.report()
	for i := 1; i < len(r.Steps); i++ {
		if r.Steps[i].Line < r.Steps[i-1].Line {
			t.Errorf("step of line %d stands below line %d", r.Steps[i].Line, r.Steps[i-1].Line)
		}
	}
	var ids []string
	for _, c := range r.Causes {
		ids = append(ids, c.ID)
	}
	if got := strings.Join(ids, " "); got != "c1 c2 c3" {
		t.Errorf("causes in order %s, want the costliest first: c1 c2 c3", got)
	}
}
