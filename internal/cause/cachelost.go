package cause

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// lostResult proves where the result of a step got lost whose key is equal: in a
// cache that the build imported, or at the builder. It says nothing that the
// records do not show.
func (e *explainer) lostResult(s *record.Step, neededBy []string) (string, bool) {
	var read, none, failed, unknown []*record.CacheAccess
	for _, c := range cachesOf(e.head, record.Import) {
		switch {
		case HadNothing(c):
			none = append(none, c)
		case c.Error != "":
			failed = append(failed, c)
		case c.Index == nil:
			unknown = append(unknown, c)
		default:
			read = append(read, c)
		}
	}
	// Of those that failed, one that the result was exported to is to blame. The
	// others are if there is nothing else.
	i := slices.IndexFunc(failed, func(c *record.CacheAccess) bool { return e.exportTo(c) != nil })
	switch {
	case i >= 0:
		return e.importFailed(s, failed[i], neededBy), true
	case len(failed) > 0 && len(read)+len(unknown) == 0:
		return e.importFailed(s, failed[0], neededBy), true
	case len(unknown) > 0 || len(read)+len(none) == 0:
		return e.lostAtBuilder(s, neededBy)
	case len(read) == 0:
		return e.noIndex(s, none, neededBy), true
	}
	if name, ok := e.lostInIndex(s, read, neededBy); ok {
		return name, true
	}
	return e.lostAtBuilder(s, neededBy)
}

func cachesOf(r *record.Record, d record.Direction) []*record.CacheAccess {
	var out []*record.CacheAccess
	for i := range r.Caches {
		if r.Caches[i].Direction == d {
			out = append(out, &r.Caches[i])
		}
	}
	return out
}

// HadNothing says that an imported cache answered and had nothing. A registry's
// answer is an error to BuildKit.
func HadNothing(c *record.CacheAccess) bool {
	if c.Index != nil {
		return c.Index.Digest == ""
	}
	return strings.HasSuffix(c.Error, "not found") || strings.Contains(c.Error, "does not exist") || strings.Contains(c.Error, "holds no cache")
}

func (e *explainer) importFailed(s *record.Step, c *record.CacheAccess, neededBy []string) string {
	x := e.ofCache(CacheImportFailed, s, c)
	x.Detail = fmt.Sprintf("the cache %s could not be imported", c.Ref)
	x.Evidence.Error = c.Error
	return e.group("import-failed "+access(c), x, neededBy)
}

// held is what the index of an imported cache says of the vertices; the zero value
// is nothing.
type held byte

const (
	heldWithResult held = iota + 1
	heldWithoutResult
	heldNot
)

// heldBy unpacks the lists of an index, once.
func (e *explainer) heldBy(x *record.CacheIndex) []held {
	if out, ok := e.held[x]; ok {
		return out
	}
	out := make([]held, len(e.head.Vertices))
	for what, list := range map[held][]int{heldWithResult: x.Results, heldWithoutResult: x.Keys, heldNot: x.Absent} {
		for _, v := range list {
			out[v] = what
		}
	}
	e.held[x] = out
	return out
}

// holds says that an index says the same of all that the step executed.
func (e *explainer) holds(x *record.CacheIndex, what held, s *record.Step) bool {
	list, executed := e.heldBy(x), false
	for _, v := range s.Vertices {
		if st := e.head.Vertices[v].Status; st != record.Miss && st != record.StepFailed {
			continue
		}
		if list[v] != what {
			return false
		}
		executed = true
	}
	return executed
}

// lostInIndex explains a step by what the indexes of the imported caches say of it.
func (e *explainer) lostInIndex(s *record.Step, read []*record.CacheAccess, neededBy []string) (string, bool) {
	for _, c := range read {
		if e.holds(c.Index, heldWithResult, s) {
			return "", false // it was there and was not taken; nothing tells why
		}
	}
	for _, c := range read {
		if e.holds(c.Index, heldWithoutResult, s) {
			x := e.ofCache(CacheNotExported, s, c)
			x.Evidence.Name = "mode=min"
			x.Detail = fmt.Sprintf("the cache %s holds its key without a result, as an export with mode=min leaves it", c.Ref)
			if w := e.exportTo(c); w != nil && w.Type == "inline" {
				x.Evidence.Name = "inline"
				x.Detail = fmt.Sprintf("the inline cache in %s holds its key without a result: it has those of the final image alone", c.Ref)
			}
			x.Evidence.After, x.Evidence.Writer = c.Index.Digest, c.Index.Writer
			return e.group("not-exported "+access(c), x, neededBy), true
		}
	}
	for _, c := range read {
		if !e.holds(c.Index, heldNot, s) {
			return "", false // it may have been there
		}
	}
	// It was in none of them. That which the earlier build exported to is to blame.
	c := read[0]
	if i := slices.IndexFunc(read, func(c *record.CacheAccess) bool { return e.exportTo(c) != nil }); i >= 0 {
		c = read[i]
	}
	return e.absent(s, c, neededBy)
}

