package report

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/layercause/layercause/internal/record"
)

// The attributes that no convention knows.
const (
	attrStatus   = attribute.Key("layercause.status")
	attrCritical = attribute.Key("layercause.critical")
	attrSeconds  = attribute.Key("layercause.seconds")
	attrTransfer = attribute.Key("layercause.transfer_seconds")
	attrSaved    = attribute.Key("layercause.saved_seconds")
	attrLost     = attribute.Key("layercause.lost_seconds")
	attrNetSaved = attribute.Key("layercause.net_saved_seconds")
	attrSteps    = attribute.Key("layercause.steps")
	attrHits     = attribute.Key("layercause.hits")
	attrMisses   = attribute.Key("layercause.misses")
	attrHitRate  = attribute.Key("layercause.hit_rate")
	attrTarget   = attribute.Key("layercause.target")
	attrBase     = attribute.Key("layercause.base.commit")
	attrPlatform = attribute.Key("layercause.platform")
	attrStage    = attribute.Key("layercause.stage")
	attrKinds    = attribute.Key("layercause.cause.kinds")
	attrKind     = attribute.Key("layercause.cause.kind")
	attrDetail   = attribute.Key("layercause.cause.detail")
	attrPhase    = attribute.Key("layercause.phase")
	attrName     = attribute.Key("layercause.phase.name")
	attrBytes    = attribute.Key("layercause.bytes")

	eventCause  = "layercause.cause"
	errorOfStep = "step-failed" // the error.type of a build that a step ended
)

// Spans makes the spans of a finished build that began at start: one for the
// build, a child of the span in ctx, below it one for each phase and each stage,
// and below the stages one for each step that has a time. More are attributes of
// the build's span. The build is a task run of the conventions for CI/CD:
// https://opentelemetry.io/docs/specs/semconv/cicd/cicd-spans/
func Spans(ctx context.Context, tracer trace.Tracer, start time.Time, r Report, more ...attribute.KeyValue) {
	s := spanning{tracer: tracer, start: start, report: &r, kinds: map[string]string{}}
	for i := range r.Causes {
		s.kinds[r.Causes[i].ID] = traceText(string(r.Causes[i].Kind))
	}
	ctx, end := s.build(ctx, more)
	defer end()
	for _, p := range phasesOf(&r) {
		s.phase(ctx, p)
	}
	for _, stage := range stagesOf(&r) {
		s.stage(ctx, stage)
	}
}

// spanning is a report on its way to becoming spans.
type spanning struct {
	tracer trace.Tracer
	start  time.Time
	report *Report
	kinds  map[string]string // of causes, by ID
}

// at is a moment of the build, given in microseconds since its start.
func (s *spanning) at(micros int64) time.Time {
	return s.start.Add(time.Duration(micros) * time.Microsecond)
}

func (s *spanning) open(ctx context.Context, name string, start int64, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	return s.tracer.Start(ctx, name, trace.WithTimestamp(s.at(start)), trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(attrs...))
}

// close ends a span, but never before it began.
func (s *spanning) close(span trace.Span, start, end int64) {
	span.End(trace.WithTimestamp(s.at(max(start, end))))
}

func (s *spanning) build(ctx context.Context, more []attribute.KeyValue) (context.Context, func()) {
	b, t := &s.report.Build, &s.report.Totals
	name := "build " + traceText(b.Dockerfile)
	attrs := append([]attribute.KeyValue{
		semconv.CICDPipelineTaskName(name), semconv.CICDPipelineTaskTypeBuild,
		semconv.CodeFilePath(traceText(b.Dockerfile)),
		attrSteps.Int(t.Steps), attrHits.Int(t.Hits), attrMisses.Int(t.Misses), attrHitRate.Float64(t.HitRate),
		attrSaved.Float64(t.SavedSeconds), attrLost.Float64(t.LostSeconds), attrNetSaved.Float64(t.NetSavedSeconds),
	}, more...)
	if b.Target != "" {
		attrs = append(attrs, attrTarget.String(traceText(b.Target)))
	}
	if b.Base.Commit != "" {
		attrs = append(attrs, attrBase.String(traceText(b.Base.Commit)))
	}
	ctx, span := s.open(ctx, name, 0, attrs...)
	for i := range s.report.Causes {
		s.cause(span, &s.report.Causes[i])
	}
	if b.Status == string(record.Failed) {
		kind := semconv.ErrorTypeOther
		if slices.ContainsFunc(s.report.Steps, func(x Step) bool { return x.Status == string(record.StepFailed) }) {
			kind = semconv.ErrorTypeKey.String(errorOfStep)
		}
		span.SetAttributes(semconv.CICDPipelineTaskRunResultFailure, kind)
		span.SetStatus(codes.Error, s.failure())
	} else {
		span.SetAttributes(semconv.CICDPipelineTaskRunResultSuccess)
	}
	return ctx, func() { s.close(span, 0, s.end()) }
}

