package timing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/record"
)

// Limits of GitHub's cache service. Both are for all caches of a repository:
// https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching#usage-limits-and-eviction-policy
// https://github.blog/changelog/2026-01-16-rate-limiting-for-actions-cache-entries
const (
	actionsQuota     = 10e9 // bytes; the least recently used go first
	actionsKeep      = 7 * 24 * time.Hour
	actionsUploads   = 200 // new entries a minute
	nearQuota        = 0.8 // of the quota
	sureOfOverwrites = 2   // builds of which a later one found another's cache
)

// place is one cache: builds that import and builds that export it meet there.
type place struct{ kind, ref string }

// weight is what a place brought and cost over some builds.
type weight struct {
	builds, imports int
	saved, spent    float64 // seconds
	bound           bool
}

// verdicts say of each cache access of the record whether the cache pays, from
// this build and the earlier ones that used it.
func verdicts(r *record.Record, l *Ledger, past []*record.Record) []string {
	if len(r.Caches) == 0 {
		return nil
	}
	now := &record.Findings{Saved: l.Saved, Download: l.DownloadSeconds, SavedIsBound: l.SavedIsBound}
	out := make([]string, len(r.Caches))
	for i := range r.Caches {
		c := &r.Caches[i]
		if c.Error != "" {
			continue // the error is what there is to say
		}
		at := place{c.Type, c.Ref}
		var facts []string
		if c.Direction == record.Import {
			if c.Index != nil && c.Index.Digest == "" {
				out[i] = "is empty: nothing has been exported to it" + emptyFor(past, at)
				continue
			}
			facts = append(facts, overwritten(r, c, past)...)
		} else {
			facts = append(facts, quota(r, c, past)...)
			facts = append(facts, uploads(r, c)...)
		}
		facts = append(facts, weigh(r, now, past, at, c.Direction)...)
		out[i] = strings.Join(facts, "; ")
	}
	return out
}

// add weighs one build. What a build saved is split among the caches that it
// imported by the hits that each held, since any of them may have given a result
// that several held.
func (w *weight) add(r *record.Record, f *record.Findings, at place) {
	used, imported, share := false, false, 0.0
	for i := range r.Caches {
		c := &r.Caches[i]
		if (place{c.Type, c.Ref}) != at {
			continue
		}
		used = true
		w.spent += c.Seconds
		if c.Direction == record.Import && !imported {
			imported = true
			share = shareOf(r, c)
		}
	}
	if !used {
		return
	}
	w.builds++
	if imported && f != nil {
		w.imports++
		w.saved += f.Saved * share
		w.spent += f.Download * share
		w.bound = w.bound || f.SavedIsBound
	}
}

// shareOf is a cache's part of what the imported caches gave, 0 to 1.
func shareOf(r *record.Record, c *record.CacheAccess) float64 {
	own, all := 0, 0
	imports := 0
	for i := range r.Caches {
		x := &r.Caches[i]
		if x.Direction != record.Import || x.Error != "" || x.Index != nil && x.Index.Digest == "" {
			continue
		}
		imports++
		if x.Index != nil {
			all += len(x.Index.Results)
			if x == c {
				own = len(x.Index.Results)
			}
		}
	}
	switch {
	case all > 0:
		return float64(own) / float64(all)
	case imports > 0 && c.Error == "":
		return 1 / float64(imports)
	}
	return 0
}

func weigh(r *record.Record, now *record.Findings, past []*record.Record, at place, d record.Direction) []string {
	var one, all weight
	one.add(r, now, at)
	all.add(r, now, at)
	for _, p := range past {
		all.add(p, p.Findings, at)
	}
	if all.imports == 0 {
		if all.builds < 3 {
			return []string{fmt.Sprintf("nothing to weigh it against yet: %s spent, and no build has imported it", Duration(all.spent))}
		}
		return []string{fmt.Sprintf("costs more than it saves: none of the last %d builds imported it, and it took them %s", all.builds, Duration(all.spent))}
	}
	word := "pays"
	if all.saved < all.spent {
		word = "costs more than it saves"
	}
	least := ""
	if all.bound {
		least = "at least "
		if word != "pays" {
			word = "may cost more than it saves"
		}
	}
	if all.builds == 1 {
		return []string{fmt.Sprintf("%s: %s%s saved for %s spent", word, least, Duration(one.saved), Duration(one.spent))}
	}
	s := fmt.Sprintf("%s: %s%s saved for %s spent over the last %d builds", word, least, Duration(all.saved), Duration(all.spent), all.builds)
	if one.imports > 0 || d == record.Export {
		s += fmt.Sprintf(", %s for %s in this one", Duration(one.saved), Duration(one.spent))
	}
	return []string{s}
}

