package pipeline_test

import (
	"errors"
	"strings"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
)

// pushFrontend pushes the image {registry}/frontend, which a syntax line can name.
// A marker makes another image of it, and an attribute of the frontend one that
// makes other operations.
func (w *world) pushFrontend(words []string) error {
	if len(words) == 0 {
		return errors.New("frontend needs a tag")
	}
	var f buildkittest.Frontend
	for _, s := range words[1:] {
		if marker, ok := strings.CutPrefix(s, "marker="); ok {
			f.Marker = marker
			continue
		}
		f.Options = append(f.Options, s)
	}
	buildkittest.PushFrontend(w.t, w.registry+"/frontend:"+words[0], f)
	return nil
}
