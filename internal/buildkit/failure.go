package buildkit

import (
	"errors"
	"regexp"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/solver/errdefs"
	"github.com/opencontainers/go-digest"

	"github.com/layercause/layercause/internal/record"
)

// goneLayer is how BuildKit says that a layer is not where an index has it. It
// loads the layers of a registry's cache late, so that the build fails where it
// could have run the step instead.
var goneLayer = regexp.MustCompile(`could not fetch content descriptor (sha256:[0-9a-f]{64}).*not found`)

// goneFrom says what to do about a layer of an imported cache that is gone.
func goneFrom(imports []client.CacheOptionsEntry, err error) string {
	m := goneLayer.FindStringSubmatch(err.Error())
	if m == nil || len(imports) == 0 {
		return ""
	}
	return "the layer " + m[1] + " is no longer there, though the index of an imported cache names it: " +
		"build once without that --cache-from and export the cache again"
}

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
