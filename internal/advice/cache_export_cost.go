package advice

import (
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// cacheExportCost exports on the default branch alone, where over the last builds the
// exports took longer than all that the cache saved. Before:
//
//	cache-to: type=gha,mode=max
//
// After:
//
//	cache-to: ${{ github.ref == 'refs/heads/main' && 'type=gha,mode=max' || '' }}
//
// Builds of pull requests import what the default branch exported, and each of them
// saves its own export.
func cacheExportCost(s *scene) []candidate {
	var out []candidate
	for _, c := range s.exports() {
		if c.Error != "" || c.Type == "inline" {
			continue
		}
		b, why := s.balance(c)
		switch {
		case why != "":
			s.silent(-1, "%s", why)
			continue
		case b.elsewhere == 0:
			s.silent(-1, "all builds that are known are of the default branch")
			continue
		}
		title := fmt.Sprintf("Export the cache %s on the branch %s alone: over %d builds the exports took %.1f s, and all that the cache saved is %.1f s", c.Ref, s.Head.Commit.Default, b.builds, b.spent, b.saved)
		x, ok := s.draftUses(title, s.uses("cache-to", c), func(u use) string {
			if strings.Contains(u.Text, "'") || strings.Contains(u.Text, "${{") {
				return ""
			}
			return fmt.Sprintf("${{ github.ref == 'refs/heads/%s' && '%s' || '' }}", s.Head.Commit.Default, u.Text)
		})
		x = s.orRemark(x, ok, title, "")
		x.sound = false
		x.predicted = &Prediction{Commits: b.builds, CommitsSaved: b.elsewhere, SecondsSavedPerBuild: b.elsewhereSpent / float64(b.builds)}
		x.Assumes = append(x.Assumes, "builds of other branches find in the default branch's cache most of what they find now")
		out = append(out, x)
	}
	return out
}

// enoughBuilds is how many builds have to be known before a cache is said not to pay.
const enoughBuilds = 5

// balance is what the exports to a cache took, and what caches saved, in seconds.
type balance struct {
	builds       int
	spent, saved float64
	// elsewhere are the builds of other branches than the default one that exported.
	elsewhere      int
	elsewhereSpent float64
}

// balance weighs the exports to a cache over the builds that are known. It says why
// nothing can be said.
func (s *scene) balance(c *record.CacheAccess) (b balance, why string) {
	bound := false
	for _, r := range s.known() {
		if !exported(r, c) {
			continue
		}
		b.builds++
		spent := 0.0
		for _, x := range r.Caches {
			if x.Direction == record.Export && x.Type == c.Type && x.Ref == c.Ref {
				spent += x.Seconds
			}
		}
		b.spent += spent
		b.saved += r.Findings.Saved
		bound = bound || r.Findings.SavedIsBound
		if s.Head.Commit.Default != "" && r.Commit.Branch != s.Head.Commit.Default {
			b.elsewhere++
			b.elsewhereSpent += spent
		}
	}
	switch {
	case b.builds < enoughBuilds:
		why = fmt.Sprintf("of %d builds that exported %s it cannot be told whether that pays", b.builds, c.Ref)
	case bound:
		why = fmt.Sprintf("what %s saved is only known in part", c.Ref)
	case !plainRef.MatchString(s.Head.Commit.Default):
		why = "the default branch is not known"
	case b.spent <= b.saved:
		why = fmt.Sprintf("the exports of %s took %.1f s over %d builds, and %.1f s were saved", c.Ref, b.spent, b.builds, b.saved)
	}
	return b, why
}
