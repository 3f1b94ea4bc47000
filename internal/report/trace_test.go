package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/report"
)

// event is one event of a trace.json, with its fields as a viewer reads them.
type event struct {
	Name  *string
	Cat   string
	Ph    string
	Ts    *float64
	Dur   *float64
	Pid   *int
	Tid   *int
	ID    int
	Bp, S string
	Args  map[string]any
}

func (e event) end() float64 {
	if e.Dur == nil {
		return *e.Ts
	}
	return *e.Ts + *e.Dur
}

// traced renders a report and reads the events back, having checked the rules of
// the format that viewers rely on:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
func traced(t *testing.T, r report.Report) []event {
	t.Helper()
	var b bytes.Buffer
	if err := report.Trace(&b, r); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(b.Bytes()) {
		t.Error("trace.json is not UTF-8")
	}
	var file struct {
		DisplayTimeUnit string
		OtherData       map[string]string
		TraceEvents     []event
	}
	d := json.NewDecoder(bytes.NewReader(b.Bytes()))
	d.DisallowUnknownFields()
	if err := d.Decode(&struct {
		DisplayTimeUnit *string
		OtherData       *map[string]string
		TraceEvents     *[]json.RawMessage
	}{&file.DisplayTimeUnit, &file.OtherData, new([]json.RawMessage)}); err != nil {
		t.Fatalf("trace.json: %v\n%s", err, b.Bytes())
	}
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	if file.DisplayTimeUnit != "ms" || len(file.TraceEvents) == 0 {
		t.Fatalf("%d events, shown in %q", len(file.TraceEvents), file.DisplayTimeUnit)
	}
	checkRules(t, file.TraceEvents)
	return file.TraceEvents
}

func checkRules(t *testing.T, events []event) {
	t.Helper()
	type thread struct{ pid, tid int }
	var (
		processes = map[int]string{}
		threads   = map[thread]string{}
		free      = map[thread]float64{}
		spans     = map[thread][]event{}
		flows     = map[int][]event{}
		last      float64
	)
	for i, e := range events {
		if e.Name == nil || e.Ts == nil || e.Pid == nil || e.Tid == nil || e.Ph == "" {
			t.Fatalf("event %d lacks a name, ph, ts, pid or tid: %+v", i, e)
		}
		at := thread{*e.Pid, *e.Tid}
		if *e.Ts < 0 || *e.Ts != math.Trunc(*e.Ts) || *e.Ts > 1<<53 {
			t.Errorf("%q begins at %v", *e.Name, *e.Ts)
		}
		if e.Ph != "M" {
			if *e.Ts < last {
				t.Errorf("%q at %v stands after an event at %v", *e.Name, *e.Ts, last)
			}
			last = *e.Ts
			if processes[at.pid] == "" || threads[at] == "" {
				t.Errorf("%q is on the nameless thread %v", *e.Name, at)
			}
			if processes[at.tid] != "" {
				t.Errorf("thread %d has a process's number", at.tid)
			}
			if strings.TrimSpace(*e.Name) == "" {
				t.Errorf("event %d has no name", i)
			}
		}
		switch e.Ph {
		case "M":
			if len(spans) > 0 {
				t.Errorf("%q stands between the events", *e.Name)
			}
			name, _ := e.Args["name"].(string)
			switch *e.Name {
			case "process_name":
				processes[at.pid] = name
			case "thread_name":
				if threads[at] != "" {
					t.Errorf("thread %v has two names", at)
				}
				threads[at] = name
			case "process_sort_index", "thread_sort_index":
			default:
				t.Errorf("%q is no metadata", *e.Name)
			}
		case "X":
			if e.Dur == nil || *e.Dur < 0 {
				t.Fatalf("the span %q has no duration", *e.Name)
			}
			if *e.Ts < free[at] {
				t.Errorf("%q begins at %v, while thread %v is taken until %v", *e.Name, *e.Ts, at, free[at])
			}
			free[at] = e.end()
			spans[at] = append(spans[at], e)
		case "i":
			if e.S != "t" || *e.Ts < free[at] {
				t.Errorf("the instant %q at %v has scope %q on thread %v, taken until %v", *e.Name, *e.Ts, e.S, at, free[at])
			}
		case "s", "f":
			flows[e.ID] = append(flows[e.ID], e)
			in := func(x event) bool { return *x.Ts <= *e.Ts && *e.Ts < x.end() && x.Args["critical"] == true }
			if e.ID == 0 || !slices.ContainsFunc(spans[at], in) {
				t.Errorf("the arrow %d at %v of thread %v belongs to no critical span", e.ID, *e.Ts, at)
			}
		default:
			t.Errorf("%q is of the kind %q", *e.Name, e.Ph)
		}
	}
	for id, f := range flows {
		if len(f) != 2 || f[0].Ph != "s" || f[1].Ph != "f" || f[1].Bp != "e" || f[0].Cat != f[1].Cat || *f[0].Name != *f[1].Name {
			t.Errorf("the arrow %d is %+v", id, f)
		}
	}
}

