package main

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
)

func fileMutations() []mutation {
	change := func(name, change string, among func(w *world, p string) bool, edit func(w *world, p string, f *file) bool) mutation {
		return mutation{name: name, apply: func(w *world, r *rand.Rand) bool {
			p, ok := pick(r, w.free(among))
			f := w.files[p]
			if !ok || !edit(w, p, &f) || !w.claim("file "+p) {
				return false
			}
			w.files[p] = f
			if change != "" {
				w.changes = append(w.changes, fileChange{path: p, change: change})
			}
			return true
		}}
	}
	regular := func(w *world, p string) bool { return w.used(p) && w.files[p].link == "" }
	longer := func(w *world, _ string, f *file) bool { f.data += "edited in " + w.mark + "\n"; return true }
	return []mutation{
		change("file edited", "content", regular, longer),
		change("file mode changed", "mode", regular, func(_ *world, _ string, f *file) bool { f.mode |= 0o020; return true }),
		change("file touched", "", regular, func(_ *world, _ string, f *file) bool { f.touched++; return true }),
		change("symbolic link changed", "link", func(w *world, p string) bool { return w.used(p) && w.files[p].link != "" && !w.literal(p) },
			func(w *world, _ string, f *file) bool { f.link += "-" + w.mark; return true }),
		change("file becomes a link", "type", func(w *world, p string) bool { return regular(w, p) && w.removable(p) },
			func(w *world, _ string, f *file) bool { *f = file{link: "elsewhere"}; return true }),
		change("file that nothing takes edited", "", func(w *world, p string) bool { return !w.used(p) && w.files[p].link == "" && !isRules(p) }, longer),
		{name: "file added", apply: func(w *world, r *rand.Rand) bool { return w.add(r, func(p string) bool { return w.used(p) }) }},
		{name: "file added where nothing takes it", apply: func(w *world, r *rand.Rand) bool {
			return w.add(r, func(p string) bool { return !w.used(p) })
		}},
		{name: "file removed", apply: func(w *world, r *rand.Rand) bool {
			p, ok := pick(r, w.free((*world).removable))
			if !ok || !w.claim("file "+p) || !w.claim("folder "+path.Dir(p)) {
				return false
			}
			delete(w.files, p)
			w.changes = append(w.changes, fileChange{path: p, change: "removed"})
			return true
		}},
		{name: "file renamed", apply: func(w *world, r *rand.Rand) bool {
			p, ok := pick(r, w.free((*world).removable))
			to := path.Join(path.Dir(p), "renamed-"+path.Base(p))
			if !ok || w.excluded(to) || !w.claim("file "+p) || !w.claim("file "+to) || !w.claim("folder "+path.Dir(p)) {
				return false
			}
			w.files[to] = w.files[p]
			delete(w.files, p)
			w.changes = append(w.changes, fileChange{path: p, change: "removed"}, fileChange{path: to, change: "added"})
			return true
		}},
		// A daemon that has the folder of the build before rewrites its permissions
		// without looking at its content again, so that nothing may miss.
		{name: "folder mode changed", alone: true, apply: func(w *world, r *rand.Rand) bool {
			var folders []string
			for p := range w.files {
				d := path.Dir(p)
				if d != "." && w.used(d) && !w.excluded(d+"/") && w.used(p) && w.folders[d] == 0 && !slices.Contains(folders, d) {
					folders = append(folders, d)
				}
			}
			slices.Sort(folders)
			d, ok := pick(r, folders)
			if !ok || !w.claim("folder "+d) {
				return false
			}
			w.folders[d] = 0o775
			w.changes = append(w.changes, fileChange{path: d, change: "mode", unseen: true})
			return true
		}},
	}
}

// free lists the files, in order, that no mutation has touched and that are of a
// kind.
func (w *world) free(among func(*world, string) bool) []string {
	var out []string
	for p := range w.files {
		if !w.touched["file "+p] && among(w, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// used says that a step of the build takes a path.
func (w *world) used(p string) bool {
	built := w.builtSteps()
	return !w.excluded(p) && slices.ContainsFunc(w.takers(p), func(in *instruction) bool { return built[in] })
}

// literal says that an instruction names the path itself.
func (w *world) literal(p string) bool {
	return slices.ContainsFunc(w.doc.list, func(in *instruction) bool {
		return slices.ContainsFunc(in.takes, func(t string) bool { return w.expand(t) == p })
	})
}

// removable says that a file is taken only along with others beside it.
func (w *world) removable(p string) bool {
	if !w.used(p) || w.literal(p) || w.shape.fixed[p] || isRules(p) || w.files[p].mode&0o100 != 0 {
		return false
	}
	return slices.ContainsFunc(w.shape.paths(), func(q string) bool {
		return q != p && q != w.shape.dockerfile && path.Dir(q) == path.Dir(p) && path.Ext(q) == path.Ext(p) && !w.excluded(q)
	})
}

// add puts a new file beside an existing one.
func (w *world) add(r *rand.Rand, among func(string) bool) bool {
	var places []string
	for _, p := range w.free(func(w *world, p string) bool { return w.files[p].link == "" && !isRules(p) }) {
		n := path.Join(path.Dir(p), fmt.Sprintf("new%s", path.Ext(p)))
		if _, there := w.files[n]; !there && among(n) && !strings.HasPrefix(path.Base(p), ".") {
			places = append(places, n)
		}
	}
	p, ok := pick(r, places)
	if !ok || !w.claim("file "+p) || !w.claim("folder "+path.Dir(p)) {
		return false
	}
	w.files[p] = file{data: "new in " + w.mark + "\n", mode: 0o644}
	w.changes = append(w.changes, fileChange{path: p, change: "added"})
	return true
}

func rulesMutations() []mutation {
	rule := func(name, prefix, change string, among func(*world, string) bool) mutation {
		return mutation{name: name, apply: func(w *world, r *rand.Rand) bool {
			p, ok := pick(r, w.free(func(w *world, p string) bool {
				return p[0] != '@' && !isRules(p) && w.files[p].link == "" && among(w, p)
			}))
			if !ok || !w.claim("file "+p) || !w.claim("folder "+path.Dir(p)) {
				return false
			}
			w.appendRule(prefix + p)
			w.changes = append(w.changes, fileChange{path: p, change: change, rules: true})
			return true
		}}
	}
	return []mutation{
		rule("file kept out by .dockerignore", "", "removed", (*world).removable),
		rule("file let in by .dockerignore", "!", "added", func(w *world, p string) bool {
			built := w.builtSteps()
			return w.excluded(p) && slices.ContainsFunc(w.takers(p), func(in *instruction) bool { return built[in] })
		}),
		{name: ".dockerignore without effect", apply: func(w *world, _ *rand.Rand) bool {
			w.appendRule("no-such-folder/of-" + w.mark)
			return true
		}},
	}
}

// appendRule adds a line to .dockerignore, which may itself be taken.
func (w *world) appendRule(line string) {
	p := w.rulesPath()
	f, there := w.files[p]
	switch {
	case w.touched["file "+p]:
	case there:
		w.changes = append(w.changes, fileChange{path: p, change: "content"})
	default:
		f.mode = 0o644
		w.changes = append(w.changes, fileChange{path: p, change: "added"})
	}
	w.touched["file "+p] = true
	f.data += line + "\n"
	w.files[p] = f
}
