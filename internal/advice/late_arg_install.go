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
	for _, words := range sc.commands {
		if classify(words).purpose == unknown && !plainTool(words[0]) {
			return false
		}
	}
	l := d.readByInstalls(at, sc)
	d.unseen = d.unseen || l.unseen
	return !l.scripts && !slices.ContainsFunc(l.manifests, func(text string) bool {
		return slices.ContainsFunc(d.names, func(name string) bool { return hasPath(text, name) })
	})
}

// installLook is what the installs of a RUN may take variables from.
type installLook struct {
	scripts   bool // that scripts of the project are run, or it is not known what is read
	unseen    bool // that a manifest could not be read
	manifests []string
}

// readByInstalls looks at what the installs of a RUN read, once for all ARGs.
func (s *scene) readByInstalls(at int, sc script) *installLook {
	if s.looks[at] != nil {
		return s.looks[at]
	}
	l := &installLook{}
	s.looks[at] = l
	dir := s.workdirs(s.file.Instructions[at].Stage)[at]
	for _, words := range sc.commands {
		a := classify(words)
		if a.purpose == enter {
			dir = inDir(dir, a.dir)
		}
		if a.from == nil {
			continue
		}
		if s.context == nil {
			l.unseen = true
			continue
		}
		p := &move{scene: s, dirs: map[int]string{}}
		for _, i := range s.above(at) {
			if c := s.copies[i]; c != nil {
				maps.Copy(p.dirs, s.workdirs(c.in.Stage))
				p.early = append(p.early, c)
			}
		}
		n, why := p.needOf(a, inDir(dir, a.dir))
		if why != "" || n.demand.why != "" {
			l.scripts = true
			continue
		}
		for at, file := range n.project.files {
			is, _ := n.needs(at)
			name := path.Base(at)
			if !is || strings.Contains(name, "lock") || strings.HasSuffix(name, ".sum") { // a digest may look like a name
				continue
			}
			if n.read == nil {
				n.unseen = true
			} else if text, err := n.read(file); err == nil {
				l.manifests = append(l.manifests, string(text))
			} else {
				n.unseen = true
			}
		}
		l.unseen = l.unseen || n.unseen
	}
	return l
}
