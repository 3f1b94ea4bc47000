package buildkit

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// importPrefix begins the name of a vertex that reads a cache's index.
const importPrefix = "importing cache manifest from "

// cacheExports are the names of the vertices that export caches, by type. An inline
// cache has none: it is made while the image is exported.
var cacheExports = map[string]string{
	"registry": "exporting cache to registry",
	"local":    "exporting cache to client directory",
	"gha":      "exporting to GitHub Actions Cache",
	"s3":       "exporting cache to Amazon S3",
	"azblob":   "exporting cache to Azure Blob Storage",
}

// inlineStatus is what the export of an image calls making an inline cache.
const inlineStatus = "preparing layers for inline cache"

func isCacheExport(name string) bool {
	for _, n := range cacheExports {
		if name == n {
			return true
		}
	}
	return false
}

// caches reads the pseudo-vertices of cache import and export.
func (o *observer) caches(imports, exports []client.CacheOptionsEntry, t *timeline) []record.CacheAccess {
	var out []record.CacheAccess
	used := map[digest.Digest]bool{}
	find := func(match func(x *seen) bool) *seen {
		for _, d := range o.order {
			if x := o.vertices[d]; !used[d] && match(x) {
				used[d] = true
				return x
			}
		}
		return &seen{}
	}
	for _, e := range imports {
		x := find(func(x *seen) bool {
			rest, ok := strings.CutPrefix(x.name, importPrefix)
			return ok && importName(e, rest)
		})
		a := record.CacheAccess{Direction: record.Import, Type: e.Type, Ref: cacheRef(e), Error: record.RedactURLs(x.err)}
		a.Start, a.Seconds = x.time(t)
		if a.Error == "" {
			a.Error = notThere(e)
		}
		out = append(out, a)
	}
	for _, e := range exports {
		a := record.CacheAccess{Direction: record.Export, Type: e.Type, Ref: cacheRef(e), Mode: e.Attrs["mode"]}
		if e.Type == "inline" {
			a.Parts = o.inlineParts(t)
			a.Start, a.Seconds = covered(a.Parts)
			out = append(out, a)
			continue
		}
		x := find(func(x *seen) bool { return x.name == cacheExports[e.Type] })
		if a.Error = record.RedactURLs(x.err); a.Error == "" {
			a.Error = noService(e)
		}
		a.Start, a.Seconds = x.time(t)
		a.Parts = x.exportParts(t)
		if d := x.config(); d != "" {
			a.Index = &record.CacheIndex{Digest: d}
		}
		out = append(out, a)
	}
	return out
}

// importName says that a vertex's name is that of a cache.
func importName(e client.CacheOptionsEntry, rest string) bool {
	switch e.Type {
	case "registry":
		return sameRef(rest, e.Attrs["ref"])
	case "local":
		return strings.HasPrefix(rest, "local:")
	default:
		return strings.HasPrefix(rest, e.Type)
	}
}

// sameRef compares references with and without the parts that docker implies.
func sameRef(a, b string) bool { return familiar(a) == familiar(b) }

// familiar leaves out of a reference what docker implies.
func familiar(ref string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/"), ":latest")
}

// time is when a vertex began, and how long it was at work.
func (x *seen) time(t *timeline) (start, seconds float64) {
	var spans []record.Phase
	for _, p := range x.ordered() {
		from, to := t.span(p.start, p.end)
		spans = append(spans, record.Phase{Start: from, End: to})
	}
	return covered(spans)
}

// covered is the start of some phases and the time that they cover, which counts
// once where they overlap.
func covered(phases []record.Phase) (start, seconds float64) {
	if len(phases) == 0 {
		return 0, 0
	}
	sorted := slices.SortedFunc(slices.Values(phases), func(a, b record.Phase) int { return cmp.Compare(a.Start, b.Start) })
	upTo := sorted[0].Start
	for _, p := range sorted {
		seconds += max(0, p.End-max(p.Start, upTo))
		upTo = max(upTo, p.End)
	}
	return sorted[0].Start, microseconds(seconds)
}

// config is the digest of the index that an export wrote, if it said so.
func (x *seen) config() string {
	for _, s := range x.statuses {
		if d, ok := strings.CutPrefix(s.id, "writing config "); ok {
			return d
		}
	}
	return ""
}

// digestAtEnd is what BuildKit puts behind the name of a piece of work.
var digestAtEnd = regexp.MustCompile(`[ @](sha256:[0-9a-f]{64})$`)

// exportParts are what an export of a cache says that it does. "Sending" encloses
// the layers and the index; where the index has no part of its own, as in a service,
// it is what follows the layers.
func (x *seen) exportParts(t *timeline) []record.Phase {
	var out []record.Phase
	var sending *record.Phase
	layersEnd, indexed := 0.0, false
	for _, s := range x.statuses {
		p := record.Phase{Name: digestAtEnd.ReplaceAllString(s.id, "")}
		p.Start, p.End = t.span(s.start, x.ended(s))
		switch {
		case strings.HasPrefix(s.id, "preparing "):
			p.Kind = record.PhasePrepare
		case strings.HasPrefix(s.id, "writing layer "):
			p.Kind = record.PhaseLayer
			p.Digest = strings.TrimPrefix(s.id, "writing layer ")
			layersEnd = max(layersEnd, p.End)
		case strings.HasPrefix(s.id, "writing "), strings.HasPrefix(s.id, "signing "):
			p.Kind, indexed = record.PhaseIndex, true
		case s.id == "sending cache export":
			p.Kind, sending = record.PhaseIndex, &p
			continue
		default:
			continue
		}
		out = append(out, p)
	}
	if sending != nil && !indexed {
		sending.Start = min(max(sending.Start, layersEnd), sending.End)
		out = append(out, *sending)
	}
	sortPhases(out)
	return out
}

// inlineParts are the times that the exports of images take for an inline cache.
func (o *observer) inlineParts(t *timeline) []record.Phase {
	var out []record.Phase
	for _, d := range o.order {
		x := o.vertices[d]
		for _, s := range x.statuses {
			if s.id != inlineStatus || !strings.HasPrefix(x.name, exportPrefix) {
				continue
			}
			p := record.Phase{Kind: record.PhasePrepare, Name: s.id}
			p.Start, p.End = t.span(s.start, x.ended(s))
			out = append(out, p)
		}
	}
	sortPhases(out)
	return out
}

func sortPhases(list []record.Phase) {
	slices.SortStableFunc(list, func(a, b record.Phase) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Digest, b.Digest))
	})
}