func TestTraceKeepsTheFormat(t *testing.T) {
	for name, b := range scenarios() {
		t.Run(name, func(t *testing.T) { traced(t, b.report()) })
	}
	t.Run("nothing at all", func(t *testing.T) { traced(t, report.Report{}) })
}

// told writes down the tracks of a trace and what stands on them.
func told(events []event) []string {
	process, thread := map[int]string{}, map[int]string{}
	var out []string
	for _, e := range events {
		switch e.Ph {
		case "M":
			if name, ok := e.Args["name"].(string); ok && *e.Name == "process_name" {
				process[*e.Pid] = name
			} else if ok {
				thread[*e.Tid] = process[*e.Pid] + "/" + name
			}
			continue
		case "X":
			out = append(out, fmt.Sprintf("%s: %s %g-%g", thread[*e.Tid], *e.Name, *e.Ts/1e6, e.end()/1e6))
		case "i":
			out = append(out, fmt.Sprintf("%s: %s %g", thread[*e.Tid], *e.Name, *e.Ts/1e6))
		default:
			out = append(out, fmt.Sprintf("%s: %s%d %g", thread[*e.Tid], e.Ph, e.ID, *e.Ts/1e6))
		}
		if e.Args["critical"] == true {
			out[len(out)-1] += " critical"
		}
	}
	return out
}

