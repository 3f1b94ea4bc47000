package advice

import (
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// take looks at one instruction below top: it moves with an install below it, stays, or
// ends the search.
func (p *move) take(i int) bool {
	in := p.file.Instructions[i]
	switch in.Command {
	case "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER", "VOLUME", "ONBUILD":
		p.stays = append(p.stays, in) // they change no file
		return true
	case "COPY", "ADD":
		c := p.copies[i]
		if c == nil {
			if why := p.dependent(i, in); why != "" {
				p.quiet(i, why)
				return false
			}
			return p.hold(i)
		}
		p.late, p.lateAt = append(p.late, c), append(p.lateAt, i)
		return true
	case "WORKDIR", "USER", "SHELL":
		if slices.ContainsFunc(p.stays, func(x dockerfile.Instruction) bool { return x.Command == "RUN" }) {
			p.quiet(i, "the RUN above it would be executed elsewhere, or by another user")
			return false
		}
		if in.Command == "SHELL" && (len(in.Args) == 0 || !slices.Contains(shells, path.Base(in.Args[0]))) {
			p.quiet(i, "what the RUNs below it are executed with is not known")
			return false
		}
		if in.Command != "WORKDIR" {
			return p.hold(i)
		}
		// A COPY to a relative path would land elsewhere if it came after it.
		if slices.ContainsFunc(p.late, func(c *copying) bool { return !absolute(strings.Trim(c.dest, `"'`)) }) {
			p.quiet(i, "a COPY to a path that starts from another folder stands above it")
			return false
		}
		return p.hold(i)
	case "ENV", "ARG":
		if slices.ContainsFunc(p.late, func(c *copying) bool { return slices.ContainsFunc(in.Names, c.in.Reads) }) ||
			slices.ContainsFunc(p.stays, func(x dockerfile.Instruction) bool { return slices.ContainsFunc(in.Names, x.Reads) }) {
			p.quiet(i, "an instruction above it would be read with another value")
			return false
		}
		return p.hold(i)
	case "RUN":
		return p.run(i, in)
	}
	return false
}

// shells are the programs that read a RUN as it is read here.
var shells = []string{"sh", "bash", "ash", "dash"}

// dependent says why a COPY or ADD that takes nothing of the build context, or nothing
// that can be followed, has to stay between the sources and what follows.
func (p *move) dependent(i int, in dockerfile.Instruction) string {
	sources, dest, ok := in.Paths()
	from, elsewhere := in.Flag("from")
	remote := !slices.ContainsFunc(sources, func(s string) bool { return !strings.Contains(s, "://") })
	switch {
	case !ok || !elsewhere && !remote:
		return "which files of the context it brings cannot be followed"
	case elsewhere && p.takesContext(p.file.StageNamed(from)):
		return "the stage that it copies from may change as often as the sources"
	}
	if strings.Contains(dest, "$") {
		return "where it copies to cannot be followed"
	}
	dest = inDir(p.dirs[i], dest)
	for _, c := range p.late {
		// A folder that COPY --chown makes is the user's.
		_, chowns := c.in.Flag("chown")
		if chowns && inside(dest, inDir(p.dirs[c.index], c.dest)) || p.brings(c, func(at string) bool { return inside(at, dest) }) {
			return "it may bring what the COPY above it brings too"
		}
	}
	return ""
}

// takesContext says whether a stage may take files of the build context.
func (p *move) takesContext(stage int) bool {
	for ; stage >= 0; stage = p.file.Stages[stage].Parent {
		if slices.ContainsFunc(p.file.Instructions[p.file.Stages[stage].From:p.file.StageEnd(stage)], func(in dockerfile.Instruction) bool {
			return in.Command == "COPY" || in.Command == "ADD" || slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type == "" || m.Type == "bind" })
		}) {
			return true
		}
	}
	return false
}

func (p *move) hold(i int) bool {
	p.pending = append(p.pending, i)
	return true
}
