package advice

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"gopkg.in/yaml.v3"
)

// largestManifest is the most bytes of a manifest that are read, and largestYAML of
// one in YAML, whose decoder compares every key with every other.
const (
	largestManifest = 4 << 20
	largestYAML     = 64 << 10
)

// project is the folder that an install works in, with the files that the image
// has around it once all COPYs above the install are done.
type project struct {
	dir string // in the image
	// files are the context's files by their path in the image.
	files map[string]string
	// modes are the permissions of these files, as the COPY sets them.
	modes map[string]fs.FileMode
	// read gives a file of the context; nil where contents cannot be had.
	read func(file string) ([]byte, error)
	// unseen says that a manifest is there and could not be read.
	unseen bool
}

// has says whether the project has a file, by its path from the project's folder.
func (p *project) has(rel string) bool {
	_, ok := p.files[path.Join(p.dir, rel)]
	return ok
}

// hasBelow says whether the project has a folder that is not empty.
func (p *project) hasBelow(rel string) bool {
	folder := path.Join(p.dir, rel) + "/"
	for at := range p.files {
		if strings.HasPrefix(at, folder) {
			return true
		}
	}
	return false
}

// rel gives a path from the project's folder: one from the root of the image is
// turned into that.
func (p *project) rel(at string) string {
	if !path.IsAbs(at) {
		return path.Clean(at)
	}
	rel, err := filepath.Rel(p.dir, at)
	if err != nil {
		return at // the folder is not known, so that nothing lies there
	}
	return filepath.ToSlash(rel)
}

// glob lists the files below the project's folder whose path matches one of the
// patterns, sorted. A pattern's ** stands for any folders.
func (p *project) glob(patterns ...string) []string {
	var out []string
	for at := range p.files {
		rel, ok := strings.CutPrefix(at, p.dir+"/")
		if ok && slices.ContainsFunc(patterns, func(x string) bool { return globbed(x, rel) }) {
			out = append(out, rel)
		}
	}
	slices.Sort(out)
	return out
}

// mostStars is how many ** a pattern may have: each multiplies the ways to match.
const mostStars = 4

// globbed matches a path with a pattern in which ** stands for any folders.
func globbed(pattern, name string) bool {
	if strings.Count(pattern, "**") > mostStars {
		return false
	}
	return globParts(strings.Split(path.Clean(pattern), "/"), strings.Split(name, "/"))
}

func globParts(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			rest := pattern[1:]
			for len(rest) > 0 && rest[0] == "**" {
				rest = rest[1:]
			}
			for i := range len(name) + 1 {
				if globParts(rest, name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], name[0]); err != nil || !ok {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}

// data gives what a file of the project holds. It reports false for one that is
// not there, and notes one that is and cannot be read.
func (p *project) data(rel string) ([]byte, bool) {
	file, ok := p.files[path.Join(p.dir, rel)]
	if !ok {
		return nil, false
	}
	if p.read == nil {
		p.unseen = true
		return nil, false
	}
	data, err := p.read(file)
	if err != nil || len(data) > largestManifest {
		p.unseen = true
		return nil, false
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), true
}

// text gives what a file of the project holds without the lines that start with
// the comment mark.
func (p *project) text(rel, comment string) (string, bool) {
	data, ok := p.data(rel)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(strings.TrimSpace(line), comment) {
			b.WriteString(line)
		}
	}
	return b.String(), true
}

// The decoders report whether the file was there and seen, and why it cannot be
// used: an install would fail on it too, wherever it stands.

func (p *project) json(rel string, into any) (seen bool, why string) {
	return p.decode(rel, "JSON", func(data []byte) error { return json.Unmarshal(data, into) })
}

func (p *project) toml(rel string, into any) (seen bool, why string) {
	return p.decode(rel, "TOML", func(data []byte) error { return toml.Unmarshal(data, into) })
}

func (p *project) yaml(rel string, into any) (seen bool, why string) {
	return p.decode(rel, "YAML", func(data []byte) error {
		if len(data) > largestYAML {
			return errors.New("it is too large")
		}
		return yaml.Unmarshal(data, into)
	})
}

func (p *project) decode(rel, format string, unmarshal func([]byte) error) (seen bool, why string) {
	data, ok := p.data(rel)
	if !ok {
		return false, ""
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return true, ""
	}
	if unmarshal(data) != nil {
		return true, rel + " is not the " + format + " that is expected"
	}
	return true, ""
}

// texts lists the strings in a decoded JSON value, however deep, in the order of keys.
func texts(value any) []string {
	var out []string
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			out = append(out, texts(x)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = append(out, texts(v[key])...)
		}
	}
	return out
}

// demand is what an install needs beside the files that its ecosystem always
// reads, as the manifests say.
type demand struct {
	// files are more files and whole folders, by their path from the project's.
	files []string
	// members says that files has what all members of a workspace need, so that
	// other manifests in folders are none of this install's.
	members bool
	// why says what the install needs the sources for; empty if it does not.
	why string
	// first is a step that can stand above the sources in that case: what it
	// fetches the install itself then finds.
	first string
}

// and adds what a second look found.
func (d *demand) and(more demand) {
	d.files = append(d.files, more.files...)
	d.members = d.members || more.members
	if d.why == "" {
		d.why = more.why
	}
}

// plainWord says whether a word means the same to a shell without quotes.
func plainWord(w string) bool {
	return w != "" && !strings.ContainsFunc(w, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_@%+=:,./-", r)
	})
}

// command joins words to a shell command, or gives "" where that would need quotes.
func command(words ...string) string {
	if slices.ContainsFunc(words, func(w string) bool { return !plainWord(w) }) {
		return ""
	}
	return strings.Join(words, " ")
}
