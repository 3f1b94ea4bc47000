package report

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// Quiet says that the report asks nothing of anybody: nothing was lost (a first
// build loses nothing), nothing failed, and no suggestion is about time or a
// credential. A pull request that has no comment yet needs none then.
func Quiet(r Report) bool {
	v := newView(&r)
	return v.quiet(v.verdict())
}

func (v *view) quiet(d verdict) bool {
	return d.quiet && !slices.ContainsFunc(v.wanted(), pressing) && !v.gateFailed() &&
		!slices.ContainsFunc(v.Caches, v.cacheFault) && !slices.ContainsFunc(v.Warnings, v.news)
}

// cacheFault says that something is wrong with a cache. That nothing was in it yet
// is no fault on the first build.
func (v *view) cacheFault(c Cache) bool { return c.Error != "" && !v.notYetFilled(c) }

func (v *view) notYetFilled(c Cache) bool {
	return v.firstBuild() && c.Direction == string(record.Import) && c.Error != "" &&
		cause.HadNothing(&record.CacheAccess{Error: c.Error})
}

// news says that a warning tells of more than a cache which nothing was in yet.
func (v *view) news(warning string) bool {
	return !slices.ContainsFunc(v.Caches, func(c Cache) bool {
		return v.notYetFilled(c) && strings.HasSuffix(warning, ": "+c.Error)
	})
}

func (v *view) gateFailed() bool {
	for _, g := range v.Gates {
		if g.Status != "pass" {
			return true
		}
	}
	return false
}

func (v *view) cacheFailed() bool {
	for _, c := range v.Caches {
		if c.Error != "" {
			return true
		}
	}
	return false
}
