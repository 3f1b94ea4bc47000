package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/telemetry"
)

// exportTrace begins to send the build to an OpenTelemetry collector, if the
// environment names one. The comment need not wait for a collector, so that this
// returns at once; wait says in the log what went wrong, since the reports are
// written by then.
func (r *runner) exportTrace(ctx context.Context, env Env, head *record.Record, rep report.Report) (wait func()) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("exporting the trace stopped at a fault of layercause: %v", p)
			}
		}()
		done <- telemetry.Send(ctx, env.getenv, r.origin(env, head), func(ctx context.Context, tracer trace.Tracer) {
			task := []attribute.KeyValue{semconv.CICDPipelineTaskRunID(head.ID)}
			if r.event.RunURL != "" {
				task = append(task, semconv.CICDPipelineTaskRunURLFull(r.event.RunURL))
			}
			report.Spans(ctx, tracer, head.StartedAt, rep, task...)
		})
	}()
	return func() {
		if err := <-done; err != nil {
			r.warn(env, err)
		}
	}
}

// warn says in the log what went wrong after the reports were written.
func (r *runner) warn(env Env, err error) {
	var hint string
	if e := (*telemetry.Error)(nil); errors.As(err, &e) {
		hint = e.Hint
	}
	if r.active {
		if hint != "" {
			err = fmt.Errorf("%w; %s", err, hint)
		}
		r.log.Warning(err.Error())
		return
	}
	fmt.Fprintf(env.Stderr, "warning: %v\n", err)
	if hint != "" {
		fmt.Fprintf(env.Stderr, "hint: %s\n", hint)
	}
}

// origin describes where a trace comes from, by the conventions for the resources
// of CI/CD and of version control:
// https://opentelemetry.io/docs/specs/semconv/resource/cicd/
func (r *runner) origin(env Env, head *record.Record) []attribute.KeyValue {
	out := []attribute.KeyValue{semconv.ServiceVersion(env.Version)}
	add := func(value string, attr func(string) attribute.KeyValue) {
		if value != "" {
			out = append(out, attr(value))
		}
	}
	if e := &r.event; r.active {
		add(e.Workflow, semconv.CICDPipelineName)
		add(e.RunID, semconv.CICDPipelineRunID)
		add(e.RunURL, semconv.CICDPipelineRunURLFull)
		add(env.getenv("RUNNER_NAME"), semconv.CICDWorkerName)
		if e.PullRequest > 0 {
			add(fmt.Sprint(e.PullRequest), semconv.VCSChangeID)
		}
		out = append(out, semconv.VCSProviderNameGithub)
	}
	c := &head.Commit
	if owner, name, address := r.repository(c.Repository); address != "" {
		add(address, semconv.VCSRepositoryURLFull)
		add(name, semconv.VCSRepositoryName)
		add(owner, semconv.VCSOwnerName)
	}
	tag, tagged := strings.CutPrefix(c.Ref, "refs/tags/")
	switch {
	case c.Branch != "":
		out = append(out, semconv.VCSRefHeadName(c.Branch), semconv.VCSRefHeadTypeBranch)
	case tagged:
		out = append(out, semconv.VCSRefHeadName(tag), semconv.VCSRefHeadTypeTag)
	}
	add(c.SHA, semconv.VCSRefHeadRevision)
	if c.BaseBranch != "" {
		out = append(out, semconv.VCSRefBaseName(c.BaseBranch), semconv.VCSRefBaseTypeBranch)
	}
	return out
}

// repository takes the name of a record's repository apart: OWNER/NAME on a
// runner, elsewhere the address it was cloned from, if a browser can open that.
func (r *runner) repository(of string) (owner, name, address string) {
	if r.active && of != "" {
		of = r.event.ServerURL + "/" + of
	}
	u, err := url.Parse(of)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", "", ""
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")}
	if i := strings.LastIndexByte(clean.Path, '/'); i >= 0 {
		return clean.Path[:i], clean.Path[i+1:], clean.String()
	}
	return "", clean.Path, clean.String()
}
