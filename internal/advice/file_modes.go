package advice

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
)

// fileModes says what to do where nothing but the permissions of files made a COPY
// miss. Before and after, the Dockerfile is
//
//	FROM debian:13
//	COPY . /srv
//
// and the change is one of the checkout: a umask, or the mode that git keeps. No edit
// of the Dockerfile helps: BuildKit's key of a COPY has the modes of the context, with
// --chmod too.
func fileModes(s *scene) []candidate {
	var out []candidate
	for _, c := range s.Causes {
		if c.Kind != cause.ContextFiles || c.Line == 0 || len(c.Evidence.Files) == 0 {
			continue
		}
		at := s.file.InstructionAt(c.Line)
		if at < 0 {
			continue
		}
		n, only := 0, true
		for f := range c.AllFiles() {
			n++
			only = only && f.Change == "mode"
		}
		if !only {
			s.silent(at, "more than permissions changed")
			continue
		}
		n = max(n, c.Evidence.FileCount)
		first := c.Evidence.Files[0].Path
		files := plural(n, "file", "files")
		title := fmt.Sprintf("Check out with one umask, such as `umask 022`: only the permissions of %s differ from the build before, and they count even with `--chmod`", files)
		if s.executable(c.Evidence.Files) {
			title = fmt.Sprintf("Keep the executable bit in git with `git update-index --chmod`, as only it changed of %s (%s), and it counts even with `--chmod`", files, first)
		}
		out = append(out, s.remark(at, title))
	}
	return out
}

// executable says whether the files differ in whether their owner may execute them,
// which is all that git keeps of a mode.
func (s *scene) executable(files []cause.FileChange) bool {
	if s.context == nil || s.Base == nil {
		return false
	}
	i := slices.IndexFunc(s.Base.Manifests, func(m record.Manifest) bool { return m.Name == s.context.Name })
	if i < 0 {
		return false
	}
	before := &s.Base.Manifests[i]
	return !slices.ContainsFunc(files, func(f cause.FileChange) bool {
		a, ok := modeOf(before, f.Path)
		b, is := modeOf(s.context, f.Path)
		return !ok || !is || a.IsDir() || (a^b)&0o100 == 0
	})
}

func modeOf(m *record.Manifest, p string) (fs.FileMode, bool) {
	i, ok := slices.BinarySearch(m.Paths, p)
	if !ok {
		return 0, false
	}
	return fs.FileMode(m.Modes[i]), true
}
