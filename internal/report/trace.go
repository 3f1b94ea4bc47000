package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// Trace writes trace.json: the build in the Trace Event Format, which Perfetto
// opens. The build and its phases are one process of the trace, each stage is
// another. Events of a thread never overlap: what ran at the same time stands in
// threads beside one another.
//
// The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
func Trace(w io.Writer, r Report) error {
	t := tracing{causes: map[string]*Cause{}}
	for i := range r.Causes {
		t.causes[r.Causes[i].ID] = &r.Causes[i]
	}
	t.build(&r)
	for _, s := range stagesOf(&r) {
		t.stage(&r, s)
	}
	t.finish()
	if err := t.write(w, &r); err != nil {
		return fmt.Errorf("writing trace.json: %w", err)
	}
	return nil
}

// traceEvent is one event of the format. Times are in microseconds since the
// start of the build.
type traceEvent struct {
	Name  string `json:"name"`
	Cat   string `json:"cat,omitempty"`
	Phase string `json:"ph"`
	Time  int64  `json:"ts"`
	Dur   *int64 `json:"dur,omitempty"`
	PID   int    `json:"pid"`
	TID   int    `json:"tid"`
	ID    int    `json:"id,omitempty"`
	Bind  string `json:"bp,omitempty"`
	Scope string `json:"s,omitempty"`
	Color string `json:"cname,omitempty"` // one of Chrome's reserved names
	Args  any    `json:"args,omitempty"`
}

// The kinds of events.
const (
	eventSpan      = "X"
	eventInstant   = "i"
	eventMetadata  = "M"
	eventFlowStart = "s"
	eventFlowEnd   = "f"
)

func (e *traceEvent) end() int64 {
	if e.Dur == nil {
		return e.Time
	}
	return e.Time + *e.Dur
}

func (e *traceEvent) flow() int {
	if e.Phase == eventFlowStart || e.Phase == eventFlowEnd {
		return 1
	}
	return 0
}

// tracing collects the events.
type tracing struct {
	causes   map[string]*Cause
	metadata []traceEvent
	events   []traceEvent
	critical []traceEvent // those on the critical path
	pid, tid int
}

type buildArgs struct {
	Status       string  `json:"status"`
	Target       string  `json:"target,omitempty"`
	Commit       string  `json:"commit,omitempty"`
	Base         string  `json:"base,omitempty"`
	Hits         int     `json:"hits"`
	Misses       int     `json:"misses"`
	SavedSeconds float64 `json:"savedSeconds"`
	LostSeconds  float64 `json:"lostSeconds"`
}

type phaseArgs struct {
	Line     int   `json:"line,omitempty"`
	Bytes    int64 `json:"bytes,omitempty"`
	Critical bool  `json:"critical"`
}

type stepArgs struct {
	File         string   `json:"file,omitempty"`
	Line         int      `json:"line,omitempty"`
	Platform     string   `json:"platform,omitempty"`
	Status       string   `json:"status"`
	Critical     bool     `json:"critical"`
	SavedSeconds float64  `json:"savedSeconds,omitempty"`
	Causes       []string `json:"causes,omitempty"`
	Why          []string `json:"why,omitempty"`
}

func (t *tracing) build(r *Report) {
	t.process("build")
	t.thread("build", []traceEvent{spanEvent("build "+traceText(r.Build.Dockerfile), "build", "rail_response", 0, r.Build.WallSeconds, buildArgs{
		Status: r.Build.Status, Target: traceOptional(r.Build.Target), Commit: traceOptional(r.Build.Commit),
		Base: traceOptional(r.Build.Base.Commit), Hits: r.Totals.Hits, Misses: r.Totals.Misses,
		SavedSeconds: r.Totals.SavedSeconds, LostSeconds: r.Totals.LostSeconds,
	})}, nil)
	kinds, events := []string{}, map[string][]traceEvent{}
	critical := map[string][]bool{}
	for _, p := range phasesOf(r) {
		if events[p.Kind] == nil {
			kinds = append(kinds, p.Kind)
		}
		e := spanEvent(traceText(p.Name), "phase", "grey", p.Start, p.End, phaseArgs{p.Line, p.Bytes, p.Critical})
		if p.Critical {
			e.Color = "bad"
		}
		events[p.Kind] = append(events[p.Kind], e)
		critical[p.Kind] = append(critical[p.Kind], p.Critical)
	}
	for _, k := range kinds {
		t.thread(traceText(k), events[k], critical[k])
	}
}