func TestTraceShowsTheBuild(t *testing.T) {
	r := report.Report{
		Build: report.Build{Dockerfile: "Dockerfile", WallSeconds: 9, Status: "succeeded"},
		Steps: []report.Step{
			{Stage: "deps", Instruction: "COPY a a", Status: "hit", SavedSeconds: 3},
			{Stage: "deps", Instruction: "RUN one", Status: "miss", Critical: true, Intervals: []report.Interval{{Start: 1, End: 4}}, Causes: []string{"c1"}, Line: 7},
			{Stage: "deps", Instruction: "RUN two", Status: "miss", Intervals: []report.Interval{{Start: 2, End: 3}, {Start: 3, End: 3.5, Transfer: true}}},
			{Stage: "final", Instruction: "RUN three <<EOF\necho\nEOF", Status: "failed", Critical: true, Intervals: []report.Interval{{Start: 4, End: 8}}},
			{Stage: "final", Instruction: "RUN four", Status: "not-run"},
			{Stage: "last", Instruction: "RUN five", Status: "hit", Intervals: []report.Interval{{Start: 2, End: 3, Transfer: true}}},
			{Stage: "last", Instruction: "RUN six", Status: "hit"},
		},
		Causes: []report.Cause{{ID: "c1", Kind: "build-arg", Detail: "COMMIT has another value"}},
		Phases: []report.Phase{
			{Kind: "export", Name: "exporting layers", Start: 8, End: 9, Bytes: 5},
			{Kind: "load", Name: "load build definition", Start: 0, End: 1, Critical: true},
			{Kind: "load", Name: "load .dockerignore", Start: 0, End: 0.5},
		},
	}
	events := traced(t, r)
	want := []string{
		"build/load: load .dockerignore 0-0.5",
		"build/load 2: load build definition 0-1 critical",
		"build/build: build Dockerfile 0-9",
		"build/load 2: s1 0.999999",
		"stage deps/steps: COPY a a 1",
		"stage deps/steps: RUN one 1-4 critical",
		"stage deps/steps: f1 1",
		"stage deps/steps 2: RUN two 2-3",
		"stage last/steps: loading layers: RUN five 2-3",
		"stage last/steps: RUN six 3",
		"stage deps/steps 2: loading layers: RUN two 3-3.5",
		"stage deps/steps: s2 3.999999",
		"stage final/steps: RUN three <<EOF … 4-8 critical",
		"stage final/steps: f2 4",
		"build/export: exporting layers 8-9",
	}
	if d := cmp.Diff(want, told(events)); d != "" {
		t.Errorf("trace (-want +got):\n%s", d)
	}
	for _, e := range events {
		if *e.Name == "RUN one" {
			want := map[string]any{
				"line": 7.0, "status": "miss", "critical": true,
				"causes": []any{"build-arg"}, "why": []any{"COMMIT has another value"},
			}
			if d := cmp.Diff(want, e.Args); d != "" {
				t.Errorf("arguments (-want +got):\n%s", d)
			}
		}
	}
	// What an old record has no phases of, its caches tell.
	r.Phases, r.Caches = nil, []report.Cache{{Direction: "export", Type: "gha", Ref: "shop", Start: 8, Seconds: 0.5}}
	if got := told(traced(t, r)); !slices.Contains(got, "build/cache-export: gha shop 8-8.5") {
		t.Errorf("the export of the cache is missing:\n%s", strings.Join(got, "\n"))
	}
}

// Several platforms have a process each.
func TestTraceKeepsPlatformsApart(t *testing.T) {
	step := func(platform string) report.Step {
		return report.Step{Stage: "app", Platform: platform, Instruction: "RUN x", Status: "miss", Intervals: []report.Interval{{Start: 0, End: 1}}}
	}
	got := told(traced(t, report.Report{Steps: []report.Step{step("linux/amd64"), step("linux/arm64")}}))
	for _, want := range []string{"stage app linux/amd64/steps: RUN x 0-1", "stage app linux/arm64/steps: RUN x 0-1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing:\n%s", want, strings.Join(got, "\n"))
		}
	}
}

// visible states that no text of a trace hides or moves anything, or is longer than
// a stage and a platform together may be.
func visible(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		if i := strings.IndexFunc(v, unseen); i >= 0 || utf8.RuneCountInString(v) > 640 {
			t.Errorf("the trace shows %q", v)
		}
	case []any:
		for _, x := range v {
			visible(t, x)
		}
	case map[string]any:
		for _, x := range v {
			visible(t, x)
		}
	}
}

func FuzzTrace(f *testing.F) {
	for _, s := range attacks {
		f.Add(s, 0.5, 3.0, 1.0, 4.0)
	}
	f.Add("x", math.NaN(), math.Inf(1), -1.0, 1e300)
	f.Add("x", 2.0, 1.0, 2.0, 2.0)
	f.Fuzz(func(t *testing.T, s string, a, b, c, d float64) {
		r := planted(s)
		for i := range r.Steps {
			r.Steps[i].Critical = i%2 == 0
			r.Steps[i].Intervals = append(r.Steps[i].Intervals,
				report.Interval{Start: a, End: b}, report.Interval{Start: c, End: d, Transfer: true}, report.Interval{Start: a, End: d})
		}
		for _, kind := range []string{s, "load", "x" + s} {
			for _, span := range [][2]float64{{a, b}, {c, d}, {b, c}} {
				r.Phases = append(r.Phases, report.Phase{Kind: kind, Name: s, Start: span[0], End: span[1], Critical: span[0] == a})
			}
		}
		for _, e := range traced(t, r) {
			visible(t, *e.Name)
			visible(t, map[string]any(e.Args))
		}
	})
}
