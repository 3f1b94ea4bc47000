package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/report"
)

// point is one prediction and what was measured.
type point struct {
	Case  string `json:"case"`
	Shape string `json:"shape"`
	Place string `json:"place"`
	// Without is "cache", or the edit that was undone.
	Without   string  `json:"without"`
	Predicted float64 `json:"predicted"`
	Measured  float64 `json:"measured"`
	// First and Head are the wall times of the builds before and after the edits,
	// and Residue what the model of the latter leaves.
	First   float64 `json:"first"`
	Head    float64 `json:"head"`
	Residue float64 `json:"residue"`
	// Others is how many processors other programs kept busy, in that build of the
	// case in which it was most.
	Others float64 `json:"others"`
}

// noCacheAtAll is what the prediction of a build without any cache is called.
const noCacheAtAll = "cache"

// bench is what one case runs with.
type bench struct {
	*trial
	host    *host
	daemon  *buildkittest.Daemon
	bin     string
	dir     string
	before  content // of the registry, before the build after the edits
	version int
	others  float64 // see point
}

// run builds before and after the edits, and what is predicted of the latter.
func (t *trial) run(ctx context.Context, h *host, bin, dir string) ([]point, error) {
	b := &bench{trial: t, host: h, daemon: h.daemon(t.daemon), bin: bin, dir: dir}
	if err := h.store.restore(h.images); err != nil {
		return nil, err
	}
	b.before = h.images
	if err := b.daemon.Prune(ctx); err != nil {
		return nil, err
	}
	first, err := b.build(ctx, "first", "history", t.first(), nil)
	if err != nil {
		return nil, err
	}
	if err := allMissed(first); err != nil {
		return nil, fmt.Errorf("the first build: %w", err)
	}
	b.before = h.store.snapshot()
	head, err := b.build(ctx, "head", "history", b.next(), nil)
	if err != nil {
		return nil, err
	}
	var points []point
	add := func(without string, predicted, measured float64) {
		points = append(points, point{
			Case: t.name, Shape: t.shape, Place: string(t.place), Without: without, Predicted: predicted, Measured: measured,
			First: first.Build.WallSeconds, Head: head.Build.WallSeconds, Residue: head.Totals.ResidueSeconds,
		})
	}
	for i, e := range t.edits {
		c, err := causeOf(head, e)
		if err != nil {
			return nil, err
		}
		if e.stays {
			continue
		}
		rep, err := b.build(ctx, "without-"+strings.ReplaceAll(e.String(), " ", "-"), "other", b.next().undone(i), nil)
		if err != nil {
			return nil, err
		}
		if err := lacks(rep, head, c); err != nil {
			return nil, fmt.Errorf("the build without %s: %w", e, err)
		}
		add(e.String(), head.Build.WallSeconds-c.LostSeconds, rep.Build.WallSeconds)
	}
	w := b.next()
	for i, e := range t.edits {
		if e.kind == cause.NoCache {
			w[i] = 0 // one flag is enough
		}
	}
	rep, err := b.build(ctx, "no-cache", "other", w, []string{"--no-cache"})
	if err != nil {
		return nil, err
	}
	if err := allMissed(rep); err != nil {
		return nil, fmt.Errorf("the build without a cache: %w", err)
	}
	add(noCacheAtAll, head.Totals.WithoutCacheSeconds, rep.Build.WallSeconds)
	for i := range points {
		points[i].Others = b.others
	}
	return points, nil
}

// next is a world with all edits that no build has seen.
func (b *bench) next() world {
	b.version++
	return b.at(b.version)
}

// build makes the world and the state that the build after the edits found, and
// builds. The extra flags take the place of those for the cache.
func (b *bench) build(ctx context.Context, name, history string, w world, instead []string) (*report.Report, error) {
	h := b.host
	prune := b.place == cold
	registry := b.before
	for i, e := range b.edits {
		if e.losesTheCache() && w[i] > 0 {
			registry = registry.without("cache")
			prune = prune || b.place == local
		}
	}
	if err := h.store.restore(registry); err != nil {
		return nil, err
	}
	h.line.setRate(0)
	for i, e := range b.edits {
		if e.kind == cause.BaseImageMoved && w[i] > 0 {
			h.push(e.name, fmt.Sprint("version-", w[i]))
		}
	}
	h.line.setRate(b.rate * 1e6)
	if prune {
		if err := b.daemon.Prune(ctx); err != nil {
			return nil, err
		}
	}
	images := strings.NewReplacer("{base}", h.registry+"/base", "{big}", h.registry+"/big")
	if err := write(filepath.Join(b.dir, "tree"), b.tree(w, images)); err != nil {
		return nil, err
	}
	for _, left := range []string{"out", "out.tar"} {
		if err := os.RemoveAll(filepath.Join(b.dir, left)); err != nil {
			return nil, err
		}
	}
	flags := append(b.command(w), b.outputs(h, b.dir)...)
	if instead == nil {
		instead = b.caches(h, name == "first" || !b.none)
	}
	before, err := readUsage(b.daemon.PID)
	if err != nil {
		return nil, err
	}
	rep, err := layercause(ctx, b.daemon, b.bin, b.dir, history, name, append(flags, instead...))
	if err != nil {
		return nil, err
	}
	after, err := readUsage(b.daemon.PID)
	b.others = max(b.others, before.others(after))
	return rep, err
}

// allMissed checks that a build had nothing from a cache.
func allMissed(rep *report.Report) error {
	for _, s := range rep.Steps {
		if s.Status != "miss" {
			return fmt.Errorf("%s is a %s", s.Instruction, s.Status)
		}
	}
	return nil
}

// causeOf finds what the report says of an edit.
func causeOf(rep *report.Report, e edit) (*report.Cause, error) {
	for i, c := range rep.Causes {
		if c.Kind != e.kind {
			continue
		}
		switch {
		case e.kind == cause.ContextFiles && slices.ContainsFunc(c.Evidence.Files, func(f cause.FileChange) bool { return f.Path == e.name }),
			e.kind == cause.BuildArg && c.Evidence.Name == e.name,
			e.kind != cause.ContextFiles && e.kind != cause.BuildArg:
			return &rep.Causes[i], nil
		}
	}
	var found []string
	for _, c := range rep.Causes {
		found = append(found, fmt.Sprintf("%s at %d (%s)", c.Kind, c.Line, c.Subject))
	}
	return nil, fmt.Errorf("the report has no cause for %s, but %q", e, found)
}

// lacks checks that a build missed exactly what the one after the edits did, but
// for the steps that only this cause lost. Steps that ran because others needed
// them may do so or not.
func lacks(rep, head *report.Report, c *report.Cause) error {
	lost, may := map[string]bool{}, map[string]bool{}
	for _, o := range head.Causes {
		for _, id := range o.Steps {
			switch {
			case len(o.Evidence.NeededBy) > 0:
				may[id] = true
			case o.ID != c.ID:
				lost[id] = true
			}
		}
	}
	for _, s := range rep.Steps {
		missed := s.Status == "miss"
		switch {
		case missed && !lost[s.ID] && !may[s.ID]:
			return fmt.Errorf("%s ran", s.Instruction)
		case !missed && lost[s.ID]:
			return fmt.Errorf("%s is a %s", s.Instruction, s.Status)
		}
	}
	return nil
}
