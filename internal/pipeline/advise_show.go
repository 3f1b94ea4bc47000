package pipeline

import (
	"errors"
	"fmt"
	"io"

	"github.com/layercause/layercause/internal/report"
)

// show prints the advice in the form that was asked for. What bounds it goes to
// standard error where that form has no place for it.
func show(env Env, o AdviseOptions, a report.Advice, changes []rewrite) error {
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.path)
	}
	wrote := func(w io.Writer) error { return report.AdviceWritten(w, a, paths, isTerminal(w)) }
	var err error
	switch o.Format {
	case "json":
		err = report.AdviceJSON(env.Stdout, a)
	case "markdown":
		_, err = io.WriteString(env.Stdout, report.AdviceMarkdown(a))
	case "sarif":
		err = report.AdviceSARIF(env.Stdout, a)
	case "patch":
		if a.Chosen == nil {
			fmt.Fprintln(env.Stderr, "nothing to change: no suggestion has a patch")
		} else {
			_, err = io.WriteString(env.Stdout, a.Chosen.Patch)
		}
	default:
		if o.Write {
			return wrote(env.Stdout)
		}
		return report.AdviceText(env.Stdout, a, isTerminal(env.Stdout))
	}
	if err != nil {
		return err
	}
	if o.Format == "patch" || o.Format == "sarif" {
		err = report.AdviceNotes(env.Stderr, a)
	}
	if o.Write {
		err = errors.Join(err, wrote(env.Stderr))
	}
	return err
}
