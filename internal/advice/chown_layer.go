package advice

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// chownLayer has a COPY give files the owner or mode that a RUN directly below it
// gives them: the RUN keeps each of them in a layer a second time. Before:
//
//	FROM debian:13
//	COPY entrypoint.sh /usr/local/bin/
//	RUN chmod +x /usr/local/bin/entrypoint.sh
//
// After:
//
//	FROM debian:13
//	COPY --chmod=755 entrypoint.sh /usr/local/bin/
//
// It speaks where the RUN was executed again, or the record has the size of its
// layer, and only where the result is the same: a chmod of just the files that were
// copied, all to one mode; a chown of just those, or of a whole folder that only the
// COPY makes.
func chownLayer(s *scene) []candidate {
	var out []candidate
	for i := range s.file.Instructions {
		c := s.copies[i]
		if c == nil || s.file.Instructions[i].Command != "COPY" {
			continue
		}
		run := i + 1
		for run < s.file.StageEnd(s.file.Instructions[i].Stage) && slices.Contains([]string{"LABEL", "EXPOSE", "CMD", "ENTRYPOINT"}, s.file.Instructions[run].Command) {
			run++
		}
		if run == s.file.StageEnd(s.file.Instructions[i].Stage) || !s.ran(run) && s.layerBytes(run) == 0 {
			continue
		}
		x := &rights{scene: s, c: c, dir: s.workdirs(c.in.Stage)[i]}
		flag, ok := x.flag(s.file.Instructions[run])
		if !ok {
			continue
		}
		e := s.file.Edit()
		if !e.Splice(i, len("COPY"), len("COPY"), " "+flag) {
			continue
		}
		e.Remove(run)
		if comments := s.file.Comments(run); len(comments) > 0 {
			e.InsertBefore(i, comments...)
		}
		title := fmt.Sprintf("Copy with `%s` instead of %s, which keeps the files in a layer once more", flag, quoted(s.file.Instructions[run]))
		if n := s.layerBytes(run); n > 0 {
			title += fmt.Sprintf(" (%s)", size(n))
		}
		if y, ok := s.revised(e, i, title, []int{i}, []int{run}); ok {
			y.sound = s.layerBytes(run) >= worthBytes
			if x.fresh != "" {
				y.Assumes = []string{"The base image has no " + x.fresh + "."}
			}
			out = append(out, y)
		}
	}
	return out
}

// rights is a COPY with a RUN below it that may only give owners or modes.
type rights struct {
	*scene
	c     *copying
	dir   string
	fresh string // the folder that only the COPY is taken to make
}

