package main

import (
	"maps"
	"slices"
	"strings"
)

// taint is what differs from the earlier build in the settings that instructions
// hand down: variables by name, and the user, folder and shell.
type taint struct {
	args, env        map[string]bool
	user, cwd, shell bool
}

func (t taint) reads(text string) bool {
	return slices.ContainsFunc(refs(text), func(name string) bool { return t.args[name] || t.env[name] })
}

func (t taint) clone() taint {
	c := taint{args: map[string]bool{}, env: map[string]bool{}, user: t.user, cwd: t.cwd, shell: t.shell}
	maps.Copy(c.args, t.args)
	maps.Copy(c.env, t.env)
	return c
}

// reached lists the steps whose own work differs if, from an instruction on, a
// setting differs: in the rest of its stage, and in the stages that start from it.
// Given are the arguments of the build.
func (d *dockerfile) reached(site *instruction, t taint, given map[string]string) []*instruction {
	all := d.stages()
	var out []*instruction
	var walk func(s *stage, body []*instruction, t taint)
	walk = func(s *stage, body []*instruction, t taint) {
		t = t.clone()
		for _, in := range body {
			if in.gone {
				continue
			}
			if t.step(in, given) {
				out = append(out, in)
			}
		}
		for _, child := range all {
			if child.parent == s {
				walk(child, child.body, t)
			}
		}
	}
	i := slices.IndexFunc(all, func(s *stage) bool { return s.from == site || slices.Contains(s.body, site) })
	s := all[i]
	walk(s, s.body[slices.Index(s.body, site)+1:], t)
	return out
}

// step carries the taint over one instruction and says whether it is a step that
// differs.
func (t *taint) step(in *instruction, given map[string]string) bool {
	readsIt := t.reads(in.text)
	switch in.word {
	case "ENV":
		after := t.clone() // all values of one line see the variables above it
		for _, v := range in.variables() {
			delete(after.env, v.name)
			delete(after.args, v.name) // an ENV stands in front of an ARG of its name
			if t.reads(v.value) {
				after.env[v.name] = true
			}
		}
		*t = after
	case "ARG":
		for _, v := range in.variables() {
			_, isGiven := given[v.name]
			if v.hasValue && !isGiven {
				delete(t.args, v.name)
				if t.reads(v.value) {
					t.args[v.name] = true
				}
			}
		}
	case "USER":
		t.user = readsIt
	case "SHELL":
		t.shell = false
	case "WORKDIR":
		relative := isRelative(in.words()[0])
		differs := readsIt || relative && t.cwd
		t.cwd = differs
		return differs || t.user
	case "RUN":
		return len(t.args)+len(t.env) > 0 || t.user || t.cwd ||
			t.shell && !strings.HasPrefix(in.words()[0], "[")
	case "COPY", "ADD":
		w := in.words()
		return readsIt || isRelative(w[len(w)-1]) && t.cwd
	}
	return false
}

// isRelative says that a path is one below the folder that WORKDIR set. The shapes
// have variables only for absolute ones.
func isRelative(p string) bool {
	p = strings.Trim(p, `"`)
	return !strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "$")
}
