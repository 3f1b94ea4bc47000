package pipeline

import (
	"errors"
	"fmt"
	"slices"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/settings"
)

// readSettings reads what the repository asks for. For a build a fault in the file
// is a warning, and what else the file says holds.
func readSettings(root string) (settings.Settings, []string) {
	s, err := settings.Read(root, advice.Rules())
	if err == nil {
		return s, nil
	}
	warning := err.Error()
	var at *settings.Error
	if errors.As(err, &at) {
		warning += "; " + at.Hint
	}
	return s, []string{warning}
}

// ignoreWarnings are the comments to layercause in the Dockerfile that mean
// nothing: somebody thinks that they do.
func ignoreWarnings(d record.Dockerfile) []string {
	f, err := dockerfile.Parse(d.Path, []byte(d.Text))
	if err != nil {
		return nil // the build has said so
	}
	var out []string
	for _, g := range f.Ignores() {
		if g.Problem != "" {
			out = append(out, fmt.Sprintf("%s:%d: the comment to layercause has no effect: %s", d.Path, g.Line, g.Problem))
		}
		for _, name := range g.Rules {
			if name != dockerfile.IgnoreAll && !slices.Contains(advice.Rules(), name) {
				out = append(out, fmt.Sprintf("%s:%d: the comment to layercause names the rule `%s`, which there is not", d.Path, g.Line, name))
			}
		}
	}
	return out[:min(len(out), mostIgnoreWarnings)]
}

// mostIgnoreWarnings bounds what a hostile Dockerfile can have said of it.
const mostIgnoreWarnings = 20
