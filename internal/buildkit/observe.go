package buildkit

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// observer keeps what the status stream says of each vertex.
type observer struct {
	vertices map[digest.Digest]*seen
	order    []digest.Digest
	warnings []*client.VertexWarning
	// first is when the first work began that is no other build's, and delay the least
	// that passed between the newest time in a message and its arrival.
	first time.Time
	delay time.Duration
}

// seen is one vertex of the stream. A vertex reports each of its phases: a load
// from the cache, an execution, a later download of its layers.
type seen struct {
	name  string
	spans map[time.Time]span // by start
	// cached: some event said so and carried no error.
	cached    bool
	hasInputs bool
	err       string
	// statuses are what the vertex says that it is doing, in the order of the stream.
	statuses []*status
}

type span struct {
	start, end time.Time
	cached     bool
	inputs     bool // the event named the vertex's inputs
	err        string
}

// status is one piece of work within a vertex, such as the transfer of a layer.
type status struct {
	id         string
	start, end time.Time // the end is zero while it goes on
	bytes      int64
}

func newObserver() *observer {
	return &observer{vertices: map[digest.Digest]*seen{}, delay: math.MaxInt64}
}

// watch observes the stream that is sent to status, and hands it on to the display.
// Observed is closed at its end.
func (o *observer) watch(start time.Time, display chan<- *client.SolveStatus) (status chan *client.SolveStatus, observed chan struct{}) {
	status, observed = make(chan *client.SolveStatus), make(chan struct{})
	go func() {
		defer close(observed)
		defer close(display)
		for s := range status {
			// Counted on from the start: this machine's clock may be set meanwhile too.
			o.observe(s, start.Add(time.Since(start)))
			display <- s
		}
	}()
	return status, observed
}

// observe takes one message of the stream, which arrived at a moment of this
// machine's clock.
func (o *observer) observe(s *client.SolveStatus, arrival time.Time) {
	var newest time.Time
	note := func(t *time.Time) {
		if t != nil && (newest.IsZero() || t.After(newest)) {
			newest = *t
		}
	}
	for _, v := range s.Vertexes {
		note(v.Started)
		note(v.Completed)
		if v.Started != nil && isOwn(v.Name) && (o.first.IsZero() || v.Started.Before(o.first)) {
			o.first = *v.Started
		}
		o.vertex(v)
	}
	for _, st := range s.Statuses {
		note(st.Started)
		note(st.Completed)
		if x := o.vertices[st.Vertex]; x != nil {
			x.observe(st)
		}
	}
	if len(o.warnings) < record.CheckLimit {
		o.warnings = append(o.warnings, s.Warnings...)
	}
	if !newest.IsZero() {
		o.delay = min(o.delay, arrival.Sub(newest))
	}
}

func (o *observer) vertex(v *client.Vertex) {
	x := o.vertices[v.Digest]
	if x == nil {
		x = &seen{name: v.Name, spans: map[time.Time]span{}}
		o.vertices[v.Digest] = x
		o.order = append(o.order, v.Digest)
	}
	if v.Cached && v.Error == "" {
		x.cached = true
	}
	if v.Error != "" {
		x.err = v.Error
	}
	if len(v.Inputs) > 0 {
		x.hasInputs = true
	}
	if v.Started == nil {
		return
	}
	p := x.spans[*v.Started]
	p.start, p.cached, p.err = *v.Started, v.Cached, v.Error
	p.inputs = p.inputs || len(v.Inputs) > 0
	if v.Completed != nil {
		p.end = *v.Completed
	}
	x.spans[*v.Started] = p
}

// observe takes a status. The same work reports again and again, under its name
// and start.
func (x *seen) observe(v *client.VertexStatus) {
	if v.Started == nil {
		return
	}
	i := slices.IndexFunc(x.statuses, func(s *status) bool { return s.id == v.ID && s.start.Equal(*v.Started) })
	if i < 0 {
		i = len(x.statuses)
		x.statuses = append(x.statuses, &status{id: v.ID, start: *v.Started})
	}
	st := x.statuses[i]
	st.bytes = max(st.bytes, v.Current)
	if v.Completed != nil {
		st.end = *v.Completed
	}
}

// outcome is what a vertex of the graph did.
type outcome struct {
	status    record.StepStatus
	intervals []record.Interval
	err       string
	loadErr   string // of a result that was found
}

// outcome decides by all events of a vertex: it was executed if one of them, not
// marked as cached, names its inputs and ended; a hit whose layers are
// downloaded later reports once more, but without inputs; and a load that failed
// says cached with an error before the execution. A vertex without inputs was
// executed unless it was cached. What did not end, since the stream broke off, was
// at work as long as the build.
func (o *observer) outcome(d digest.Digest, inputs int, t *timeline) outcome {
	x := o.vertices[d]
	if x == nil {
		return outcome{status: record.NotRun}
	}
	out := outcome{status: record.NotRun}
	if x.cached {
		out.status = record.Hit
	}
	for _, p := range x.ordered() {
		executed := !p.cached && (p.inputs || inputs == 0 && !x.cached)
		if executed && !p.end.IsZero() {
			switch {
			case p.err == "":
				out.status = record.Miss
			case isCanceled(p.err):
				out.status = record.NotRun
			default:
				out.status, out.err = record.StepFailed, p.err
			}
		}
		if p.cached {
			if p.err != "" && !isCanceled(p.err) && !p.end.IsZero() {
				out.loadErr = p.err
			}
			continue // a look-up, no work
		}
		from, to := t.span(p.start, p.end)
		out.intervals = append(out.intervals, record.Interval{Start: from, End: to, Transfer: !executed})
	}
	return out
}

func isCanceled(s string) bool { return strings.Contains(s, "context canceled") }

func (x *seen) ordered() []span {
	out := make([]span, 0, len(x.spans))
	for _, p := range x.spans {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end)) })
	return out
}

// ended is the end of a status, or of the vertex that left it open.
func (x *seen) ended(s *status) time.Time {
	end := s.end
	if end.IsZero() {
		for _, p := range x.spans {
			if p.end.After(end) && !p.end.Before(s.start) {
				end = p.end
			}
		}
	}
	return end
}
