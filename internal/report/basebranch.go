package report

import (
	"math"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// baseBuilds is how many of its last builds stand for a branch: enough that one
// odd build does not decide, few enough to be what the branch is like now.
const baseBuilds = 5

// BaseBranch is what builds of the branch that a pull request goes into are like:
// the medians over its last builds of the same Dockerfile, target and platforms
// that succeeded.
type BaseBranch struct {
	Name        string  `json:"name"`
	Builds      int     `json:"builds"` // how many are counted, at most 5
	HitRate     float64 `json:"hitRate"`
	WallSeconds float64 `json:"wallSeconds"`
}

// newBaseBranch looks for builds of the head's base branch among earlier ones, the
// newest first. It returns nil if the head is of no pull request, or there is none.
func newBaseBranch(head *record.Record, past []*record.Record) *BaseBranch {
	b := BaseBranch{Name: head.Commit.BaseBranch}
	var rates, walls []float64
	for _, x := range past {
		// A pull request of a fork can come from a branch of the same name.
		if b.Name == "" || x.Commit.Branch != b.Name || x.Commit.BaseBranch != "" || x.Status != record.Succeeded {
			continue
		}
		if f := x.Findings; f != nil && f.Hits+f.Misses > 0 && len(rates) < baseBuilds {
			rates = append(rates, hitRate(f.Hits, f.Misses))
			walls = append(walls, x.Seconds)
		}
	}
	if b.Builds = len(rates); b.Builds == 0 {
		return nil
	}
	b.HitRate, b.WallSeconds = math.Round(median(rates)*1e4)/1e4, tidy(median(walls))
	return &b
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// besideBase compares the hit rate and the wall time with those of the base
// branch, or says nothing. A build that failed went only part of the way.
func (v *view) besideBase() sentence {
	b, t := v.BaseBranch, &v.Totals
	if b == nil || v.failed() || t.Hits+t.Misses == 0 {
		return nil
	}
	s := words("Hit rate " + percent(t.HitRate))
	if rate := percent(b.HitRate); rate == percent(t.HitRate) {
		s = s.say(", as on ")
	} else {
		s = s.say(moved(t.HitRate, b.HitRate) + rate + " on ")
	}
	s = s.code(b.Name, nameLimit).say("; wall time " + duration(v.Build.WallSeconds))
	if math.Abs(v.Build.WallSeconds-b.WallSeconds) < 0.05*b.WallSeconds || duration(v.Build.WallSeconds) == duration(b.WallSeconds) {
		s = s.say(", about as long as there")
	} else {
		s = s.say(moved(v.Build.WallSeconds, b.WallSeconds) + duration(b.WallSeconds))
	}
	if b.Builds == 1 {
		return s.say(" (its last build).")
	}
	return s.say(" (median of its last " + itoa(b.Builds) + " builds).")
}

func moved(now, before float64) string {
	if now < before {
		return ", down from "
	}
	return ", up from "
}
