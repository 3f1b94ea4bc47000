package advice

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// executing are the modes of chmod that make a file executable and do little else.
var executing = []string{"+x", "a+x", "u+x", "755", "0755", "775", "0775"}

// classifyChmod knows the form that makes wrappers of the project executable.
func classifyChmod(args []string) action {
	if len(args) < 2 || !slices.Contains(executing, args[0]) || slices.ContainsFunc(args[1:], func(f string) bool {
		return !plainWord(f) || strings.HasPrefix(f, "-") || absolute(f)
	}) {
		return action{}
	}
	return action{purpose: permits, named: args[1:], mode: args[0]}
}

// permit is a file that a RUN above an install makes executable.
type permit struct{ mode, at string }

// permitsOf gives the permits of a chmod in a folder. It reports false where a file
// is not one that a COPY brings, so that an earlier step may have made it.
func (p *move) permitsOf(a action, dir string) ([]permit, bool) {
	var out []permit
	for _, file := range a.named {
		at := path.Join(dir, file)
		if !slices.ContainsFunc(p.late, func(c *copying) bool { return p.brings(c, func(x string) bool { return x == at }) }) || p.project(dir).hasBelow(file) {
			return nil, false
		}
		out = append(out, permit{a.mode, at})
	}
	return out, true
}

// chmods gives the commands that make executable what an install needs of that,
// from the folder that the instruction i starts in. What is copied again below them
// is not executable there, so that the commands that were there have to stay. It
// reports false for a path that would need quotes.
func (p *move) chmods(i int, n *need, all []permit) (out []string, ok bool) {
	for _, x := range all {
		if is, _ := n.needs(x.at); !is || p.executable(x.at) {
			continue
		}
		file := relative(p.dirs[i], x.at)
		if file == "" {
			file = x.at
		}
		if !plainWord(file) {
			return nil, false
		}
		out = append(out, "chmod "+x.mode+" "+file)
	}
	return out, true
}

// executable says whether the context has the file with permission for all.
func (p *move) executable(at string) bool {
	for i, file := range p.context.Paths {
		for _, c := range p.late {
			if to, _, ok := p.lands(c, file); ok && to == at {
				return fs.FileMode(p.context.Modes[i]).Perm()&0o111 == 0o111
			}
		}
	}
	return false
}
