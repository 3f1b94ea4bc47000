package advice

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/workflow"
)

// cacheScope gives a build a cache of its own where another build writes to the same
// one, and each finds the other's results instead of its own. Before, in two steps or
// in a matrix:
//
//	cache-from: type=gha
//	cache-to: type=gha,mode=max
//
// After:
//
//	cache-from: type=gha,scope=api
//	cache-to: type=gha,mode=max,scope=api
//
// In a matrix the scope is the matrix's own name: scope=${{ matrix.service }}.
func cacheScope(s *scene) []candidate {
	var out []candidate
	for _, c := range s.exports() {
		if c.Type != "gha" && c.Type != "registry" || c.Error != "" {
			continue
		}
		l := s.lostTo(cause.CacheOverwritten, ofCache(c))
		uses := s.uses("cache-to", c)
		with, name := s.sharedWith(c, uses)
		if with == "" {
			if l.hit > 0 {
				s.silent(-1, "%s was overwritten, and not by a build of something else: that of another branch, it may be", c.Ref)
			} else {
				s.silent(-1, "no other build is known to write to %s", c.Ref)
			}
			continue
		}
		if name == "" {
			s.silent(-1, "nothing tells this build from %s by a name", with)
			continue
		}
		title := fmt.Sprintf("Give this build a cache of its own, %s: %s writes to %s too, and each overwrites what the other exported", scoped(c.Type, c.Ref, name), with, c.Ref)
		x, ok := s.draftUses(title, append(uses, s.uses("cache-from", c)...), func(u use) string { return ownScope(u, name) })
		flag := "type=" + c.Type + "," + map[string]string{"gha": "scope=", "registry": "ref="}[c.Type] + scoped(c.Type, c.Ref, name)
		x = s.orRemark(x, ok, title, "--cache-from "+flag+" --cache-to "+flag)
		x.sound = true
		x.Assumes = append(x.Assumes, "the first build with it finds its cache empty")
		x.predicted = &Prediction{}
		if l.hit > 0 {
			x.predicted = l.prediction()
		}
		out = append(out, x)
	}
	return out
}

// sharedWith says which other build writes to a cache, and by what name this one can
// be told from it.
func (s *scene) sharedWith(c *record.CacheAccess, uses []use) (with, name string) {
	in := s.Head.Invocation
	for _, x := range s.Causes {
		w := x.Evidence.Writer
		if x.Kind == cause.CacheOverwritten && x.Subject == c.Ref && w != nil && (w.Dockerfile != in.Dockerfile || w.Target != in.Target) {
			with = "a build of " + w.Dockerfile
			if w.Target != "" {
				with += ", target " + w.Target
			}
			name = s.ownName(w)
		}
	}
	if len(uses) == 1 {
		u := uses[0]
		names := u.FromMatrix(u.Context, u.File, u.Target, strings.Join(u.Platforms, ","))
		if len(names) > 0 && len(u.FromMatrix(u.Text)) == 0 {
			var parts []string
			for _, n := range names {
				if len(u.Matrix[n]) == 1 {
					continue
				}
				parts = append(parts, "${{ matrix."+n+" }}")
			}
			if len(parts) > 0 {
				return "every job of the matrix", strings.Join(parts, "-")
			}
		}
	}
	if with != "" {
		return with, name
	}
	for _, w := range s.Workflows {
		steps, err := workflow.Read(w.Path, w.Text)
		if err != nil {
			continue
		}
		for _, x := range steps {
			if slices.ContainsFunc(uses, func(u use) bool { return u.Path == x.Path && u.Job == x.Job && u.Number == x.Number }) ||
				!slices.ContainsFunc(uses, func(u use) bool { return u.Context != x.Context || u.File != x.File || u.Target != x.Target }) {
				continue
			}
			for _, entry := range x.CacheTo {
				if o := workflow.ParseCache(entry); o.Type == c.Type && o.Ref == c.Ref {
					return fmt.Sprintf("the step at %s:%d", x.Path, x.Line), s.ownName(&record.Writer{
						Dockerfile: path.Join(x.Context, "Dockerfile"), Target: x.Target,
					})
				}
			}
		}
	}
	return "", ""
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// ownName is a name for this build that tells it from another one: the target, the
// Dockerfile's folder, or what follows the word Dockerfile.
func (s *scene) ownName(w *record.Writer) string {
	in := s.Head.Invocation
	file := s.Head.Dockerfile.Path
	name := ""
	switch {
	case in.Target != "" && in.Target != w.Target:
		name = in.Target
	case path.Base(file) != "Dockerfile":
		name = strings.TrimSuffix(strings.TrimPrefix(path.Base(file), "Dockerfile"), "Dockerfile")
	case path.Dir(file) != ".":
		name = path.Dir(file)
	case in.Context != ".":
		name = in.Context
	}
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// scoped is the name of a cache of its own.
func scoped(kind, ref, name string) string {
	if kind == "gha" {
		if ref == "buildkit" {
			return name
		}
		return ref + "-" + name
	}
	if strings.LastIndex(ref, ":") > strings.LastIndex(ref, "/") {
		return ref + "-" + name
	}
	return ref + ":" + name
}

// ownScope is an entry with a cache of its own.
func ownScope(u use, name string) string {
	switch {
	case !strings.Contains(u.Text, "="):
		return scoped("registry", u.Text, name)
	case u.Type == "gha" && u.Attrs["scope"] == "":
		return u.Text + ",scope=" + name
	case u.Type == "gha":
		return strings.Replace(u.Text, "scope="+u.Ref, "scope="+scoped("gha", u.Ref, name), 1)
	}
	return strings.Replace(u.Text, "ref="+u.Ref, "ref="+scoped("registry", u.Ref, name), 1)
}
