package advice

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// rewrite makes the edit, if the program runs without anything but itself.
func (x *toolbox) rewrite(build int, made, title string) (candidate, bool) {
	base := x.runtime()
	from := x.file.Instructions[x.from]
	if why := x.needsMore(build); base == "" || why != "" || len(from.Flags) > 0 || len(from.Args) != 1 || !strings.HasPrefix(made, "/") || strings.ContainsAny(made, " $\"'") {
		if why != "" {
			x.silent(x.from, "the edit is not made: %s", why)
		}
		return candidate{}, false
	}
	name := "build"
	if x.file.StageNamed(name) >= 0 {
		return candidate{}, false
	}
	end := x.file.StageEnd(x.stage)
	e := x.file.Edit()
	if !e.Splice(x.from, len(from.Text), len(from.Text), " AS "+name) {
		return candidate{}, false
	}
	last := end - 1
	added := []string{e.Text(x.from)}
	put := func(lines ...string) {
		e.InsertAfter(last, lines...)
		added = append(added, slices.DeleteFunc(lines, func(l string) bool { return l == "" })...)
	}
	put("", "FROM "+base)
	workdir := ""
	var tail []int
	for i := x.from + 1; i < end; i++ {
		in := x.file.Instructions[i]
		switch in.Command {
		case "ENV":
			if !slices.ContainsFunc(in.Names, readByTools) {
				put(oneLine(in.Text))
			}
		case "WORKDIR":
			workdir = "WORKDIR " + x.workdirs(x.stage)[i+1]
		case "CMD", "ENTRYPOINT", "EXPOSE", "LABEL", "USER", "STOPSIGNAL", "HEALTHCHECK", "VOLUME":
			tail = append(tail, i)
		}
	}
	if workdir != "" {
		put(workdir)
	}
	if strings.Contains(base, "debian:") {
		const certificates = "/etc/ssl/certs/ca-certificates.crt"
		put("COPY --from=" + name + " " + certificates + " " + certificates)
	}
	put("COPY --from=" + name + " " + made + " " + made)
	for _, i := range tail {
		e.MoveAfter(i, last)
	}
	c, ok := x.draftStages(e, x.from, title, []string{from.Text}, added, 1)
	c.sound = true
	c.Declares = []Difference{{"/**", ""}, {"config.Env", ""}, {"config.WorkingDir", ""}}
	c.Assumes = []string{"The program starts no other program of the image, and opens no file of it but certificates."}
	return c, ok
}

// needsMore says what else than the program may be needed when the image runs, or
// that the program may need libraries.
func (x *toolbox) needsMore(build int) string {
	static := false
	for i := x.from + 1; i < x.file.StageEnd(x.stage); i++ {
		in := x.file.Instructions[i]
		switch in.Command {
		case "ENV":
			static = static || i < build && (strings.Contains(in.Text, "CGO_ENABLED=0") || strings.Contains(in.Text, "CGO_ENABLED 0"))
			if strings.Contains(in.Text, "\n") || len(in.Variables) > 0 {
				return "an ENV is made of others"
			}
		case "USER":
			if strings.Trim(strings.Join(in.Args, " "), "0123456789:") != "" {
				return "the user may not be there in another image"
			}
		case "RUN":
			if i == build && assignsBefore(in, "CGO_ENABLED=0") {
				static = true
			}
			if !onlyBuildsGo(in) || usesPackages(in) {
				return quoted(in) + " may make something that is needed"
			}
		case "COPY":
			if x.copies[i] == nil {
				return "what " + quoted(in) + " brings is not known"
			}
		case "ADD", "ONBUILD", "SHELL":
			return in.Command + " may bring something that is needed"
		}
	}
	if !static {
		return "the program may need libraries, as it is not built with CGO_ENABLED=0"
	}
	if x.context == nil {
		return "what the context holds is not known"
	}
	for i, p := range x.context.Paths {
		if fs.FileMode(x.context.Modes[i]).IsDir() || readByGo(p) || strings.HasSuffix(p, "_test.go") || quiet(p) {
			continue
		}
		for _, c := range x.copies {
			if _, ok := c.target(p); ok {
				return "the program may open " + p
			}
		}
	}
	return ""
}

// quiet knows files that no program opens: documentation, and what is about the
// repository.
func quiet(p string) bool {
	if strings.HasPrefix(p, ".") || strings.HasPrefix(p, "docs/") || strings.Contains(p, "testdata/") {
		return true
	}
	switch name := path.Base(p); {
	case path.Ext(name) == ".md", strings.HasPrefix(name, "Dockerfile"), strings.HasPrefix(name, "LICENSE"), name == "Makefile":
		return true
	}
	return false
}

// assignsBefore says whether a RUN's script has an assignment before a command.
func assignsBefore(in dockerfile.Instruction, assignment string) bool {
	commands, _, _ := locate(in)
	return slices.ContainsFunc(commands, func(c located) bool {
		return strings.Contains(in.Text[c.start:c.at[0].Start], assignment)
	})
}
