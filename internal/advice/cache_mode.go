package advice

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// cacheMode exports the results of all stages where steps re-ran because the cache
// had their keys alone. Before:
//
//	cache-to: type=gha
//
// After:
//
//	cache-to: type=gha,mode=max
//
// The other way round, with mode=max, it names mode=min where the exports took longer
// than all caches saved, and no build of another branch could do without them, which
// is what cache-export-cost would say.
func cacheMode(s *scene) []candidate {
	var out []candidate
	for _, c := range s.exports() {
		switch {
		case c.Error != "" || c.Type == "inline":
			s.silent(-1, "an inline cache, or one that could not be exported, has no other mode")
		case c.Mode == "max":
			if x, ok := s.toMin(c); ok {
				out = append(out, x)
			}
		default:
			if x, ok := s.toMax(c); ok {
				out = append(out, x)
			}
		}
	}
	return out
}

func (s *scene) toMax(c *record.CacheAccess) (candidate, bool) {
	l := s.lostTo(cause.CacheNotExported, func(r *record.Record, f record.Finding) bool {
		return f.Subject == c.Ref && (r != s.Head || s.byMode(f))
	})
	if l.hit == 0 {
		s.silent(-1, "nothing missed in the builds that are known because %s was exported with mode=min", c.Ref)
		return candidate{}, false
	}
	title := fmt.Sprintf("Export with mode=max: with mode=min the cache %s keeps no results of earlier stages, and %s again %s", c.Ref, ran(l.steps), l.where())
	x, ok := s.draftUses(title, s.uses("cache-to", c), func(u use) string { return withMode(u, "max") })
	x = s.orRemark(x, ok, title, flagOf("cache-to", c, ",mode=max"))
	x.sound = false
	x.predicted = l.prediction()
	x.Assumes = append(x.Assumes, fmt.Sprintf("an export of all stages takes little longer than this build's, which took %.1f s", c.Seconds))
	return x, true
}

// byMode says that a cause of this build blames the mode of an export.
func (s *scene) byMode(f record.Finding) bool {
	for _, c := range s.Causes {
		if c.Line == f.Line && c.Subject == f.Subject && c.Kind == cause.CacheNotExported && c.Evidence.Name == "mode=min" {
			return true
		}
	}
	return false
}

func (s *scene) toMin(c *record.CacheAccess) (candidate, bool) {
	b, why := s.balance(c)
	switch {
	case why != "":
		s.silent(-1, "%s", why)
		return candidate{}, false
	case b.elsewhere > 0:
		s.silent(-1, "cache-export-cost speaks of it")
		return candidate{}, false
	}
	title := fmt.Sprintf("Export with mode=min: over %d builds the exports of %s took %.1f s, and all that the cache saved is %.1f s", b.builds, c.Ref, b.spent, b.saved)
	x, ok := s.draftUses(title, s.uses("cache-to", c), func(u use) string { return withMode(u, "min") })
	x = s.orRemark(x, ok, title, flagOf("cache-to", c, ",mode=min"))
	x.sound = true
	x.predicted = &Prediction{}
	x.Assumes = append(x.Assumes, "most of what the cache saves lies in the final stage, whose results mode=min keeps")
	return x, true
}

// withMode is an entry with another mode; empty where the mode is an expression.
func withMode(u use, mode string) string {
	if !strings.Contains(u.Text, "=") {
		return "type=registry,ref=" + u.Text + ",mode=" + mode
	}
	old, ok := u.Attrs["mode"]
	switch {
	case !ok:
		return u.Text + ",mode=" + mode
	case old == "min" || old == "max":
		return strings.Replace(u.Text, "mode="+old, "mode="+mode, 1)
	}
	return ""
}

// ran is a number of steps in a sentence.
func ran(n int) string {
	if n == 1 {
		return "1 step ran"
	}
	return fmt.Sprintf("%d steps ran", n)
}
