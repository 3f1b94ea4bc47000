package buildkit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/buildkit/cacheindex"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/operation"
	"github.com/layercause/layercause/internal/record"
)

// assembly puts the graph, the files and the status stream together.
type assembly struct {
	graph    *operation.Graph
	file     *dockerfile.File
	salt     record.Salt
	sources  map[int]*source
	resolved map[int]string
	contexts []string
	warnings []string
	// unread says why the files of a vertex could not be found.
	unread map[int]error

	vertices []record.Vertex
	places   *operation.Places
	// keys are what BuildKit looks the vertices up by.
	keys []cacheindex.Key
}

// operations fills in what is known before the build has ended: every
// operation's parts, files and key. It runs beside the build.
func (a *assembly) operations(ctx context.Context) {
	a.vertices = make([]record.Vertex, len(a.graph.Vertices))
	a.keys = make([]cacheindex.Key, len(a.graph.Vertices))
	a.places, a.unread = a.graph.Place(a.file), map[int]error{}
	places := a.places.Instruction
	for i, v := range a.graph.Vertices {
		r := &a.vertices[i]
		r.Instruction, r.Platform, r.IgnoreCache, r.Kind = places[i], v.Platform, v.IgnoreCache, kindOf(v)
		if r.Platform == "" {
			r.Platform = platforms.Format(platforms.Normalize(platforms.DefaultSpec()))
		}
		hidden := a.hasVariables(places[i])
		if v.Op.GetSource() != nil {
			r.Source = sourceOf(v, a.resolved, a.salt, hidden)
			if r.Source.Context = a.namedContext(places[i]); r.Source.Kind == record.SourceLayout && !hidden {
				r.Source.Ref = r.Source.Context
			}
			r.Key = sourceKey(r.Source, r.Platform, a.salt)
			a.keys[i].Digest, a.keys[i].Fleeting = imageKey(v), r.Source.Kind == record.SourceLocal
			if s := a.sources[i]; s != nil {
				r.Key = a.salt.Digest("files", manifestDigest(s.snapshot))
			}
			continue
		}
		cm, err := operation.CacheMap(ctx, v)
		if err != nil {
			a.warnings = append(a.warnings, fmt.Sprintf("rebuilding the key of %s: %v", a.place(places[i]), err))
		}
		r.Parts = parts(v, cm, a.salt)
		var contents map[int]digest.Digest
		if r.Takes, contents, err = takes(ctx, v, cm, a.sources, a.salt, !hidden); err != nil {
			a.unread[i] = err
		}
		if cm != nil {
			a.keys[i].Digest = cm.Digest
		}
		key := []string{"key", r.Parts[len(r.Parts)-1].Digest}
		for j, in := range v.Edges {
			input := record.Input{Vertex: v.Input(j).Index, Output: int(in.Index)}
			var selector digest.Digest
			if cm != nil && j < len(cm.Deps) {
				input.ByContent = cm.Deps[j].ComputeDigestFunc != nil
				selector = cm.Deps[j].Selector
			}
			r.Inputs = append(r.Inputs, input)
			a.keys[i].Inputs = append(a.keys[i].Inputs, cacheindex.Input{
				Key: input.Vertex, Output: input.Output, Selector: selector, ByContent: input.ByContent, Content: contents[j],
			})
			part := a.vertices[input.Vertex].Key
			for _, t := range r.Takes {
				if t.Input == j {
					part = t.Digest
				}
			}
			key = append(key, fmt.Sprint(input.Output), selector.String(), part)
		}
		r.Key = a.salt.Digest(key...)
	}
}

func (a *assembly) place(i int) string {
	if i < 0 || a.file == nil {
		return "an operation"
	}
	return fmt.Sprintf("%s:%d", a.file.Path, a.file.Instructions[i].Line)
}

func (a *assembly) hasVariables(i int) bool {
	return i < 0 || a.file == nil || len(a.file.Instructions[i].Variables) > 0
}

// namedContext names the --build-context that stands in for the reference of a
// FROM or --from.
func (a *assembly) namedContext(i int) string {
	if i < 0 || a.file == nil {
		return ""
	}
	text := strings.ToLower(a.file.Instructions[i].Text)
	for _, c := range a.contexts {
		for word := range strings.FieldsSeq(strings.NewReplacer("=", " ", ",", " ").Replace(text)) {
			if word == c || strings.TrimSuffix(c, ":latest") == word {
				return c
			}
		}
	}
	return ""
}

