package advice

import (
	"fmt"

	"github.com/layercause/layercause/internal/cause"
)

// pinBase writes the digest that a tag stood for into the FROM, or into the --from of a
// COPY, where the tag moved and everything below was built again. Before:
//
//	FROM node:24
//	COPY --from=example/tools:1 /bin/tool /bin/tool
//
// After:
//
//	FROM node:24@sha256:5c6d…
//	COPY --from=example/tools:1@sha256:81b0… /bin/tool /bin/tool
//
// The digest is that of the reference as this build resolved it: of an image for
// several platforms, the digest of its index. The tag stays, for people and for the
// updater that moves both. What it saves is what the builds lost to the moves that
// were seen; no replay of commits can know when a tag moves.
func pinBase(s *scene) []candidate {
	var out []candidate
	for _, b := range append(s.bases(), s.copied()...) {
		digest, l, ok := s.pinnable(b)
		if !ok {
			continue
		}
		title := fmt.Sprintf("Pin `%s` to the image that this build used: the tag moved %s, and what stands on it was built again", b.ref, l.where())
		c, ok := s.instead(b, b.ref+"@"+digest, title)
		if !ok {
			s.silent(b.at, "%s cannot be edited safely", quoted(s.file.Instructions[b.at]))
			continue
		}
		c.predicted = l.prediction()
		c.Assumes = append(c.Assumes, "an updater such as Dependabot or Renovate moves the digest on purpose, in a change of its own: without one the base image gets no more fixes")
		out = append(out, c)
	}
	return out
}

// pinnable gives the digest to pin a base image to, if its tag moved and that cost
// something.
func (s *scene) pinnable(b base) (string, loss, bool) {
	if b.pin != "" {
		s.silent(b.at, "it is pinned")
		return "", loss{}, false
	}
	l := s.lostTo(cause.BaseImageMoved, s.at(b.at))
	if l.hit == 0 {
		s.silent(b.at, "the image did not move in the builds that are known")
		return "", l, false
	}
	digest, ok := s.resolved(b.at, "image", imageDigest)
	if !ok {
		s.silent(b.at, "what its reference resolved to is not in the record")
		return "", l, false
	}
	return digest, l, true
}