var (
	octal    = regexp.MustCompile(`^0?[0-7]{3}$`)
	addsBits = regexp.MustCompile(`^[augo]*\+[rx]+$`)
	owner    = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]*(:[a-z0-9_][a-z0-9_-]*)?$`)
)

// flag gives what the COPY needs so that the RUN has nothing to do.
func (x *rights) flag(run dockerfile.Instruction) (string, bool) {
	commands, _, ok := locate(run)
	if !ok || len(run.Flags) > 0 || !isLinear(run) {
		return "", false
	}
	commands = slices.DeleteFunc(commands, func(c located) bool { return c.words[0] == "set" })
	if len(commands) != 1 || len(commands[0].words) < 3 {
		return "", false
	}
	words := commands[0].words[1:]
	deep := words[0] == "-R"
	if deep {
		words = words[1:]
	}
	var paths []string
	for _, p := range words[1:] {
		if strings.HasPrefix(p, "-") || strings.ContainsAny(p, "$*?["+unreadable) {
			return "", false
		}
		paths = append(paths, inDir(x.dir, p))
	}
	slices.Sort(paths)
	_, hasMode := x.c.in.Flag("chmod")
	_, hasOwner := x.c.in.Flag("chown")
	_, link := x.c.in.Flag("link")
	switch commands[0].words[0] {
	case "chmod":
		if mode, ok := x.mode(words[0], paths); ok && !hasMode && x.frontendKnows(2) {
			return "--chmod=" + mode, true
		}
	case "chown":
		if !hasOwner && !link && owner.MatchString(words[0]) && (x.copiesJust(paths) || deep && x.copiesFolder(paths)) {
			if !strings.Contains(words[0], ":") {
				return "--chown=" + words[0] + ":0", true // a chown leaves the group, --chown does not
			}
			return "--chown=" + words[0], true
		}
	}
	return "", false
}

// brought lists where the files go, with their modes. It reports false if one of
// them is no regular file.
func (x *rights) brought() (map[string]fs.FileMode, bool) {
	out := map[string]fs.FileMode{}
	for i, file := range x.context.Paths {
		rel, ok := x.c.target(file)
		if !ok {
			continue
		}
		mode := fs.FileMode(x.context.Modes[i])
		if !mode.IsRegular() && !mode.IsDir() {
			return nil, false
		}
		out[path.Join(inDir(x.dir, x.c.dest), rel)] = mode
	}
	return out, len(out) > 0
}

// copiesJust says whether the COPY brings the files of these paths and no other,
// into a folder that is there before it.
func (x *rights) copiesJust(paths []string) bool {
	files, ok := x.brought()
	if !ok || len(files) != len(paths) {
		return false
	}
	for _, p := range paths {
		if mode, ok := files[p]; !ok || !mode.IsRegular() || !x.exists(path.Dir(p), x.c.index) {
			return false
		}
	}
	return true
}

// copiesFolder says whether the path is one folder that the COPY makes and fills.
func (x *rights) copiesFolder(paths []string) bool {
	if len(paths) != 1 {
		return false
	}
	dest, at := paths[0], x.c.index
	if _, ok := x.brought(); !ok || !absolute(dest) || inDir(x.dir, x.c.dest) != dest ||
		!x.exists(path.Dir(dest), at) || x.exists(dest, at) || len(x.c.sources) != 1 || !x.folders[x.c.sources[0]] {
		return false
	}
	for _, i := range x.above(at) {
		in := x.file.Instructions[i]
		_, to, copies := in.Paths()
		if mentions(in.Text, dest) || copies && inside(inDir(x.workdirs(in.Stage)[i], to), dest) {
			return false
		}
	}
	x.fresh = dest
	return true
}

// mode gives the one mode that the files get, as --chmod takes it.
func (x *rights) mode(spec string, paths []string) (string, bool) {
	files, ok := x.brought()
	if !ok || len(files) != len(paths) {
		return "", false
	}
	mode := ""
	for _, p := range paths {
		was, ok := files[p]
		if !ok || !was.IsRegular() {
			return "", false
		}
		is := spec
		switch {
		case octal.MatchString(spec):
			is = spec[len(spec)-3:]
		case addsBits.MatchString(spec):
			// What another umask of the checkout made of it is not for a patch to keep.
			if is = strconv.FormatUint(uint64(was.Perm()|added(spec)), 8); is != "755" {
				return "", false
			}
		default:
			return "", false
		}
		if mode != "" && is != mode {
			return "", false
		}
		mode = is
		// A folder that is not there gets the mode too; without the flag it is 755.
		if is != "755" && !x.exists(path.Dir(p), x.c.index) {
			return "", false
		}
	}
	return mode, len(mode) == 3
}

// added are the bits that a symbolic mode such as u+x adds. One that names nobody
// stands for all, as the umask of a build is 022.
func added(spec string) fs.FileMode {
	who, bits, _ := strings.Cut(spec, "+")
	if who == "" {
		who = "a"
	}
	var out fs.FileMode
	for _, b := range bits {
		m := map[rune]fs.FileMode{'r': 4, 'x': 1}[b]
		for _, w := range who {
			switch w {
			case 'u':
				out |= m << 6
			case 'g':
				out |= m << 3
			case 'o':
				out |= m
			case 'a':
				out |= m<<6 | m<<3 | m
			}
		}
	}
	return out
}
