package advice

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// lateArg moves an ARG whose value changed to just above its first reader, or
// below the last step of the stage if none reads it. BuildKit puts every
// declared ARG into the environment, and so into the cache key, of every RUN
// below it, used or not. Before:
//
//	FROM debian:13
//	ARG COMMIT
//	RUN apt-get update && apt-get install -y curl
//	RUN ./build.sh "$COMMIT"
//
// After:
//
//	FROM debian:13
//	RUN apt-get update && apt-get install -y curl
//	ARG COMMIT
//	RUN ./build.sh "$COMMIT"
//
// The ENV, ARG and LABEL instructions that are made from it move along. A RUN can
// read a variable without naming it: a script, make, npm run build. So the ARG
// only moves past a RUN whose commands are all known: package installs of which no
// manifest names it and no script of the project is run, and plain tools that read no
// variable of their own. Names that such tools do read, such
// as NODE_ENV or GOPROXY, stay where they are.
func lateArg(s *scene) []candidate {
	changing := map[string]bool{}
	for _, c := range s.history {
		for name := range c.Args {
			changing[name] = true
		}
	}
	var names []string
	at := map[string][]int{}
	for i, in := range s.file.Instructions {
		if in.Command != "ARG" || in.Stage < 0 {
			continue
		}
		for _, name := range in.Names {
			if changing[name] {
				if at[name] == nil {
					names = append(names, name)
				}
				at[name] = append(at[name], i)
			}
		}
	}
	var out []candidate
	var all []int
	for _, name := range names {
		if c, ok := s.lateArgs(at[name], name); ok {
			out = append(out, c)
		}
		all = append(all, at[name]...)
	}
	if len(names) > 1 {
		// Where two change in every build, moving one alone brings nothing.
		slices.Sort(all)
		if c, ok := s.lateArgs(slices.Compact(all), names...); ok {
			out = append(out, c)
		}
	}
	return out
}

// lateArgs moves the ARGs that declare the names, each in its stage, as far down as
// nothing reads them.
func (s *scene) lateArgs(args []int, names ...string) (candidate, bool) {
	e := s.file.Edit()
	var moved []int
	where := map[string]bool{}
	there := map[string]bool{} // the names that move
	unseen := false
	for _, i := range args {
		d := newDrop(s, i)
		if why := d.fall(); why != "" {
			s.silent(i, "%s", why)
			continue
		}
		where[d.move(e)] = true
		unseen = unseen || d.unseen
		moved = append(moved, i)
		for _, name := range s.file.Instructions[i].Names {
			there[name] = true
		}
	}
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !there[n] })
	if len(moved) == 0 {
		return candidate{}, false
	}
	to := "down to their first readers"
	switch {
	case len(where) == 1:
		to = slices.Collect(maps.Keys(where))[0]
	case len(names) == 1:
		to = "down to its first reader in each stage"
	}
	title := fmt.Sprintf("Move `ARG %s` %s, so that a new value re-runs no step above it", strings.Join(names, "` and `ARG "), to)
	c, ok := s.draft(e, moved[0], title, nil, nil)
	if unseen {
		c.Assumes = append(c.Assumes, "no script that an install runs reads it: what the manifests hold was not seen")
	}
	return c, ok
}

// drop is an ARG on its way down its stage.
type drop struct {
	*scene
	names  []string     // the ARG's, and those made from it
	group  []int        // the instructions that move
	passed map[int]bool // the steps that are passed
	stop   int          // the instruction that is not passed
	last   int          // the last step of the stage
	unseen bool         // that a manifest could not be read
}

func newDrop(s *scene, arg int) *drop {
	in := s.file.Instructions[arg]
	d := &drop{scene: s, names: slices.Clone(in.Names), group: []int{arg}, passed: map[int]bool{}}
	d.stop = s.file.StageEnd(in.Stage)
	return d
}

// fall finds out how far down the ARG can go. It says why where that is nowhere, or
// not sure.
func (d *drop) fall() (why string) {
	in := d.file.Instructions[d.group[0]]
	read := quoted(in) + " is read by what follows, or may be"
	switch {
	case len(in.Variables) > 0:
		return "the default of " + quoted(in) + " is made from variables of its place"
	case slices.ContainsFunc(d.names, breaksCache):
		return quoted(in) + " is there to run again what follows it, going by its name"
	case d.inherited(in.Stage):
		return "the stage that this one starts from declares it too, for all of its steps"
	}
	runs := false
	for i := d.group[0] + 1; i < d.stop; i++ {
		in := d.file.Instructions[i]
		reads := slices.ContainsFunc(d.names, in.Reads)
		declares := slices.ContainsFunc(in.Names, func(n string) bool { return slices.Contains(d.names, n) })
		switch {
		case reads && (in.Command == "ENV" || in.Command == "ARG" || in.Command == "LABEL"):
			d.group = append(d.group, i)
			d.names = append(d.names, in.Names...)
		case declares:
			return "another instruction gives the variable another value" // which of the two holds where is not for a patch to change
		case reads, in.Command == "ONBUILD", in.Command == "SHELL", in.Command == "RUN" && !d.readsNothing(i):
			d.stop = i
		case in.Cacheable():
			d.passed[i], d.last = true, i
			runs = runs || in.Command == "RUN"
		}
	}
	// A COPY does not have the ARG in its key: past that alone nothing is won.
	if !runs || slices.ContainsFunc(d.names, readByTools) || d.redeclared() {
		return read
	}
	if d.stop == d.file.StageEnd(in.Stage) {
		d.follow(in.Stage)
	}
	return ""
}

