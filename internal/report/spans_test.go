package report_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/layercause/layercause/internal/report"
)

var began = time.Date(2026, 11, 20, 9, 30, 0, 250_000_000, time.UTC)

// spansOf are the spans of a report, by their names from the root on. It states
// what holds for every report: one tree, whose children end with their parents.
func spansOf(t *testing.T, r report.Report, more ...attribute.KeyValue) map[string]tracetest.SpanStub {
	t.Helper()
	got := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(got), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	report.Spans(context.Background(), provider.Tracer("test"), began, r, more...)
	byID, out := map[trace.SpanID]tracetest.SpanStub{}, map[string]tracetest.SpanStub{}
	for _, s := range got.GetSpans() {
		byID[s.SpanContext.SpanID()] = s
	}
	roots := 0
	for _, s := range byID {
		path := s.Name
		for up, ok := byID[s.Parent.SpanID()]; ok; up, ok = byID[up.Parent.SpanID()] {
			path = up.Name + "/" + path
			if s.StartTime.Before(up.StartTime) || s.EndTime.After(up.EndTime) {
				t.Errorf("%q is not within %q", s.Name, up.Name)
			}
		}
		if !s.Parent.IsValid() {
			roots++
		}
		if s.EndTime.Before(s.StartTime) || s.StartTime.Before(began) {
			t.Errorf("%q is from %s to %s: %v", s.Name, s.StartTime, s.EndTime, s.Attributes)
		}
		if s.SpanKind != trace.SpanKindInternal || strings.TrimSpace(s.Name) == "" {
			t.Errorf("the span %q is of the kind %s", s.Name, s.SpanKind)
		}
		out[path] = s
	}
	if roots != 1 {
		t.Errorf("there are %d roots", roots)
	}
	return out
}

func attrs(kvs []attribute.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range kvs {
		out[string(kv.Key)] = kv.Value.String()
	}
	return out
}

// when is from when to when a span is, in seconds since the build began.
func when(s tracetest.SpanStub) string {
	return fmt.Sprintf("%g-%g", s.StartTime.Sub(began).Seconds(), s.EndTime.Sub(began).Seconds())
}

func TestSpans(t *testing.T) {
	got := spansOf(t, severalCauses().report(), attribute.String("cicd.pipeline.task.run.id", "id"))
	var tree []string
	for path, s := range got {
		tree = append(tree, path+" "+when(s))
	}
	slices.Sort(tree)
	const root = "build Dockerfile"
	want := []string{
		root + " 0-98.2",
		root + "/cache-export 94.2-98.2",
		root + "/import 0.1-0.9",
		root + "/stage build 0-94",
		root + "/stage build/COPY package.json package-lock.json ./ 0-0",
		root + "/stage build/COPY src/ src/ 1.2-1.22",
		root + "/stage build/RUN --mount=type=cache,target=/root/.npm npm ci 53.4-84.6",
		root + "/stage build/RUN apt-get update && apt-get install -y git | tee /log 1.1-53.4",
		root + "/stage build/RUN npm run build 84.6-94",
		root + "/stage final 0-0",
		root + "/stage final/COPY <<EOF /etc/motd … 0-0",
	}
	if d := cmp.Diff(want, tree); d != "" {
		t.Errorf("spans (-want +got):\n%s", d)
	}
	for path, want := range map[string]map[string]string{
		root: {
			"cicd.pipeline.task.name": "build Dockerfile", "cicd.pipeline.task.type": "build",
			"cicd.pipeline.task.run.id": "id", "cicd.pipeline.task.run.result": "success", "code.file.path": "Dockerfile",
			"layercause.steps": "7", "layercause.hits": "2", "layercause.misses": "4", "layercause.hit_rate": "0.3333",
			"layercause.saved_seconds": "0.2", "layercause.lost_seconds": "92.6", "layercause.net_saved_seconds": "-4.6",
			"layercause.base.commit": baseSHA,
		},
		root + "/cache-export": {
			"layercause.phase": "cache-export", "layercause.phase.name": "gha shop", "layercause.critical": "false", "layercause.bytes": "12400000",
		},
		root + "/stage build": {"layercause.stage": "build"},
		root + "/stage build/RUN npm run build": {
			"code.file.path": "Dockerfile", "code.line.number": "10", "layercause.status": "miss", "layercause.critical": "true",
			"layercause.seconds": "9.4", "layercause.platform": "linux/amd64", "layercause.cause.kinds": `["build-arg","context-files"]`,
		},
		root + "/stage build/COPY package.json package-lock.json ./": {
			"code.file.path": "Dockerfile", "code.line.number": "6", "layercause.status": "hit", "layercause.critical": "false",
			"layercause.seconds": "0", "layercause.saved_seconds": "0.1", "layercause.platform": "linux/amd64",
		},
	} {
		if d := cmp.Diff(want, attrs(got[path].Attributes)); d != "" {
			t.Errorf("attributes of %s (-want +got):\n%s", path, d)
		}
	}
	events := got[root].Events
	if len(events) != 3 {
		t.Fatalf("events: %+v", events)
	}
	wantEvent := map[string]string{
		"code.file.path": "Dockerfile", "code.line.number": "3", "layercause.cause.kind": "build-arg", "layercause.lost_seconds": "83.5",
		"layercause.cause.detail": "The build arg COMMIT has another value, and every RUN below its ARG line sees it.",
	}
	if d := cmp.Diff(wantEvent, attrs(events[0].Attributes)); d != "" || events[0].Name != "layercause.cause" {
		t.Errorf("event %s (-want +got):\n%s", events[0].Name, d)
	}
	if at := events[0].Time.Sub(began).Seconds(); at != 1.1 {
		t.Errorf("the cause is an event at %g s, want 1.1 s, when its first step ran", at)
	}
}

