package buildkit

import (
	"errors"
	"strings"

	"github.com/moby/buildkit/solver/errdefs"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// failureOf finds the line that a build failed on.
func failureOf(a *assembly, err error, redact func(string) string) *record.Failure {
	f := &record.Failure{Message: redact(strings.TrimPrefix(err.Error(), "failed to solve: "))}
	var ve *errdefs.VertexError
	if a != nil && a.file != nil && errors.As(err, &ve) {
		if i, step := a.stepOf(digest.Digest(ve.Digest)); i >= 0 {
			in := a.file.Instructions[i]
			f.File, f.Line, f.EndLine, f.Step = a.file.Path, in.Line, in.EndLine, step
			return f
		}
	}
	for _, s := range errdefs.Sources(err) {
		if len(s.Ranges) > 0 {
			f.Line, f.EndLine = int(s.Ranges[0].Start.Line), int(s.Ranges[len(s.Ranges)-1].End.Line)
			if a != nil && a.file != nil {
				f.File = a.file.Path
			} else if s.Info != nil {
				f.File = s.Info.Filename
			}
		}
	}
	return f
}