// steps groups the vertices by instruction and platform. A vertex that two
// stages share counts for both.
func (a *assembly) steps(o *observer, t *timeline) []record.Step {
	outcomes := a.outcomes(o, t)
	type place struct {
		instruction int
		platform    string
	}
	byPlace := map[place]*record.Step{}
	var order []place
	for i := range a.graph.Vertices {
		r := &a.vertices[i]
		r.Status, r.Intervals, r.Error = outcomes[i].status, outcomes[i].intervals, outcomes[i].err
		r.LoadError = record.RedactURLs(outcomes[i].loadErr)
		// That a file is missing is told by the build, which fails of it.
		if err := a.unread[i]; err != nil && r.Status != record.StepFailed {
			a.warnings = append(a.warnings, fmt.Sprintf("finding the files of %s: %v", a.place(r.Instruction), err))
		}
		for _, instruction := range a.places.Steps(a.graph.Vertices[i]) {
			p := place{instruction, r.Platform}
			if byPlace[p] == nil {
				byPlace[p] = &record.Step{Instruction: instruction, Platform: r.Platform, Stage: a.stageName(instruction)}
				order = append(order, p)
			}
			byPlace[p].Vertices = append(byPlace[p].Vertices, i)
		}
	}
	slices.SortStableFunc(order, func(x, y place) int {
		return cmp.Or(cmp.Compare(x.instruction, y.instruction), cmp.Compare(x.platform, y.platform))
	})
	steps := make([]record.Step, len(order))
	for i, p := range order {
		s := byPlace[p]
		s.ID = fmt.Sprintf("s%d", i+1)
		a.summarize(s)
		steps[i] = *s
	}
	return steps
}

// summarize derives a step's status, times and key from its vertices.
func (a *assembly) summarize(s *record.Step) {
	statuses := map[record.StepStatus]bool{}
	var keys []string
	for _, i := range s.Vertices {
		v := &a.vertices[i]
		if v.Step == "" {
			v.Step = s.ID
		}
		keys = append(keys, v.Key)
		if !a.graph.Vertices[i].Helper() || v.Status == record.StepFailed || len(s.Vertices) == 1 {
			statuses[v.Status] = true
		}
		for _, iv := range v.Intervals {
			if iv.Transfer {
				s.TransferSeconds += iv.End - iv.Start
			} else {
				s.Seconds += iv.End - iv.Start
			}
		}
	}
	s.Seconds, s.TransferSeconds = microseconds(s.Seconds), microseconds(s.TransferSeconds)
	s.Key = a.salt.Digest(append([]string{"step"}, keys...)...)
	switch {
	case statuses[record.StepFailed]:
		s.Status = record.StepFailed
	case statuses[record.Miss]:
		s.Status = record.Miss
	case statuses[record.Hit]:
		s.Status = record.Hit
	default:
		s.Status = record.NotRun
	}
}

// outcomes reads the status stream. Equal operations are merged by the daemon
// and report under one digest, so a silent one did what its twin did.
func (a *assembly) outcomes(o *observer, t *timeline) []outcome {
	out := make([]outcome, len(a.graph.Vertices))
	byKey := map[string]record.StepStatus{}
	for i, v := range a.graph.Vertices {
		out[i] = o.outcome(v.ID, len(v.Edges), t)
	}
	for i, d := range a.elsewhere(o, out) {
		out[i] = o.outcome(d, len(a.graph.Vertices[i].Edges), t)
	}
	for i := range a.graph.Vertices {
		if out[i].status != record.NotRun && a.vertices[i].Source == nil {
			byKey[a.vertices[i].Key] = out[i].status
		}
	}
	for i, v := range a.graph.Vertices {
		if s, ok := byKey[a.vertices[i].Key]; ok && out[i].status == record.NotRun && o.vertices[v.ID] == nil {
			out[i].status = s
		}
	}
	return out
}

// elsewhere finds the vertices, by their index, that the stream reports under the
// digest of another build: an operation that one which began earlier runs too is merged
// with that, and of it this build is told from then on. Nothing but the name tells which
// it is, and one that there is twice on either side says nothing.
func (a *assembly) elsewhere(o *observer, out []outcome) map[int]digest.Digest {
	others := map[string][]digest.Digest{}
	for _, d := range o.order {
		if a.graph.ByDigest[d] == nil {
			others[o.vertices[d].name] = append(others[o.vertices[d].name], d)
		}
	}
	idle := map[string][]int{}
	for i, v := range a.graph.Vertices {
		if out[i].status == record.NotRun && len(v.Lines) > 0 {
			idle[v.Label] = append(idle[v.Label], i)
		}
	}
	found := map[int]digest.Digest{}
	for name, list := range idle {
		if len(list) == 1 && len(others[name]) == 1 {
			found[list[0]] = others[name][0]
		}
	}
	return found
}

func (a *assembly) stageName(instruction int) string {
	stage := a.file.Instructions[instruction].Stage
	if stage < 0 {
		return ""
	}
	return a.file.Stages[stage].Name
}

// stepOf returns the step that a vertex belongs to.
func (a *assembly) stepOf(d digest.Digest) (instruction int, step string) {
	v := a.graph.ByDigest[d]
	if v == nil {
		return -1, ""
	}
	return a.vertices[v.Index].Instruction, a.vertices[v.Index].Step
}