func TestSpansOfAFailedBuild(t *testing.T) {
	got := spansOf(t, failedBuild().report())
	for path, failed := range map[string]bool{
		"build Dockerfile": true, "build Dockerfile/stage build/RUN npm test": true,
		"build Dockerfile/stage build": false, "build Dockerfile/stage build/RUN npm ci": false,
	} {
		s, known := got[path]
		a := attrs(s.Attributes)
		if !known || (s.Status.Code == codes.Error) != failed || (a["error.type"] == "step-failed") != failed {
			t.Errorf("%q is there: %v, its status is %+v, its error.type %q", path, known, s.Status, a["error.type"])
		}
		if failed && !strings.Contains(s.Status.Description, "exit code: 1 ✗ cart › adds an item") {
			t.Errorf("%q says %q", path, s.Status.Description)
		}
	}
	if got := attrs(got["build Dockerfile"].Attributes)["cicd.pipeline.task.run.result"]; got != "failure" {
		t.Errorf("the result is %q", got)
	}
	// A build can fail before any step does.
	early := spansOf(t, report.Report{Build: report.Build{Status: "failed", WallSeconds: 1}})
	for path, s := range early {
		if a := attrs(s.Attributes); a["error.type"] != "_OTHER" || s.Status.Code != codes.Error {
			t.Errorf("%q: %+v, %v", path, s.Status, a)
		}
	}
}

func FuzzSpans(f *testing.F) {
	for _, s := range attacks {
		f.Add(s, 0.5, 3.0)
	}
	f.Add("x", math.NaN(), math.Inf(1))
	f.Add("x", 2.0, -1.0)
	f.Fuzz(func(t *testing.T, s string, a, b float64) {
		r := planted(s)
		for i := range r.Steps {
			r.Steps[i].Intervals = append(r.Steps[i].Intervals, report.Interval{Start: a, End: b}, report.Interval{Start: b, End: a})
		}
		r.Phases = append(r.Phases, report.Phase{Kind: s, Name: s, Start: a, End: b})
		for _, span := range spansOf(t, r) {
			visible(t, span.Name)
			visible(t, span.Status.Description)
			lists := [][]attribute.KeyValue{span.Attributes}
			for _, e := range span.Events {
				lists = append(lists, e.Attributes)
			}
			for _, kv := range slices.Concat(lists...) {
				switch kv.Value.Type() {
				case attribute.STRING:
					visible(t, kv.Value.AsString())
				case attribute.STRINGSLICE:
					for _, x := range kv.Value.AsStringSlice() {
						visible(t, x)
					}
				}
			}
		}
	})
}