// absent is a key that is not in the index of an imported cache.
func (e *explainer) absent(s *record.Step, c *record.CacheAccess, neededBy []string) (string, bool) {
	exports, written := cachesOf(e.base, record.Export), e.exportTo(c)
	x := e.ofCache(CacheNotExported, s, c)
	x.Evidence.After = c.Index.Digest
	if written != nil && written.Index != nil {
		x.Evidence.Before = written.Index.Digest
	}
	key := "not-exported "
	switch {
	case len(exports) == 0 && !e.made(s):
		return "", false
	case len(exports) == 0:
		key = "no-export "
		x.Detail = "the build that made its result exported no cache"
	case written == nil && slices.ContainsFunc(exports, func(o *record.CacheAccess) bool { return o.Type == "inline" }):
		return "", false // where the image went is not known
	case written == nil:
		key = "other-export "
		x.Detail = fmt.Sprintf("the build that made its result exported to %s, and this one imported from %s", exports[0].Ref, c.Ref)
		x.Evidence.Before, x.Evidence.After = access(exports[0]), access(c)
	case written.Error != "":
		key = "failed-export "
		x.Detail = fmt.Sprintf("the build that made its result could not export it to %s", c.Ref)
		x.Evidence.After, x.Evidence.Error = "", written.Error
	case x.Evidence.Before == "":
		return "", false
	case !e.readable(c):
		key = "other-branch "
		x.Detail = fmt.Sprintf("the build that made its result exported it for %s, whose Actions cache this branch cannot read", e.base.Commit.Ref)
	case x.Evidence.Before == x.Evidence.After:
		x.Detail = fmt.Sprintf("the cache %s is the one that the earlier build exported, and its result was not among it", c.Ref)
		if written.Mode != "max" {
			x.Evidence.Name = "mode=min"
			x.Detail += " (mode=min)"
		}
	default:
		key = "overwritten "
		x.Kind, x.Evidence.Writer = CacheOverwritten, c.Index.Writer
		x.Detail = fmt.Sprintf("the cache %s was written again since, by %s, without its result", c.Ref, e.writerText(c.Index.Writer))
	}
	return e.group(key+access(c), x, neededBy), true
}

// ofCache is a cause that blames a cache.
func (e *explainer) ofCache(kind Kind, s *record.Step, c *record.CacheAccess) Cause {
	x := e.at(kind, s.Instruction)
	x.Subject, x.Evidence.Cache = c.Ref, access(c)
	return x
}

// writerText says what is known of the build that wrote a cache last.
func (e *explainer) writerText(w *record.Writer) string {
	switch {
	case w == nil:
		return "another build"
	case w.Dockerfile != e.head.Invocation.Dockerfile:
		return "a build of " + w.Dockerfile
	case w.Target != e.head.Invocation.Target:
		return fmt.Sprintf("a build of the target %q", w.Target)
	case w.Ref != "" && w.Ref != e.head.Commit.Ref:
		return "a build of " + w.Ref
	default:
		return "another build"
	}
}

// exportTo is the earlier build's export to the cache that this one imported. An
// inline cache went where the image went; only its digest tells it again.
func (e *explainer) exportTo(c *record.CacheAccess) *record.CacheAccess {
	for _, x := range cachesOf(e.base, record.Export) {
		inline := x.Type == "inline" && x.Index != nil && c.Index != nil && x.Index.Digest == c.Index.Digest && c.Index.Digest != ""
		if inline || x.Type == c.Type && x.Ref == c.Ref {
			return x
		}
	}
	return nil
}