// end is when the last of the build's work ended: work may go on after the answer.
func (s *spanning) end() int64 {
	end := micros(s.report.Build.WallSeconds)
	for _, p := range phasesOf(s.report) {
		end = max(end, micros(p.Start), micros(p.End))
	}
	for i := range s.report.Steps {
		_, last, _ := extent(s.report.Steps[i].Intervals)
		end = max(end, last)
	}
	return end
}

func (s *spanning) failure() string {
	if f := s.report.Build.Failure; f != nil {
		return traceText(f.Message)
	}
	return ""
}

// cause is an event of the build at the moment when its first step ran.
func (s *spanning) cause(span trace.Span, c *Cause) {
	var all []Interval
	for i := range s.report.Steps {
		if x := &s.report.Steps[i]; slices.Contains(x.Causes, c.ID) {
			all = append(all, x.Intervals...)
		}
	}
	at, _, _ := extent(all)
	attrs := append(lineOf(c.File, c.Line),
		attrKind.String(traceText(string(c.Kind))), attrDetail.String(traceText(c.Detail)), attrLost.Float64(c.LostSeconds))
	span.AddEvent(eventCause, trace.WithTimestamp(s.at(at)), trace.WithAttributes(attrs...))
}

func (s *spanning) phase(ctx context.Context, p Phase) {
	attrs := append(lineOf(s.report.Build.Dockerfile, p.Line),
		attrPhase.String(traceText(p.Kind)), attrName.String(traceText(p.Name)), attrCritical.Bool(p.Critical))
	if p.Bytes > 0 {
		attrs = append(attrs, attrBytes.Int64(p.Bytes))
	}
	_, span := s.open(ctx, traceText(p.Kind), micros(p.Start), attrs...)
	s.close(span, micros(p.Start), micros(p.End))
}

func (s *spanning) stage(ctx context.Context, stage stageSteps) {
	intervals := stage.intervals(s.report)
	first, last, timed := extent(slices.Concat(intervals...))
	if !timed {
		return
	}
	attrs := []attribute.KeyValue{attrStage.String(traceText(stage.stage))}
	if stage.platform != "" {
		attrs = append(attrs, attrPlatform.String(traceText(stage.platform)))
	}
	ctx, span := s.open(ctx, stage.title(), first, attrs...)
	for k, i := range stage.steps {
		s.step(ctx, &s.report.Steps[i], intervals[k])
	}
	s.close(span, first, last)
}

func (s *spanning) step(ctx context.Context, x *Step, intervals []Interval) {
	first, last, timed := extent(intervals)
	if !timed {
		return // it did not run
	}
	attrs := append(lineOf(x.File, x.Line), attrStatus.String(x.Status), attrCritical.Bool(x.Critical), attrSeconds.Float64(x.Seconds))
	if x.TransferSeconds > 0 {
		attrs = append(attrs, attrTransfer.Float64(x.TransferSeconds))
	}
	if x.SavedSeconds > 0 {
		attrs = append(attrs, attrSaved.Float64(x.SavedSeconds))
	}
	if x.Platform != "" {
		attrs = append(attrs, attrPlatform.String(traceText(x.Platform)))
	}
	var kinds []string
	for _, id := range x.Causes {
		if k := s.kinds[id]; k != "" && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) > 0 {
		attrs = append(attrs, attrKinds.StringSlice(kinds))
	}
	_, span := s.open(ctx, traceText(headOf(x.Instruction)), first, attrs...)
	if x.Status == string(record.StepFailed) {
		span.SetAttributes(semconv.ErrorTypeKey.String(errorOfStep))
		span.SetStatus(codes.Error, s.failure())
	}
	s.close(span, first, last)
}

func lineOf(file string, line int) []attribute.KeyValue {
	if line == 0 {
		return nil
	}
	return []attribute.KeyValue{semconv.CodeFilePath(traceText(file)), semconv.CodeLineNumber(line)}
}

// extent is from when to when something worked, in microseconds.
func extent(intervals []Interval) (first, last int64, timed bool) {
	for i, iv := range intervals {
		if at := micros(iv.Start); i == 0 || at < first {
			first = at
		}
		last = max(last, micros(iv.Start), micros(iv.End))
	}
	return first, last, len(intervals) > 0
}
