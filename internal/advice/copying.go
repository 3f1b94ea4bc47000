package advice

import (
	"io/fs"
	"path"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// copying is a COPY or ADD of files of the build context whose paths can be
// followed: no variable in a source, no heredoc, no URL, no --parents or
// --exclude.
type copying struct {
	index   int
	in      dockerfile.Instruction
	sources []string       // clean, "" for the whole context
	plain   map[string]int // those without a wildcard: where they stand among the sources
	globs   []int          // the others
	dest    string         // as written
	folder  bool           // dest is surely a folder
	isDir   map[string]bool
}

func newCopying(s *scene, index int) *copying {
	in := s.file.Instructions[index]
	sources, dest, ok := in.Paths()
	if !ok || s.context == nil || len(in.Heredocs) > 0 || len(sources) == 0 {
		return nil
	}
	for _, f := range in.Flags {
		switch f.Name {
		case "chown", "chmod", "link":
		default:
			return nil
		}
	}
	c := &copying{index: index, in: in, plain: map[string]int{}, dest: dest, isDir: s.folders}
	for _, src := range sources {
		if strings.Contains(src, "://") || strings.HasPrefix(src, "git@") || strings.ContainsAny(src, "$\\\"'") {
			return nil
		}
		src = strings.TrimPrefix(path.Clean("/"+src), "/")
		switch _, twice := c.plain[src]; {
		case strings.ContainsAny(src, "*?["):
			c.globs = append(c.globs, len(c.sources))
		case !twice:
			c.plain[src] = len(c.sources)
		}
		c.sources = append(c.sources, src)
	}
	last := path.Base(dest)
	c.folder = strings.HasSuffix(dest, "/") || last == "." || last == ".." || len(c.sources) > 1
	return c
}

// folders lists the folders of a manifest, those that only show in a path too.
func folders(m *record.Manifest) map[string]bool {
	out := map[string]bool{"": true}
	for i, p := range m.Paths {
		if fs.FileMode(m.Modes[i]).IsDir() {
			out[p] = true
		}
		for d := path.Dir(p); d != "." && !out[d]; d = path.Dir(d) {
			out[d] = true
		}
	}
	return out
}

// target gives where a context file comes to lie, relative to dest: "" for dest
// itself. It reports false for a file that is not taken.
func (c *copying) target(file string) (string, bool) {
	first := len(c.sources)
	at := func(n int, known bool) {
		if known && n < first {
			first = n
		}
	}
	// A COPY may name thousands of files: only those that lead to this one are asked for.
	for top := file; ; top = top[:max(0, strings.LastIndexByte(top, '/'))] {
		n, known := c.plain[top]
		at(n, known)
		if top == "" {
			break
		}
	}
	for _, n := range c.globs {
		_, matched := c.below(c.sources[n], file)
		at(n, matched)
	}
	if first == len(c.sources) {
		return "", false
	}
	return c.below(c.sources[first], file)
}

// below gives where a file comes to lie that one of the sources takes.
func (c *copying) below(src, file string) (string, bool) {
	if src == "" {
		return file, true
	}
	parts := strings.Split(file, "/")
	n := strings.Count(src, "/") + 1
	if len(parts) < n {
		return "", false
	}
	top := strings.Join(parts[:n], "/")
	if ok, err := path.Match(src, top); !ok || err != nil {
		return "", false
	}
	if len(parts) > n || c.isDir[top] {
		return strings.Join(parts[n:], "/"), true // the content of a folder is taken
	}
	if c.folder || strings.ContainsAny(src, "*?[") {
		return parts[n-1], true
	}
	return "", true
}

// takesFolder says whether a source is a folder with the file somewhere below.
func (c *copying) takesFolder(file string) bool {
	for _, src := range c.sources {
		if src == "" || strings.HasPrefix(file, src+"/") {
			return true
		}
	}
	return false
}

// line writes a COPY of files into the folder rel below dest, with the flags of
// this one. It reports false for names that would need quoting.
func (c *copying) line(files []string, rel string) (string, bool) {
	dest := c.dest
	switch {
	case rel == "" && (dest == "." || dest == "./"):
		dest = "./"
	case rel == "":
		dest = strings.TrimSuffix(dest, "/") + "/"
	case dest == "." || dest == "./":
		dest = "./" + rel + "/"
	default:
		dest = strings.TrimSuffix(dest, "/") + "/" + rel + "/"
	}
	words := []string{"COPY"}
	for _, f := range c.in.Flags {
		word := "--" + f.Name
		if f.Value != "" {
			word += "=" + f.Value
		}
		words = append(words, word)
	}
	words = append(append(words, files...), dest)
	for _, w := range words {
		if strings.ContainsAny(w, " \t\r\n\"'\\`*?[]#") {
			return "", false
		}
	}
	for _, f := range files {
		if strings.Contains(f, "$") || strings.HasPrefix(f, "-") || strings.HasPrefix(f, "<<") {
			return "", false
		}
	}
	return strings.Join(words, " "), true
}