// emptyFor says for how many builds in a row a cache has been empty.
func emptyFor(past []*record.Record, at place) string {
	n := 1
	for _, p := range past {
		i := slices.IndexFunc(p.Caches, func(c record.CacheAccess) bool {
			return c.Direction == record.Import && (place{c.Type, c.Ref}) == at
		})
		if i < 0 || p.Caches[i].Error != "" || p.Caches[i].Index == nil || p.Caches[i].Index.Digest != "" {
			break
		}
		n++
	}
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", as in the %d builds before", n-1)
}

// overwritten says who else writes to the cache.
func overwritten(r *record.Record, c *record.CacheAccess, past []*record.Record) []string {
	if x := c.Index; x != nil && x.Writer != nil && !ours(r, x.Writer) {
		return []string{"is overwritten: " + writerName(x.Writer) + " wrote it last"}
	}
	n := 0
	for _, p := range past {
		for i := range p.Caches {
			x := &p.Caches[i]
			if x.Direction == record.Import && (place{x.Type, x.Ref}) == (place{c.Type, c.Ref}) &&
				x.Index != nil && x.Index.Writer != nil && !ours(p, x.Index.Writer) {
				n++
			}
		}
	}
	if n >= sureOfOverwrites {
		return []string{fmt.Sprintf("is overwritten by other builds: %d of the last %d found theirs in it", n, len(past))}
	}
	return nil
}

// ours says that a writer builds the same as the record.
func ours(r *record.Record, w *record.Writer) bool {
	return w.Dockerfile == r.Invocation.Dockerfile && w.Target == r.Invocation.Target
}

func writerName(w *record.Writer) string {
	s := "a build of " + w.Dockerfile
	if w.Target != "" {
		s += ", target " + w.Target + ","
	}
	return s
}

// quota measures what the builds of a week wrote to GitHub's service against what
// it keeps. Other caches of the repository count too, so this is the least.
func quota(r *record.Record, c *record.CacheAccess, past []*record.Record) []string {
	if c.Type != "gha" {
		return nil
	}
	wrote, builds := c.Bytes, 1
	for _, p := range past {
		if r.StartedAt.Sub(p.StartedAt) > actionsKeep {
			continue
		}
		for i := range p.Caches {
			if x := &p.Caches[i]; x.Direction == record.Export && x.Type == "gha" {
				wrote += x.Bytes
				builds++
			}
		}
	}
	held := max(wrote, c.Size)
	if held < nearQuota*actionsQuota {
		return nil
	}
	s := fmt.Sprintf("is near its quota: %s of the %s that GitHub keeps for a repository", bytes(held), bytes(actionsQuota))
	if builds > 1 {
		s += fmt.Sprintf(", written by %d builds in 7 days, %s by this one", builds, bytes(c.Bytes))
	}
	return []string{s}
}

// uploads counts the entries that were written within one minute.
func uploads(r *record.Record, c *record.CacheAccess) []string {
	if c.Type != "gha" {
		return nil
	}
	var starts []float64
	for _, p := range c.Parts {
		if p.Kind == record.PhaseLayer && p.Bytes > 0 || p.Kind == record.PhaseIndex {
			starts = append(starts, p.Start)
		}
	}
	slices.Sort(starts)
	most, from := 0, 0
	for to := range starts {
		for starts[to]-starts[from] > 60 {
			from++
		}
		most = max(most, to-from+1)
	}
	if most < actionsUploads {
		return nil
	}
	return []string{fmt.Sprintf("writes more often than the service allows: up to %d entries in a minute, where GitHub takes %d new ones for a repository", most, actionsUploads)}
}

func bytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.0f MB", float64(n)/1e6)
}
