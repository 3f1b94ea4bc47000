package pipeline_test

import (
	"fmt"
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
	for _, c := range r.Causes {
		fmt.Fprintf(&b, "cause %s at %d", c.Kind, c.Line)
		if c.Subject != "" && len(c.Evidence.NeededBy) == 0 {
			fmt.Fprintf(&b, " (%s)", c.Subject)
		}
		fmt.Fprintf(&b, ": %s\n", places(c.Steps))
		for _, f := range c.Evidence.Files {
			fmt.Fprintf(&b, "  %s %s\n", f.Change, f.Path)
		}
		if len(c.Evidence.NeededBy) > 0 {
			fmt.Fprintf(&b, "  needed by %s\n", places(c.Evidence.NeededBy))
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func command(instruction string) string {
	word, _, _ := strings.Cut(instruction, " ")
	return word
}
