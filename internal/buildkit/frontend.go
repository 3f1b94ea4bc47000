package buildkit

import (
	"strings"

	"github.com/distribution/reference"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// syntaxArg is the build argument that names a frontend's image, before any
// syntax line.
const syntaxArg = "BUILDKIT_SYNTAX"

// frontendOf finds the image that read the Dockerfile. The daemon loads it like
// any image, and names the vertex after the reference and what it resolved to.
func frontendOf(text string, buildArgs map[string]string, o *observer) *record.Frontend {
	ref, line := dockerfile.Syntax([]byte(text))
	shown := record.RedactURLs(ref)
	if arg, ok := buildArgs[syntaxArg]; ok {
		ref, _, _ = strings.Cut(strings.TrimSpace(arg), " ")
		shown, line = "", 0 // a value of a build argument
	}
	if ref == "" {
		return nil
	}
	f := &record.Frontend{Ref: shown, Line: line}
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return f
	}
	name, _, _ := strings.Cut(reference.TagNameOnly(named).String(), "@")
	for _, d := range o.order {
		rest, _ := strings.CutPrefix(o.vertices[d].name, "docker-image://")
		if of, digest, ok := strings.Cut(rest, "@"); ok && of == name {
			f.Digest = digest
		}
	}
	return f
}
