package buildkit

import (
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// exportPrefix begins the name of a vertex that exports a result.
const exportPrefix = "exporting to "

// ofOperation is how the frontend names an operation: with the stage, and its number.
var ofOperation = regexp.MustCompile(`^\[[^\]]*\d+/\d+\] `)

// phases lists the work that is no operation of the graph.
//
// Names of vertices have build arguments expanded into them. Known says that a
// reference stands in the record anyway; all others are left out.
func (o *observer) phases(inGraph func(digest.Digest) bool, t *timeline, known func(ref string) bool) []record.Phase {
	out := []record.Phase{}
	for _, d := range o.order {
		x := o.vertices[d]
		switch {
		case isCacheExport(x.name), strings.HasPrefix(x.name, importPrefix), inGraph(d):
		case strings.HasPrefix(x.name, exportPrefix):
			out = append(out, x.exportPhases(t)...)
		case strings.Contains(x.name, "] generating sbom "):
			out = append(out, x.spanPhases(record.PhaseExport, "generating sbom", t)...)
		case x.hasInputs || ofOperation.MatchString(x.name):
			// An operation of another build, which made the same as ours does.
		default:
			out = append(out, x.spanPhases(record.PhaseLoad, loadName(x.name, known), t)...)
		}
	}
	sortPhases(out)
	return out
}

// loadsImage is how the vertices are named that resolve an image: what they do, and a
// reference.
var loadsImage = regexp.MustCompile(`^(\[(?:\S+ )?internal\] load metadata for |resolve image config for docker-image://|docker-image://)(.*)$`)

// loadNames begin the names that are shown; what follows is not.
var loadNames = []string{
	"[internal] load build definition", "[internal] load .dockerignore", "[internal] load build context",
	"[internal] load remote build context", "[internal] load git source", "[internal] resolve", "[internal]",
	"[auth]", "Verifying build result",
}

// loadName is what is shown of a vertex's name.
func loadName(name string, known func(ref string) bool) string {
	if m := loadsImage.FindStringSubmatch(name); m != nil {
		ref, _, _ := strings.Cut(m[2], "@")
		if !known(ref) {
			ref = "an image"
		}
		return m[1] + ref
	}
	for _, shown := range loadNames {
		if strings.HasPrefix(name, shown) {
			return shown
		}
	}
	if strings.HasPrefix(name, "[context ") {
		return "[context] load"
	}
	return "other work"
}

// knownRef says that a reference of an image stands in the record, so that it can be
// shown elsewhere too.
func knownRef(r *record.Record) func(string) bool {
	refs := map[string]bool{}
	add := func(ref string) {
		if ref != "" && !strings.Contains(ref, "$") {
			ref, _, _ = strings.Cut(ref, "@")
			refs[familiar(ref)] = true
		}
	}
	for _, s := range r.Dockerfile.Stages {
		add(s.Base)
	}
	for _, v := range r.Vertices {
		if v.Source != nil {
			add(v.Source.Ref)
		}
	}
	if s := r.Dockerfile.Syntax; s != nil {
		add(s.Ref)
	}
	return func(ref string) bool {
		ref, _, _ = strings.Cut(ref, "@")
		return refs[familiar(ref)]
	}
}

// spanPhases makes a phase of each span of a vertex.
func (x *seen) spanPhases(kind record.PhaseKind, name string, t *timeline) []record.Phase {
	var out []record.Phase
	spans := x.ordered()
	for i, p := range spans {
		if p.cached {
			continue // a look-up, no work
		}
		ph := record.Phase{Kind: kind, Name: name}
		ph.Start, ph.End = t.span(p.start, p.end)
		for _, s := range x.statuses {
			later := i+1 < len(spans) && !s.start.Before(spans[i+1].start)
			if isTransfer(s.id) && !later && (i == 0 || !s.start.Before(p.start)) {
				ph.Bytes = plus(ph.Bytes, s.bytes)
			}
		}
		out = append(out, ph)
	}
	return out
}

// exportPhases makes a phase of each piece of work in an export. A span that tells
// of none is one itself.
func (x *seen) exportPhases(t *timeline) []record.Phase {
	var out []record.Phase
	told := map[int]bool{}
	spans := x.ordered()
	for _, s := range x.statuses {
		if isDownload(s.id) || strings.HasPrefix(s.id, "extracting ") {
			continue // within another
		}
		for i, p := range spans {
			if !s.start.Before(p.start) && (p.end.IsZero() || !s.start.After(p.end)) {
				told[i] = true
			}
		}
		if s.id == inlineStatus {
			continue // a cache's
		}
		p := record.Phase{Kind: record.PhaseExport, Name: record.RedactURLs(digestAtEnd.ReplaceAllString(s.id, "")), Bytes: s.bytes}
		if strings.HasPrefix(s.id, "pushing ") {
			p.Kind = record.PhasePush
		}
		p.Start, p.End = t.span(s.start, x.ended(s))
		out = append(out, p)
	}
	for i, p := range spans {
		if told[i] {
			continue
		}
		ph := record.Phase{Kind: record.PhaseExport, Name: x.name}
		ph.Start, ph.End = t.span(p.start, p.end)
		out = append(out, ph)
	}
	return out
}
