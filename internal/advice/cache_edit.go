package advice

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// mountedRun is a RUN with its folders mounted.
type mountedRun struct {
	lines   []string
	text    string // as the parser reads it
	factor  float64
	folders []string
	unlike  []string
}

// edited mounts the folders of a RUN. It gives nil for a RUN that wants none of
// them, and says why where it cannot be edited.
func (f *family) edited(i int, kept func(cacheMount) bool) (out *mountedRun, why string) {
	run := f.runs[i]
	out = &mountedRun{}
	var flags []string
	for _, k := range run.keeps {
		if k == nil {
			continue
		}
		if k.why != "" {
			return nil, k.why
		}
		for _, m := range k.mounts {
			if !kept(m) || slices.Contains(out.folders, m.folder) {
				continue
			}
			flag, why := mountFlag(m, run.env)
			if why != "" {
				return nil, why
			}
			flags, out.folders = append(flags, flag), append(out.folders, m.folder)
		}
		out.factor, out.unlike = max(out.factor, k.factor), append(out.unlike, k.unlike...)
	}
	if len(flags) == 0 {
		return nil, ""
	}
	// What else the RUN does takes as long as before.
	if slices.ContainsFunc(run.commands, func(words []string) bool {
		return !slices.Contains(plainTools, words[0]) && classify(words).purpose == unknown && keeps(words, run.env) == nil
	}) {
		out.factor = (1 + out.factor) / 2
	}
	if !f.endsAsFile(i) {
		return nil, "its lines do not end as those of the file do"
	}
	text := newRunText(f.file, i)
	if text == nil {
		return nil, "the first word of the RUN stands on a line of its own"
	}
	text.mount(flags)
	if why := run.rewrite(text, out.folders); why != "" {
		return nil, why
	}
	out.lines = text.lines()
	var ok bool
	if out.text, ok = textOf(f.file, out.lines); !ok {
		return nil, "the edit of its text is not safe"
	}
	return out, ""
}

// mountFlag writes the flag of one folder.
func mountFlag(m cacheMount, e runEnv) (flag, why string) {
	flag = "--mount=type=cache,target=" + m.folder
	if m.locked {
		flag += ",sharing=locked"
	}
	owner, ok := e.owner()
	if !ok {
		return "", "the number of the user " + e.user + " is not known, whom the mount would have to belong to"
	}
	return flag + owner, ""
}

// rewrite takes out what keeps the tools from keeping things, and what empties the
// folders.
func (r *cachedRun) rewrite(t *runText, folders []string) (why string) {
	const unsafe = "its text cannot be edited safely"
	before := ""
	for k, words := range r.commands {
		kept := r.keeps[k]
		switch {
		case kept != nil && kept.cleans:
			if !t.placed || !t.dropCommand(k) {
				return unsafe
			}
		case kept != nil:
			if why := r.switchOn(t, k, kept); why != "" {
				return why
			}
			if kept.before != "" {
				before = kept.before
			}
		case path.Base(words[0]) == "rm":
			if why := emptied(t, k, words, folders, r.env); why != "" {
				return why
			}
		}
	}
	if before != "" {
		if !t.placed {
			return unsafe
		}
		t.before(before)
	}
	return ""
}

// switchOn edits the words of one command.
func (r *cachedRun) switchOn(t *runText, k int, kept *keeping) string {
	for w, word := range r.commands[k] {
		to, ok := kept.swaps[word]
		if !ok {
			continue
		}
		if !t.placed {
			return "its text cannot be edited safely"
		}
		if to == "" {
			t.drop(k, w)
		} else {
			t.swap(k, w, to)
		}
	}
	if kept.setting != "" {
		if !t.placed {
			return "its text cannot be edited safely"
		}
		t.swap(k, 0, t.raw[t.commands[k].words[0].start:t.commands[k].words[0].end]+" "+kept.setting)
	}
	return ""
}

// emptied takes folders that are mounted out of an rm: they are not in the image
// anyway, and a mounted folder cannot be removed.
func emptied(t *runText, k int, words, folders []string, e runEnv) string {
	left, gone := 0, []int(nil)
	for w, word := range words {
		if w == 0 || strings.HasPrefix(word, "-") {
			continue
		}
		at := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(word, "*"), "."), "/")
		for _, home := range []string{"~", "$HOME", "${HOME}"} {
			if rest, ok := strings.CutPrefix(at, home+"/"); ok && e.home() != "" {
				at = path.Join(e.home(), rest)
			}
		}
		if at = e.expand(at); at == "" {
			return "it removes " + word + ", and what that is is not known"
		}
		within := slices.ContainsFunc(folders, func(f string) bool { return inside(at, f) })
		above := slices.ContainsFunc(folders, func(f string) bool { return inside(f, at) })
		switch {
		case within, above && path.Base(at) == ".cache":
			gone = append(gone, w)
		case above:
			return "it removes " + word + ", which has a folder in it that would be mounted"
		default:
			left++
		}
	}
	switch {
	case len(gone) == 0:
		return ""
	case !t.placed, left == 0 && !t.dropCommand(k):
		return "its text cannot be edited safely"
	}
	for _, w := range gone {
		if left > 0 {
			t.drop(k, w)
		}
	}
	return ""
}

// directive is the escape directive that a text of the file is read with.
func directive(f *dockerfile.File) string {
	if f.Escape == '\\' {
		return ""
	}
	return "# escape=" + string(f.Escape) + "\n"
}

// endsAsFile says whether the lines of an instruction end as most lines of the file
// do: what is written again gets that ending.
func (f *family) endsAsFile(i int) bool {
	in := f.file.Instructions[i].Bytes
	data := f.file.Data
	crlf, lines := bytes.Count(data[in.Start:in.End], []byte("\r\n")), bytes.Count(data[in.Start:in.End], []byte("\n"))
	if 2*bytes.Count(data, []byte("\r\n")) > bytes.Count(data, []byte("\n")) {
		return crlf == lines
	}
	return crlf == 0
}
