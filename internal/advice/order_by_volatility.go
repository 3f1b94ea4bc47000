package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// orderByVolatility moves an install of system packages above a step that changes
// more often and that it does not depend on. Before:
//
//	FROM debian:13
//	ARG COMMIT
//	RUN echo "$COMMIT" > /version
//	COPY --from=build /out/server /usr/local/bin/server
//	RUN apt-get update && apt-get install -y ca-certificates
//
// After:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y ca-certificates
//	ARG COMMIT
//	RUN echo "$COMMIT" > /version
//	COPY --from=build /out/server /usr/local/bin/server
//
// It speaks where the install was executed again because of what stands above it. It
// passes a COPY to a folder that no package manager looks into, a RUN of plain tools
// that names no such folder, and an ENV or ARG that the install does not read. A COPY
// of context files whose changes are known is left to deps-before-source, and an ARG
// that no step reads above the install to late-arg.
func orderByVolatility(s *scene) []candidate {
	var out []candidate
	for stage := range s.file.Stages {
		if c, ok := s.raise(stage); ok {
			out = append(out, c)
		}
	}
	return out
}

// raise moves the installs of a stage above its uppermost step that changes.
func (s *scene) raise(stage int) (candidate, bool) {
	end := s.file.StageEnd(stage)
	top := s.changing(stage)
	if top == end || s.onlyContext(top, end) {
		return candidate{}, false
	}
	var passed []dockerfile.Instruction
	var moved []int
	for i := top; i < end; i++ {
		in := s.file.Instructions[i]
		if i > top && s.steadyInstall(in) && s.steady(i) && independent(in, passed) && changesFiles(passed) {
			moved = append(moved, i)
			continue
		}
		if why := s.unpassable(i); why != "" {
			if i > top && s.steadyInstall(in) {
				why = "it reads what is declared between, or changed itself"
			}
			if len(moved) == 0 && i > top && slices.ContainsFunc(s.file.Instructions[i:end], s.steadyInstall) {
				s.silent(i, "%s", why)
			}
			break
		}
		passed = append(passed, in)
	}
	if len(moved) == 0 {
		return candidate{}, false
	}
	e := s.file.Edit()
	for _, i := range moved {
		e.MoveBefore(i, top)
	}
	return s.draft(e, moved[0], fmt.Sprintf("Move %s above %s, which changes more often and which it does not need",
		quoted(s.file.Instructions[moved[0]]), quoted(s.file.Instructions[top])), nil, nil)
}

// steady says whether a step was executed, and never for itself: an argument above
// it changes its key even if it does not read it.
func (s *scene) steady(at int) bool {
	x := s.changed(at)
	args := 0
	for name, builds := range x.Args {
		if s.file.Instructions[at].Reads(name) {
			return false
		}
		args += builds
	}
	return x.Reruns > 0 && x.Builds <= args
}

// changing is the uppermost instruction of a stage that brings a change: a step that
// was executed because of itself or of another stage, or the ARG that changed it.
func (s *scene) changing(stage int) int {
	end := s.file.StageEnd(stage)
	top := s.file.Stages[stage].From + 1
	for ; top < end; top++ {
		in := s.file.Instructions[top]
		x := s.changed(top)
		_, from := in.Flag("from")
		if in.Cacheable() && (x.Builds > 0 || x.Reruns > 0 && from) {
			break
		}
	}
	if top == end {
		return end
	}
	for i := s.file.Stages[stage].From + 1; i < top; i++ {
		in := s.file.Instructions[i]
		if in.Command == "ARG" && slices.ContainsFunc(in.Names, func(n string) bool { return s.changed(top).Args[n] > 0 }) {
			return i
		}
	}
	return top
}

// onlyContext says whether nothing but files of the context changes in the
// instructions, and deps-before-source sees which.
func (s *scene) onlyContext(top, end int) bool {
	return s.copies[top] != nil && !slices.ContainsFunc(s.file.Instructions[top:end], func(in dockerfile.Instruction) bool {
		_, from := in.Flag("from")
		return from
	})
}

// steadyInstall says whether a RUN installs system packages and does nothing that
// needs more than the base image.
func (s *scene) steadyInstall(in dockerfile.Instruction) bool {
	sc, ok := readScript(in)
	if !ok || !sc.linear || slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type != "cache" }) {
		return false
	}
	installs := false
	for _, words := range sc.commands {
		switch words[0] {
		case "apt-get", "apt", "apk", "dnf", "microdnf", "yum", "zypper":
			a := classify(words)
			if a.purpose == unknown {
				return false
			}
			installs = installs || a.purpose == fetch && !slices.Contains(words, "update")
		default:
			if classify(words).purpose != harmless {
				return false
			}
		}
	}
	return installs
}

// independent says whether an install does the same above these instructions.
func independent(install dockerfile.Instruction, passed []dockerfile.Instruction) bool {
	return !slices.ContainsFunc(passed, func(in dockerfile.Instruction) bool {
		// A web server's package brings files of its own to what is served.
		for _, server := range []string{"nginx", "caddy"} {
			if strings.Contains(in.Text, "/usr/share/"+server) && strings.Contains(install.Text, server) {
				return true
			}
		}
		return slices.ContainsFunc(in.Names, func(n string) bool { return install.Reads(n) || readByTools(n) })
	})
}

// changesFiles says whether an instruction among them makes a layer of its own.
func changesFiles(instructions []dockerfile.Instruction) bool {
	return slices.ContainsFunc(instructions, func(in dockerfile.Instruction) bool { return in.Cacheable() && in.Command != "WORKDIR" })
}

// packageFolders are where package managers read and write, and what a RUN that is
// passed may not name.
var packageFolders = []string{"/etc", "/lib", "/usr/lib", "/usr/share", "/var", "/bin", "/usr/bin", "/sbin", "/usr/sbin", "/root", "/home", "/tmp"}

// steers are plain tools after which an install may do something else: where it
// stands, which certificates there are, which numbers are left for users.
var steers = []string{"cd", "update-ca-certificates", "locale-gen", "useradd", "usermod", "groupadd"}

// unpassable says why nothing may move above an instruction; it is empty if an
// install may.
func (s *scene) unpassable(at int) string {
	in := s.file.Instructions[at]
	switch in.Command {
	case "ENV", "ARG", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "WORKDIR":
		return ""
	case "COPY", "ADD":
		_, dest, ok := in.Paths()
		if !ok || strings.Contains(dest, "$") {
			return "where the files go is not known"
		}
		folder := inDir(s.workdirs(in.Stage)[at], dest)
		if slices.ContainsFunc(sites, func(site string) bool { return inside(folder, site) }) {
			return ""
		}
		for _, f := range packageFolders {
			if inside(folder, f) || inside(f, folder) {
				return "the files go where packages are installed or configured"
			}
		}
		if strings.HasPrefix(folder, "~") {
			return "the working directory is not known"
		}
		return ""
	case "RUN":
		sc, ok := readScript(in)
		if !ok || len(in.Mounts()) > 0 {
			return "what it runs is not known"
		}
		for _, words := range sc.commands {
			if !plainTool(words[0]) || slices.Contains(steers, words[0]) || slices.Contains(words, "/") {
				return "it runs " + strings.ReplaceAll(words[0], unreadable, "a command") + ", and an install may depend on it"
			}
		}
		for _, f := range packageFolders {
			if mentions(in.Text, f) && !strings.Contains(in.Text, "/usr/local"+f) {
				return "it names a folder where packages are installed or configured"
			}
		}
		return ""
	}
	return in.Command + " may matter to an install"
}