func (t *tracing) stage(r *Report, stage stageSteps) {
	var events []traceEvent
	var critical []bool
	intervals := stage.intervals(r)
	for k, i := range stage.steps {
		s := &r.Steps[i]
		args := stepArgs{
			File: traceOptional(s.File), Line: s.Line, Platform: traceOptional(s.Platform), Status: s.Status,
			Critical: s.Critical, SavedSeconds: s.SavedSeconds,
		}
		for _, id := range s.Causes {
			if c := t.causes[id]; c != nil {
				args.Causes = append(args.Causes, traceText(string(c.Kind)))
				args.Why = append(args.Why, traceText(c.Detail))
			}
		}
		for _, iv := range intervals[k] {
			name := traceText(headOf(s.Instruction))
			var e traceEvent
			switch {
			case iv.Transfer:
				e = spanEvent("loading layers: "+name, "step", "rail_load", iv.Start, iv.End, args)
			case missed(s):
				color := "generic_work"
				if s.Critical {
					color = "bad"
				}
				if s.Status == string(record.StepFailed) {
					color = "terrible"
				}
				e = spanEvent(name, "step", color, iv.Start, iv.End, args)
			default: // a hit is found in no time
				e = traceEvent{Name: name, Cat: "step", Phase: eventInstant, Scope: "t", Time: micros(iv.Start), Color: "good", Args: args}
			}
			events, critical = append(events, e), append(critical, s.Critical && e.Phase == eventSpan)
		}
	}
	if len(events) == 0 {
		return
	}
	t.process(stage.title())
	t.thread("steps", events, critical)
}

func spanEvent(name, category, color string, start, end float64, args any) traceEvent {
	from := micros(start)
	length := max(0, micros(end)-from)
	return traceEvent{Name: name, Cat: category, Phase: eventSpan, Time: from, Dur: &length, Color: color, Args: args}
}

func (t *tracing) process(name string) {
	t.pid++
	t.name("process_name", name, t.pid, 0)
	t.metadata = append(t.metadata, traceEvent{
		Name: "process_sort_index", Phase: eventMetadata, PID: t.pid, Args: map[string]int{"sort_index": t.pid},
	})
}

// name gives a process or a thread its name.
func (t *tracing) name(kind, name string, pid, tid int) {
	t.metadata = append(t.metadata, traceEvent{
		Name: kind, Phase: eventMetadata, PID: pid, TID: tid, Args: map[string]string{"name": name},
	})
}

// thread adds the events as a thread of the current process, and as further ones
// where they overlap: each goes to the first that is free by then.
func (t *tracing) thread(name string, events []traceEvent, critical []bool) {
	order := make([]int, len(events))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(events[a].Time, events[b].Time), cmp.Compare(events[a].end(), events[b].end()))
	})
	var free []int64 // by lane, from when on
	first := t.tid + 1
	for _, i := range order {
		e := events[i]
		lane := slices.IndexFunc(free, func(at int64) bool { return at <= e.Time })
		if lane < 0 {
			lane = len(free)
			free = append(free, 0)
			label := name
			if lane > 0 {
				label += " " + itoa(lane+1)
			}
			t.tid++
			t.name("thread_name", label, t.pid, t.tid)
			t.metadata = append(t.metadata, traceEvent{
				Name: "thread_sort_index", Phase: eventMetadata, PID: t.pid, TID: t.tid, Args: map[string]int{"sort_index": t.tid},
			})
		}
		free[lane] = e.end()
		e.PID, e.TID = t.pid, first+lane
		t.events = append(t.events, e)
		if critical != nil && critical[i] && *e.Dur > 0 {
			t.critical = append(t.critical, e)
		}
	}
}

// finish draws the critical path as arrows, and brings the events into the order
// of their time. A thread's number must be no process's: viewers take such a
// thread for the process's main one.
func (t *tracing) finish() {
	slices.SortStableFunc(t.critical, func(a, b traceEvent) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.end(), b.end()))
	})
	for i := 1; i < len(t.critical); i++ {
		from, to := &t.critical[i-1], &t.critical[i]
		// An arrow belongs to the span that its end lies in, and a span's end does not.
		e := traceEvent{Name: "critical path", Cat: "critical", Phase: eventFlowStart, ID: i, PID: from.PID, TID: from.TID, Time: min(from.end()-1, to.Time)}
		t.events = append(t.events, e)
		e.Phase, e.Bind, e.PID, e.TID, e.Time = eventFlowEnd, "e", to.PID, to.TID, to.Time
		t.events = append(t.events, e)
	}
	slices.SortStableFunc(t.events, func(a, b traceEvent) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), a.flow()-b.flow(), cmp.Compare(a.end(), b.end()))
	})
	for _, events := range [][]traceEvent{t.metadata, t.events} {
		for i := range events {
			if events[i].TID > 0 {
				events[i].TID += t.pid
			}
		}
	}
}

// write writes an event a line.
func (t *tracing) write(w io.Writer, r *Report) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	b.WriteString(`{"displayTimeUnit":"ms","otherData":`)
	if err := e.Encode(map[string]string{"producer": "layercause", "startedAt": r.Build.StartedAt}); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	b.WriteString(`,"traceEvents":[` + "\n")
	for i, ev := range slices.Concat(t.metadata, t.events) {
		if i > 0 {
			b.Truncate(b.Len() - 1)
			b.WriteString(",\n")
		}
		if err := e.Encode(ev); err != nil {
			return err
		}
	}
	b.WriteString("]}\n")
	_, err := w.Write(b.Bytes())
	return err
}