// noIndex is a cache that was asked and has no index. If the earlier build wrote
// one there, it is gone.
func (e *explainer) noIndex(s *record.Step, none []*record.CacheAccess, neededBy []string) string {
	c := none[0]
	if i := slices.IndexFunc(none, func(c *record.CacheAccess) bool { return e.exportTo(c) != nil }); i >= 0 {
		c = none[i]
	}
	written := e.exportTo(c)
	if written != nil && written.Error == "" && written.Index != nil && written.Index.Digest != "" && e.readable(c) {
		x := e.ofCache(CacheEvicted, s, c)
		x.Detail = fmt.Sprintf("the earlier build exported the cache %s, and it is no longer there", c.Ref)
		x.Evidence.Before = written.Index.Digest
		return e.group("evicted "+access(c), x, neededBy)
	}
	x := e.ofCache(CacheEmpty, s, c)
	x.Detail = fmt.Sprintf("there is no cache at %s", c.Ref)
	if c.Type == "gha" && !e.readable(c) {
		x.Detail = fmt.Sprintf("there is no cache of scope %s that this branch can read: the earlier build's belongs to %s", c.Ref, e.base.Commit.Ref)
	}
	x.Evidence.Error = c.Error
	return e.group(string(CacheEmpty), x, neededBy)
}

// readable says that the build could read what the earlier build exported: the
// Actions cache keeps branches apart, but for those that a branch came from.
func (e *explainer) readable(c *record.CacheAccess) bool {
	h, b := e.head.Commit, e.base.Commit
	if c.Type != "gha" || b.Ref == h.Ref {
		return true
	}
	return b.Branch != "" && (b.Branch == h.BaseBranch || b.Branch == h.Default) && b.Ref == "refs/heads/"+b.Branch
}

// lostAtBuilder compares the stores of results that the two builds ran on.
func (e *explainer) lostAtBuilder(s *record.Step, neededBy []string) (string, bool) {
	h, b := e.head.Builder, e.base.Builder
	if h.Worker == "" || b.Worker == "" {
		return "", false
	}
	if h.Worker != b.Worker {
		if len(cachesOf(e.head, record.Import)) > 0 || !e.made(s) {
			return "", false
		}
		x := e.at(CacheEmpty, s.Instruction)
		x.Subject = "the builder"
		x.Detail = "this builder is another one than the earlier build's, and no cache was imported"
		x.Evidence.Before, x.Evidence.After = b.Worker, h.Worker
		return e.group("new-builder", x, neededBy), true
	}
	if !e.made(s) {
		return "", false
	}
	x := e.at(CacheEvicted, s.Instruction)
	x.Subject = "the builder"
	x.Detail = "the builder had its result and no longer has it: it was pruned"
	x.Evidence.Before = h.Worker
	return e.group("pruned", x, neededBy), true
}

// made says that the earlier build left the step's result in its builder's store:
// it was executed there, or it was taken from the store by a step that ran. What
// was only found by its key may have had no result there.
func (e *explainer) made(s *record.Step) bool {
	b := e.baseStep(s)
	if b == nil {
		return false
	}
	if b.Status == record.Miss {
		return true
	}
	if b.Status != record.Hit {
		return false
	}
	if m := b.Earlier; m != nil && m.Worker == e.base.Builder.Worker && m.Key == b.Key {
		return true
	}
	if len(cachesOf(e.base, record.Import)) > 0 {
		return false
	}
	return e.taken(b)
}

// taken says that a step that hit in the base was the last of its kind: nothing
// that hit was made of it, so that its own result had to be there.
func (e *explainer) taken(b *record.Step) bool {
	return !slices.ContainsFunc(b.Vertices, func(v int) bool { return e.underHit[v] })
}

// access names a cache.
func access(c *record.CacheAccess) string { return c.Type + " " + c.Ref }

var blobDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

// loadFailed is a result that was found and could not be loaded.
func (e *explainer) loadFailed(s *record.Step, neededBy []string) (string, bool) {
	for _, i := range s.Vertices {
		text := e.head.Vertices[i].LoadError
		if text == "" {
			continue
		}
		c := e.at(CacheBlobMissing, s.Instruction)
		c.Subject = blobDigest.FindString(text)
		c.Detail = "its result was found in the cache and could not be loaded"
		if c.Subject != "" {
			c.Detail = fmt.Sprintf("its result was found in the cache, and its layer %.19s… could not be loaded", c.Subject)
		}
		c.Evidence.Error = text
		return e.group("blob "+c.Subject, c, neededBy), true
	}
	return "", false
}
