package advice

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// latestTag gives a base image a version where it has no tag, or latest. Before:
//
//	FROM golang
//
// After, in a repository whose go.mod says go 1.26:
//
//	FROM golang:1.26
//
// The version is one that the repository names: in another FROM of the same image,
// or in the file by which its tools choose theirs. Without one it is a
// remark, which says what the image stood for in this build. It says nothing where
// pin-base does.
func latestTag(s *scene) []candidate {
	var out []candidate
	for _, b := range s.bases() {
		if b.pin != "" || b.tag != "" && b.tag != "latest" {
			s.silent(b.at, "it has a version")
			continue
		}
		if _, l, ok := s.quietly(b); ok && l.prediction().worth() && !slices.Contains(s.Off, "pin-base") {
			s.silent(b.at, "pin-base speaks of it")
			continue
		}
		version, from := s.version(b)
		if version == "" {
			if digest, ok := s.resolved(b.at, record.SourceImage, imageDigest); ok {
				out = append(out, s.remark(b.at, fmt.Sprintf("Give `%s` a version: in this build it stood for %.19s…, and the next one takes whatever was published last", b.ref, digest)))
			} else {
				s.silent(b.at, "the repository names no version, and what it stood for is not in the record")
			}
			continue
		}
		title := fmt.Sprintf("Build on `%s:%s`, as %s says: `%s` stands for whatever was published last", b.name, version, from, b.ref)
		c, ok := s.instead(b, b.name+":"+version, title)
		if !ok {
			s.silent(b.at, "%s cannot be edited safely", quoted(s.file.Instructions[b.at]))
			continue
		}
		c.sound, c.predicted = true, &Prediction{}
		c.Declares = anotherImage()
		c.Assumes = append(c.Assumes, fmt.Sprintf("the image has a tag %s", version))
		out = append(out, c)
	}
	return out
}

// anotherImage declares what may differ if a build starts from another image.
func anotherImage() []Difference {
	out := []Difference{{Path: "/**"}}
	for _, field := range []string{"Env", "Cmd", "Entrypoint", "Labels", "User", "WorkingDir", "ExposedPorts", "Volumes", "StopSignal"} {
		out = append(out, Difference{Path: "config." + field})
	}
	return out
}

// quietly asks whether pin-base has something to say, without noting why not.
func (s *scene) quietly(b base) (string, loss, bool) {
	noted := s.silences
	digest, l, ok := s.pinnable(b)
	s.silences = noted
	return digest, l, ok
}

// versionFiles are the files by which a project's tools choose their version.
var versionFiles = map[string][]string{
	"node":   {".nvmrc", ".node-version"},
	"python": {".python-version"},
	"ruby":   {".ruby-version"},
	"golang": {"go.mod"},
}

var (
	plainVersion = regexp.MustCompile(`^v?([1-9][0-9]*(\.[0-9]+){0,2})$`)
	// leadingVersion is the version in a tag, without the variant that may follow.
	leadingVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*\b`)
	goVersion      = regexp.MustCompile(`(?m)^go\s+([0-9]+\.[0-9]+)(\.[0-9]+)?\s*$`)
)

// version gives the version of an image that the repository names, and where.
func (s *scene) version(b base) (version, from string) {
	for _, o := range s.bases() {
		if m := leadingVersion.FindString(o.tag); o.name == b.name && m != "" {
			return m, fmt.Sprintf("line %d", s.file.Instructions[o.at].Line)
		}
	}
	if s.ReadFile == nil {
		return "", ""
	}
	for _, name := range versionFiles[b.official()] {
		text, err := s.ReadFile(name)
		if err != nil {
			continue
		}
		if name == "go.mod" {
			if m := goVersion.FindSubmatch(text); m != nil {
				return string(m[1]), name
			}
			continue
		}
		if m := plainVersion.FindStringSubmatch(strings.TrimSpace(string(text))); m != nil {
			return m[1], name
		}
	}
	return "", ""
}
