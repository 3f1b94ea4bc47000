package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// aptOneStep joins a RUN apt-get update (or apk update) with the RUN that installs
// below it. Apart, the lists stay in the cache while the install runs again, and it
// asks for versions that the archive no longer has. Before:
//
//	FROM debian:13
//	RUN apt-get update
//	RUN apt-get install -y curl
//
// After:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y curl
//
// It speaks where one of the two was executed without the other, or the record has
// the size of the lists' layer. Installs that follow directly are joined too; where
// another step needs the lists it keeps silent.
func aptOneStep(s *scene) []candidate {
	var out []candidate
	for i, in := range s.file.Instructions {
		if update, ok := onlyUpdates(in); ok {
			if c, ok := s.joinUpdate(i, update); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

// onlyUpdates gives the command of a RUN that fetches package lists and does
// nothing else.
func onlyUpdates(in dockerfile.Instruction) (located, bool) {
	commands, _, ok := locate(in)
	if !ok || len(in.Flags) > 0 || !isLinear(in) {
		return located{}, false
	}
	commands = slices.DeleteFunc(commands, func(c located) bool { return c.words[0] == "set" })
	if len(commands) != 1 || !commands[0].updates() {
		return located{}, false
	}
	return commands[0], true
}

func isLinear(in dockerfile.Instruction) bool {
	sc, ok := readScript(in)
	return ok && sc.linear
}

// joinUpdate moves an update into the RUN that installs below it.
func (s *scene) joinUpdate(update int, command located) (candidate, bool) {
	at, first, ok := s.installBelow(update)
	if !ok {
		return candidate{}, false
	}
	lists := s.layerBytes(update)
	if a, b := s.changed(update).Reruns, s.changed(at).Reruns; a == b && lists == 0 && s.ranAlike(update, at) {
		s.silent(update, "it always ran together with %s", quoted(s.file.Instructions[at]))
		return candidate{}, false
	}
	text := s.file.Instructions[update].Text[command.start:command.end]
	e := s.file.Edit()
	word := s.file.Instructions[at].Text[first.start:first.at[0].End]
	if !e.Splice(at, first.start, first.at[0].End, oneLine(text)+" && "+word) {
		return candidate{}, false
	}
	removed := []int{update}
	more := ""
	for i := at + 1; s.joins(i, at); i++ {
		more += " " + string(s.file.Escape) + "\n    && " + s.file.Instructions[i].Args[0]
		removed = append(removed, i)
	}
	if end := len(s.file.Instructions[at].Text); more != "" && !e.Splice(at, end, end, more) {
		return candidate{}, false
	}
	if i := s.needsLists(at, removed); i >= 0 {
		s.silent(update, "%s needs the lists as well", quoted(s.file.Instructions[i]))
		return candidate{}, false
	}
	e.Remove(update)
	if comments := s.file.Comments(update); len(comments) > 0 {
		e.InsertBefore(at, comments...)
	}
	for _, i := range removed[1:] {
		e.Remove(i)
	}
	title := fmt.Sprintf("Run `%s` in the step that installs, so that no install takes lists that an earlier build left", oneLine(text))
	if lists > 0 {
		title += fmt.Sprintf(" in a layer of %s", size(lists))
	}
	c, ok := s.revised(e, update, title, []int{at}, removed)
	c.sound = true
	return c, ok
}

// ranAlike says whether two steps became the same in this build.
func (s *scene) ranAlike(a, b int) bool {
	return len(s.steps[a]) == 0 || len(s.steps[b]) == 0 || s.steps[a][0].Status == s.steps[b][0].Status
}

// installBelow finds the RUN that installs from the lists of an update, and its
// first command that does. What stands between may not touch either.
func (s *scene) installBelow(update int) (at int, first located, ok bool) {
	for i := update + 1; i < s.file.StageEnd(s.file.Instructions[update].Stage); i++ {
		in := s.file.Instructions[i]
		switch in.Command {
		case "ENV", "ARG", "LABEL", "EXPOSE", "WORKDIR", "CMD", "ENTRYPOINT", "STOPSIGNAL":
			continue
		case "COPY", "ADD":
			if _, dest, ok := in.Paths(); !ok || mentions(in.Text, "/etc") || dest == "/" || strings.Contains(dest, "$") {
				return 0, located{}, false
			}
			continue
		case "RUN":
		default:
			return 0, located{}, false
		}
		if !usesPackages(in) {
			continue
		}
		commands, _, ok := locate(in)
		if !ok || len(in.Flags) > 0 || !isLinear(in) {
			return 0, located{}, false
		}
		n := slices.IndexFunc(commands, func(c located) bool { return c.installs() || c.updates() })
		if n < 0 || !commands[n].installs() {
			return 0, located{}, false
		}
		return i, commands[n], true
	}
	return 0, located{}, false
}

// usesPackages says whether a RUN may read the lists, or change the sources that
// they come from.
func usesPackages(in dockerfile.Instruction) bool {
	return strings.Contains(in.Text, "apt") || strings.Contains(in.Text, "apk") || strings.Contains(in.Text, "dpkg")
}

// joins says whether an instruction is nothing but one more install, written on one
// line directly below another, without a comment of its own.
func (s *scene) joins(i, at int) bool {
	if i >= s.file.StageEnd(s.file.Instructions[at].Stage) {
		return false
	}
	in := s.file.Instructions[i]
	commands, _, ok := locate(in)
	return ok && len(in.Flags) == 0 && len(in.Heredocs) == 0 && len(s.file.Instructions[at].Heredocs) == 0 &&
		in.Line == in.EndLine && in.Block == in.Bytes && in.Line == s.file.Instructions[i-1].EndLine+1 &&
		allAnd(in) && allAnd(s.file.Instructions[at]) &&
		!slices.ContainsFunc(commands, func(c located) bool { return !c.installs() })
}

// allAnd says that a RUN's commands are joined by && alone, without a comment that
// would swallow what is put behind it.
func allAnd(in dockerfile.Instruction) bool {
	return isLinear(in) && !strings.ContainsAny(in.Args[0], ";\n#")
}

// needsLists finds a step below an install, other than those that are taken out,
// that installs from the same lists; -1 if there is none.
func (s *scene) needsLists(at int, removed []int) int {
	for _, i := range s.below(at) {
		in := s.file.Instructions[i]
		if in.Command != "RUN" || slices.Contains(removed, i) || !usesPackages(in) {
			continue
		}
		commands, _, ok := locate(in)
		n := slices.IndexFunc(commands, func(c located) bool { return c.updates() || c.installs() || c.words[0] == "apt-cache" })
		if !ok || n >= 0 && !commands[n].updates() {
			return i
		}
	}
	return -1
}
