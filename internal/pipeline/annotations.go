package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// annotate marks lines of the Dockerfile in the step's log: where the build failed, what
// lost the cache, and what BuildKit's checks found.
func (r *runner) annotate(ctx context.Context, o BuildOptions, rep report.Report) {
	var out []action.Annotation
	own, folder := r.ownDockerfile(ctx, o)
	if own {
		out = append(lostAnnotations(rep), checkAnnotations(rep)...)
	}
	if f := failureAnnotation(rep); f != nil {
		if !own {
			f.File, f.Line, f.EndLine = "", 0, 0
		}
		out = append(out, *f)
	}
	for i := range out {
		if out[i].File != "" {
			out[i].File = path.Join(folder, out[i].File)
		}
	}
	if dropped := r.log.Annotate(out); dropped > 0 {
		r.log.Print(fmt.Sprintf("GitHub shows %d annotations of each kind a step; %d more are in the summary", action.AnnotationLimit, dropped))
	}
}

// sayFault shows an error that no report tells where a failed job is looked at: on the line
// of the Dockerfile that it is about, or on the run's page.
func (r *runner) sayFault(ctx context.Context, o BuildOptions, err error) {
	if err == nil || !r.active || r.told || errors.Is(err, context.Canceled) {
		return
	}
	a := faultAnnotation(err)
	var syntax *dockerfile.SyntaxError
	if errors.As(err, &syntax) && syntax.Line > 0 {
		if own, folder := r.ownDockerfile(ctx, o); own {
			a.File, a.Line = path.Join(folder, syntax.Path), syntax.Line
		}
	}
	r.log.Annotate([]action.Annotation{a})
}

// faultAnnotation is an error with its hint.
func faultAnnotation(err error) action.Annotation {
	e := classify(err)
	a := action.Annotation{Level: action.LevelError, Message: e.Error()}
	if e.Hint != "" {
		a.Message += "\nhint: " + e.Hint
	}
	return a
}

// failureAnnotation is the error on the line that failed, or on none if that is not
// known. It is nil for a build that did not fail.
func failureAnnotation(rep report.Report) *action.Annotation {
	f := rep.Build.Failure
	if f == nil {
		return nil
	}
	a := &action.Annotation{Level: action.LevelError, Title: "The build failed", Message: f.Message}
	if f.Line > 0 {
		a.Title = "The build failed here"
		a.File, a.Line, a.EndLine = cmp.Or(f.File, rep.Build.Dockerfile), f.Line, f.EndLine
	}
	return a
}

// lostAnnotations are the causes, but for one less than GitHub shows: the notice that
// the comment could not be written must find room.
func lostAnnotations(rep report.Report) []action.Annotation {
	var out []action.Annotation
	for _, c := range rep.Causes { // the most costly first
		if c.Line == 0 || c.Kind == "first-build" || len(out) == action.AnnotationLimit-1 {
			continue
		}
		out = append(out, action.Annotation{
			Level: action.LevelNotice, File: c.File, Line: c.Line, EndLine: c.EndLine, Cost: c.LostSeconds,
			Title: fmt.Sprintf("Lost the cache: %s", c.Kind), Message: lost(c),
		})
	}
	return out
}

// lost is what a cause says and cost, for an annotation.
func lost(c report.Cause) string {
	steps := "1 step"
	if n := len(c.Steps); n != 1 {
		steps = fmt.Sprintf("%d steps", n)
	}
	if c.LostSeconds < 0.05 {
		return fmt.Sprintf("%s; %s re-ran", c.Detail, steps)
	}
	return fmt.Sprintf("%s; %s re-ran, %s lost", c.Detail, steps, timing.Duration(c.LostSeconds))
}