// inherited says whether a stage that this one starts from declares one of the
// names: then its steps see the value wherever the ARG stands.
func (d *drop) inherited(stage int) bool {
	for p := d.file.Stages[stage].Parent; p >= 0; p = d.file.Stages[p].Parent {
		for i := d.file.Stages[p].From + 1; i < d.file.StageEnd(p); i++ {
			if slices.ContainsFunc(d.file.Instructions[i].Names, func(n string) bool { return slices.Contains(d.names, n) }) {
				return true
			}
		}
	}
	return false
}

// breaksCache knows the names of arguments that are given a new value to run again
// what stands below them, such as CACHEBUST.
func breaksCache(name string) bool {
	n := strings.ToUpper(name)
	return strings.Contains(n, "CACHE") || strings.Contains(n, "BUST") || strings.Contains(n, "REFRESH") || strings.Contains(n, "INVALIDATE")
}

// follow passes the steps of later stages that see nothing of the ARG once every
// step of its own stage stands above it: they start from the same files, and
// only a RUN of a stage that is made FROM this one has it in its environment.
func (d *drop) follow(own int) {
	inherits, tainted := map[int]bool{own: true}, map[int]bool{}
	for stage := own + 1; stage < len(d.file.Stages); stage++ {
		parent := d.file.Stages[stage].Parent
		inherits[stage], tainted[stage] = inherits[parent], tainted[parent]
		for i := d.file.Stages[stage].From + 1; i < d.file.StageEnd(stage); i++ {
			in := d.file.Instructions[i]
			if inherits[stage] && (in.Command == "RUN" || in.Command == "ONBUILD" || slices.ContainsFunc(d.names, in.Reads)) || d.takes(in, tainted) {
				tainted[stage] = true
			}
			if in.Cacheable() && !tainted[stage] {
				d.passed[i] = true
			}
		}
	}
}

// takes says whether the instruction reads files of one of the stages.
func (d *drop) takes(in dockerfile.Instruction, stages map[int]bool) bool {
	from, _ := in.Flag("from")
	names := []string{from}
	for _, m := range in.Mounts() {
		names = append(names, m.From)
	}
	for i, s := range d.file.Stages {
		if stages[i] && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, s.Name) || n == strconv.Itoa(i) }) {
			return true
		}
	}
	return false
}

// redeclared says whether an instruction that moves reads a variable that is
// declared again on the way.
func (d *drop) redeclared() bool {
	for _, g := range d.group {
		for i := g + 1; i < d.stop; i++ {
			in := d.file.Instructions[i]
			if !slices.Contains(d.group, i) && slices.ContainsFunc(in.Names, d.file.Instructions[g].Reads) {
				return true
			}
		}
	}
	return false
}

// move puts the group at its place and says where that is.
func (d *drop) move(e *dockerfile.Edit) string {
	end := d.file.StageEnd(d.file.Instructions[d.group[0]].Stage)
	below := slices.IndexFunc(d.group, func(i int) bool { return i > d.last })
	for n, i := range d.group {
		switch {
		case below >= 0 && n >= below: // it is low enough
		case below >= 0:
			e.MoveBefore(i, d.group[below])
		case d.stop < end:
			e.MoveBefore(i, d.stop)
		default:
			e.MoveAfter(i, d.last)
		}
	}
	if d.stop < end {
		return "down to just above " + quoted(d.file.Instructions[d.stop])
	}
	return "to the end of its stage, as no step reads it"
}

// plainTool knows commands that only do what their words say.
func plainTool(name string) bool {
	switch name {
	case "cat", "cd", "chmod", "chown", "cp", "curl", "cut", "echo", "false", "find", "grep", "gunzip", "gzip",
		"head", "ln", "ls", "mkdir", "mktemp", "mv", "printf", "rm", "rmdir", "sed", "sha256sum", "sha512sum",
		"sleep", "sort", "tail", "tar", "tee", "test", "[", "touch", "tr", "unzip", "update-ca-certificates",
		"useradd", "usermod", "groupadd", "wget", "xz", "locale-gen":
		return true
	}
	return false
}

// readByTools knows variables that package managers and other plain tools read
// by themselves, and those that BuildKit treats in a way of its own.
func readByTools(name string) bool {
	switch n := strings.ToUpper(name); n {
	case "CI", "CC", "CXX", "HOME", "LANG", "LANGUAGE", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
		"DEBIAN_FRONTEND", "GOOS", "GOARCH", "GOPROXY", "GOPATH", "GOFLAGS", "GOPRIVATE", "GOSUMDB", "GONOSUMDB",
		"GOTOOLCHAIN", "GOCACHE", "GOMODCACHE", "NODE_ENV", "NODE_OPTIONS", "SOURCE_DATE_EPOCH", "JAVA_HOME":
		return true
	case "GIT_SHA", "GIT_SHA1", "GIT_COMMIT", "GIT_COMMIT_SHA", "GIT_COMMIT_HASH", "GIT_HASH", "GIT_REV", "GIT_REVISION",
		"GIT_REF", "GIT_BRANCH", "GIT_TAG", "GIT_VERSION":
		return false // git itself reads none of these
	default:
		for _, prefix := range []string{"APT_", "BUNDLE_", "BUN_", "CARGO_", "CFLAGS", "CGO_", "COMPOSER_", "COREPACK_",
			"CURL_", "CXXFLAGS", "GEM_", "GIT_", "LC_", "LD_", "MAVEN_", "NPM_", "PIPENV_", "PIP_", "PNPM_", "POETRY_",
			"PYTHON", "RUBY", "RUST", "SSL_", "UV_", "YARN_", "BUILDKIT_", "TARGET", "BUILDPLATFORM", "BUILDOS", "BUILDARCH", "BUILDVARIANT"} {
			if strings.HasPrefix(n, prefix) {
				return true
			}
		}
		return strings.HasSuffix(n, "_PROXY")
	}
}
