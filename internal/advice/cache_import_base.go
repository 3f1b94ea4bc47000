package advice

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/workflow"
)

// cacheImportBase has the builds of pull requests import the cache of the branch that
// they go to, where each branch has a cache of its own. Before:
//
//	cache-from: type=registry,ref=user/app:cache-${{ github.head_ref || github.ref_name }}
//
// After:
//
//	cache-from: |
//	  type=registry,ref=user/app:cache-${{ github.head_ref || github.ref_name }}
//	  type=registry,ref=user/app:cache-main
//
// An Actions cache without a scope needs none of it: GitHub looks at the base branch's
// by itself.
func cacheImportBase(s *scene) []candidate {
	branch := s.Head.Commit.BaseBranch
	imports := s.imports()
	if branch == "" || len(imports) == 0 {
		s.silent(-1, "this is no pull request, or it imports no cache")
		return nil
	}
	theirs := s.cacheOf(branch, imports)
	if theirs == nil {
		s.silent(-1, "no build of %s is known that exported a cache which this one did not import", branch)
		return nil
	}
	l := s.lostTo(cause.CacheEmpty, func(r *record.Record, _ record.Finding) bool { return r.Commit.BaseBranch == branch })
	more := s.lostTo(cause.CacheNotExported, func(r *record.Record, _ record.Finding) bool { return r.Commit.BaseBranch == branch })
	if l.hit += more.hit; l.hit == 0 {
		s.silent(-1, "nothing missed for want of that cache")
		return nil
	}
	l.hit = min(l.hit, l.builds)
	l.steps, l.seconds = min(l.steps+more.steps, l.misses), l.seconds+more.seconds
	title := fmt.Sprintf("Import the cache of %s too: its builds export %s, and %s again %s, whose branch had no cache yet", branch, theirs.Ref, ran(l.steps), l.where())
	c, ok := s.addImport(title, imports, theirs)
	c = s.orRemark(c, ok, title, flagOf("cache-from", theirs, ""))
	c.sound = false
	c.predicted = l.prediction()
	c.Assumes = append(c.Assumes, fmt.Sprintf("the last build of %s made what these builds need", branch))
	return []candidate{c}
}

// plainRef matches what can stand in a workflow as it is. A record can come from
// somebody else.
var plainRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_./:-]*$`)

// cacheOf is the cache that builds of a branch export and this build did not import.
func (s *scene) cacheOf(branch string, imports []*record.CacheAccess) *record.CacheAccess {
	for _, p := range s.Past {
		if p.Commit.Branch != branch || p.Commit.BaseBranch != "" {
			continue
		}
		for i := range p.Caches {
			c := &p.Caches[i]
			if c.Direction != record.Export || c.Error != "" || c.Type != "registry" && c.Type != "gha" || !plainRef.MatchString(c.Ref) {
				continue
			}
			if !slices.ContainsFunc(imports, func(x *record.CacheAccess) bool { return x.Type == c.Type && x.Ref == c.Ref }) &&
				slices.ContainsFunc(imports, func(x *record.CacheAccess) bool { return x.Type == c.Type }) {
				return c
			}
		}
	}
	return nil
}

// addImport puts the cache below an entry of cache-from that stands for the branch's
// own one.
func (s *scene) addImport(title string, imports []*record.CacheAccess, theirs *record.CacheAccess) (candidate, bool) {
	for _, c := range imports {
		for _, u := range s.uses("cache-from", c) {
			if u.Type != theirs.Type || !strings.Contains(u.Ref, "${{") || !workflow.Fits(u.Ref, theirs.Ref) {
				continue
			}
			entry := strings.Replace(u.Text, u.Ref, theirs.Ref, 1)
			return s.draftSteps(title, []builder{u.builder}, []stepChange{
				func(step workflow.Step, text []byte) ([]byte, error) { return step.Add(text, "cache-from", entry, "") },
			})
		}
	}
	return candidate{}, false
}
