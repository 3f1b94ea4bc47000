package cacheplan

import (
	"fmt"

	"github.com/layercause/layercause/internal/record"
)

// enough is how many builds have to be known before an export is said to pay.
const enough = 5

// wouldPay weighs exports by builds of pull requests and other short branches: what
// they lost to steps that the build before of the same branch had made and not
// exported, against what exporting each would have taken. Builds that did export
// tell nothing of that; once they fill the history, a few are measured anew.
func (s Situation) wouldPay() (bool, string) {
	builds, lost := 0, 0.0
	exports, spent := 0, 0.0
	for i, r := range s.Past {
		took, exported := exportOf(r)
		if exported {
			exports++
			spent += took
		}
		if exported || !s.aside(r) || r.Findings == nil {
			continue
		}
		builds++
		earlier := previous(s.Past[i+1:], r)
		if earlier == nil {
			continue
		}
		if _, exported := exportOf(earlier); exported {
			continue
		}
		lost += r.Findings.Again
	}
	switch {
	case builds < enough:
		return false, fmt.Sprintf("it takes %d builds of pull requests and short branches without an export to tell whether one would pay, and %d are known", enough, builds)
	case exports == 0:
		return false, "what an export takes is not known"
	}
	mean := spent / float64(exports)
	evidence := fmt.Sprintf("the last %d builds of pull requests and short branches lost %.1f s to what the build before had made and not exported, and %d exports of %.1f s would have taken %.1f s",
		builds, lost, builds, mean, mean*float64(builds))
	return lost > mean*float64(builds), evidence
}

// aside says that no other build started from the branch of a build.
func (s Situation) aside(r *record.Record) bool {
	if r.Commit.BaseBranch != "" {
		return true
	}
	if r.Commit.Branch == "" || r.Commit.Branch == s.Commit.Default {
		return false
	}
	for _, p := range s.Past {
		if p.Commit.BaseBranch == r.Commit.Branch {
			return false
		}
	}
	return true
}

// previous is the last of some builds that is of a build's branch. A fork's branch
// may have the name of one of ours, but does not go to the same.
func previous(past []*record.Record, r *record.Record) *record.Record {
	for _, p := range past {
		if p.Commit.Branch == r.Commit.Branch && p.Commit.BaseBranch == r.Commit.BaseBranch {
			return p
		}
	}
	return nil
}

// exportOf is how long a build exported caches, in seconds. One that failed exported
// none, whatever it was to export.
func exportOf(r *record.Record) (seconds float64, ok bool) {
	if r.Status == record.Failed {
		return 0, false
	}
	for _, c := range r.Caches {
		if isExport(c) && c.Error == "" {
			seconds, ok = seconds+c.Seconds, true
		}
	}
	return seconds, ok
}

// isExport leaves an inline cache out, which is a part of the image.
func isExport(c record.CacheAccess) bool { return c.Direction == record.Export && c.Type != "inline" }
