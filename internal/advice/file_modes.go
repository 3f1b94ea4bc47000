package advice

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// fileModes deals with a COPY that missed because of nothing but the permissions of
// its files. BuildKit's key of a COPY has the modes of the context, with --chmod too;
// but what a COPY --from takes of a stage is looked at as it came out there. Before,
//
//	FROM debian:13
//	COPY . /srv
//	RUN make -C /srv
//
// a checkout with another umask runs make again. After,
//
//	FROM scratch AS sources
//	COPY --chmod=u=rwX,go=rX . /
//
//	FROM debian:13
//	COPY --from=sources / /srv
//	RUN make -C /srv
//
// it does not. Where the executable bit changed, which git keeps, or the COPY cannot be
// written like that, it says in a remark what to do about the files.
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
		if x, ok := s.evened(at); ok && !s.executable(c.Evidence.Files) {
			out = append(out, x)
			continue
		}
		out = append(out, s.remark(at, title))
	}
	return out
}

// evened copies through a stage that gives the files the modes they have under a umask
// of 022.
func (s *scene) evened(at int) (candidate, bool) {
	const name, modes = "sources", "--chmod=u=rwX,go=rX"
	c := s.copies[at]
	if c == nil || c.in.Command != "COPY" || c.in.JSON || !c.folder && !s.folders[c.sources[0]] || !s.frontendKnows(14) ||
		s.file.StageNamed(name) >= 0 || s.numbered() || strings.HasPrefix(c.dest, "$") {
		return candidate{}, false
	}
	if _, ok := c.in.Flag("chmod"); ok {
		return candidate{}, false
	}
	sources, _, _ := c.in.Paths()
	text := strings.Join(sources, " ")
	start := strings.Index(c.in.Text, " "+text+" ") + 1
	e := s.file.Edit()
	if start == 0 || !e.Splice(at, start, start+len(text), "/") || !e.Splice(at, len("COPY"), len("COPY"), " --from="+name) {
		return candidate{}, false
	}
	from := s.file.Stages[c.in.Stage].From
	lines := []string{"FROM scratch AS " + name, "COPY " + modes + " " + text + " /", ""}
	e.InsertBefore(from, lines...)
	title := fmt.Sprintf("Give the files of %s the same modes in a stage of their own, as only permissions changed: what follows stays in the cache then", quoted(c.in))
	x, ok := s.draftStages(e, at, title, []string{c.in.Text}, append(lines[:2:2], e.Text(at)), 1)
	x.sound, x.predicted = true, &Prediction{} // a replay does not know what a stage gives out
	dest := strings.TrimSuffix(strings.TrimPrefix(inDir(s.workdirs(c.in.Stage)[at], c.dest), "~"), "/")
	x.Declares = []Difference{{dest + "/**", "mode"}}
	x.Assumes = []string{"No file needs other permissions than those of a checkout with a umask of 022."}
	return x, ok
}

// numbered says whether an instruction names a stage by its number.
func (s *scene) numbered() bool {
	return slices.ContainsFunc(s.file.Instructions, func(in dockerfile.Instruction) bool {
		from, _ := in.Flag("from")
		refs := []string{from}
		for _, m := range in.Mounts() {
			refs = append(refs, m.From)
		}
		return slices.ContainsFunc(refs, func(r string) bool { return r != "" && strings.Trim(r, "0123456789") == "" })
	})
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
