package pipeline_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/report"
)

// render writes what a story expects of a report: the fate of each step, the
// causes with their files, and the warnings. Steps are named by their line.
func render(r report.Report) string {
	var b strings.Builder
	platforms := map[string]bool{}
	for _, s := range r.Steps {
		platforms[s.Platform] = true
	}
	place := map[string]string{}
	for _, s := range r.Steps {
		p := fmt.Sprint(s.Line)
		if len(platforms) > 1 {
			p += "@" + s.Platform
		}
		place[s.ID] = p
		fmt.Fprintf(&b, "%s %s %s\n", s.Status, p, command(s.Instruction))
	}
	if f := r.Build.Failure; f != nil {
		fmt.Fprintf(&b, "failed at %d\n", f.Line)
	}
	places := func(ids []string) string {
		var out []string
		for _, id := range ids {
			out = append(out, place[id])
		}
		return strings.Join(out, " ")
	}
	// The report puts the dearest first, which differs from run to run.
	causes := slices.SortedStableFunc(slices.Values(r.Causes), func(a, b report.Cause) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Subject, b.Subject))
	})
	for _, c := range causes {
		fmt.Fprintf(&b, "cause %s at %d", c.Kind, c.Line)
		if c.Subject != "" && c.Kind != "rerun-for-child" {
			fmt.Fprintf(&b, " (%s)", c.Subject)
		}
		fmt.Fprintf(&b, ": %s\n", places(c.Steps))
		for _, f := range c.Evidence.Files {
			fmt.Fprintf(&b, "  %s %s\n", f.Change, f.Path)
		}
		if len(c.Evidence.NeededBy) > 0 {
			fmt.Fprintf(&b, "  needed by %s\n", places(c.Evidence.NeededBy))
		}
		if w := c.Evidence.Writer; w != nil && c.Kind == "cache-overwritten" {
			fmt.Fprintf(&b, "  written by %s\n", strings.TrimSuffix(w.Dockerfile+" target "+w.Target, " target "))
		}
	}
	for _, w := range r.Warnings {
		w, _, _ = strings.Cut(w, ": ") // what follows are the words of the daemon
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func command(instruction string) string {
	return strings.Fields(instruction)[0]
}
