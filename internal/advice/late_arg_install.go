package advice

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// readsNothing says whether all commands of a RUN are known to read no variable that
// is not written out. An install runs scripts of the project, and its manifests may
// name variables: they are looked into.
func (d *drop) readsNothing(at int) bool {
	in := d.file.Instructions[at]
	sc, ok := readScript(in)
	if !ok {
		return false
	}
	dir := d.workdirs(in.Stage)[at]
	for _, words := range sc.commands {
		a := classify(words)
		switch {
		case a.purpose == enter:
			dir = inDir(dir, a.dir)
		case a.purpose == unknown && !plainTool(words[0]), a.from != nil && d.asked(at, a, inDir(dir, a.dir)):
			return false
		}
	}
	return true
}

// asked says whether an install in a folder runs a script that may read one of the
// names, or has a manifest that names one.
func (d *drop) asked(at int, a action, dir string) bool {
	if d.context == nil {
		d.unseen = true
		return false
	}
	p := &move{scene: d.scene, dirs: map[int]string{}}
	for _, i := range d.above(at) {
		maps.Copy(p.dirs, d.workdirs(d.file.Instructions[i].Stage))
		if c := d.copies[i]; c != nil {
			p.early = append(p.early, c)
		}
	}
	n, why := p.needOf(a, dir)
	if why != "" || n.demand.why != "" {
		return true
	}
	for at := range n.project.files {
		is, _ := n.needs(at)
		name := path.Base(at)
		if !is || strings.Contains(name, "lock") || strings.HasSuffix(name, ".sum") { // a digest may look like a name
			continue
		}
		rel, below := strings.CutPrefix(at, dir+"/")
		text, ok := n.data(rel)
		if below && ok && slices.ContainsFunc(d.names, func(name string) bool { return hasPath(string(text), name) }) {
			return true
		}
	}
	d.unseen = d.unseen || n.unseen
	return false
}
