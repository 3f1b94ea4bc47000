package pipeline

import (
	"fmt"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/report"
)

// annotations marks the lines of the Dockerfile: what lost the cache, and what
// failed.
func annotations(rep report.Report) []action.Annotation {
	var out []action.Annotation
	if f := rep.Build.Failure; f != nil && f.Line > 0 {
		out = append(out, action.Annotation{
			Level: action.LevelError, File: nonEmpty(f.File, rep.Build.Dockerfile), Line: f.Line, EndLine: f.EndLine,
			Title: "The build failed here", Message: f.Message,
		})
	}
	for _, c := range rep.Causes {
		if c.Line == 0 || c.Kind == "first-build" {
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
	return fmt.Sprintf("%s; %s re-ran, %.1f s lost", c.Detail, steps, c.LostSeconds)
}
