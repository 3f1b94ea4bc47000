package advice

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// smallerBase names the slim variant of a large image that the final stage starts
// from, where this build had to download it and the stage does nothing that the
// variant cannot. Before:
//
//	FROM node:24
//	COPY --from=build /app /app
//	CMD ["node", "/app/server.js"]
//
// The remark names node:24-slim, with what was downloaded for node:24. It is no
// patch: what a program needs at run time, a shared library or a shell, stands in no
// record, and another image has other files by its nature.
func smallerBase(s *scene) []candidate {
	_, chain := s.final()
	i := slices.IndexFunc(s.bases(), func(b base) bool { return slices.Contains(chain, b.stage) })
	if i < 0 {
		return nil
	}
	b := s.bases()[i]
	slim := slimOf(b)
	if slim == "" {
		s.silent(b.at, "no smaller variant of %s is known, or it is one", b.ref)
		return nil
	}
	size, seconds := s.pulled(b.at)
	if size < largeImage {
		s.silent(b.at, "this build did not download it, or little: what it weighs is not known")
		return nil
	}
	for _, at := range s.within(chain) {
		if lacks := s.lacking(at); lacks != "" {
			s.silent(at, "it runs %s, which the smaller variant may not have", lacks)
			return nil
		}
	}
	other := ""
	for v := range s.Head.Vertices {
		if x := &s.Head.Vertices[v]; x.Source != nil && x.Source.Ref == slim && x.Bytes > 0 {
			other = fmt.Sprintf(" (%s here)", megabytes(x.Bytes))
		}
	}
	return []candidate{s.remark(b.at, fmt.Sprintf(
		"Start the final stage from `%s`%s if nothing that it installs or runs needs the compilers and libraries that it leaves out: this build downloaded %s for `%s`, in %.1f s",
		slim, other, megabytes(size), b.ref, seconds))}
}

// largeImage is the least an image has to weigh as it is downloaded, in bytes, for
// somebody to care.
const largeImage = 100e6

// slimmable are the official images that have a variant with -slim at the end of
// the tag.
var slimmable = []string{"node", "python", "ruby", "perl", "debian"}

// fullTag matches a tag that names no variant, but for a release of Debian.
var fullTag = regexp.MustCompile(`^([0-9]+(\.[0-9]+)*(-(trixie|bookworm|bullseye))?|trixie|bookworm|bullseye|latest|lts|current)?$`)

func slimOf(b base) string {
	if b.pin != "" || !slices.Contains(slimmable, b.official()) || !fullTag.MatchString(b.tag) {
		return ""
	}
	if b.tag == "" || b.tag == "latest" {
		if b.official() == "debian" {
			return b.name + ":stable-slim"
		}
		return b.name + ":slim"
	}
	return b.name + ":" + b.tag + "-slim"
}

// pulled is what this build downloaded of an image.
func (s *scene) pulled(at int) (bytes int64, seconds float64) {
	for _, v := range s.sources(at, record.SourceImage) {
		if v.Bytes <= bytes {
			continue
		}
		bytes, seconds = v.Bytes, 0
		for _, x := range v.Intervals {
			seconds += x.End - x.Start
		}
	}
	return bytes, seconds
}

// lacking names a command of a RUN that a slim image may not have; of what is not
// known it is that.
func (s *scene) lacking(at int) string {
	in := s.file.Instructions[at]
	if in.Command != "RUN" {
		return ""
	}
	commands := runs(in)
	if commands == nil {
		return "what cannot be told"
	}
	for _, words := range commands {
		switch words[0] {
		case "curl", "wget", "unzip", "xz", "update-ca-certificates", "locale-gen":
			return words[0]
		}
		if classify(words).purpose == unknown && !plainTool(words[0]) {
			return strings.ReplaceAll(words[0], unreadable, "what cannot be told")
		}
	}
	return ""
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n/1e6) }
