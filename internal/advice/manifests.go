package advice

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// mostMembers is how many manifests of a workspace are copied one by one. With
// more, the Dockerfile is better served by a stage that picks them.
const mostMembers = 20

// mostFiles is how many files may be named one by one in all.
const mostFiles = 40

// wanted is a context file that an install reads, and the COPY that takes it.
type wanted struct {
	file string
	rel  string // below the COPY's destination
	by   *copying
}

// manifests gives the COPY lines that an install in the working directory dir
// needs above it. It reports false where the manifests alone are not enough,
// where they are among what changed, or where they cannot be followed.
func (p *move) manifests(a action, dir string) ([]string, bool) {
	eco := a.from
	dirs := []string{dir}
	for _, n := range a.named {
		if strings.ContainsAny(n, "$*") || absolute(n) {
			return nil, false
		}
		if d := path.Dir(path.Join(dir, n)); !slices.Contains(dirs, d) {
			dirs = append(dirs, d)
		}
	}
	var found []wanted
	early, there := map[string]bool{}, map[string]bool{} // paths in the image
	members := 0
	for i, file := range p.context.Paths {
		for _, c := range p.early {
			if at, _, ok := p.lands(c, file); ok {
				early[at], there[at] = true, true
			}
		}
		for _, c := range p.late {
			at, rel, ok := p.lands(c, file)
			if !ok {
				continue
			}
			if blocks(eco, dir, at) {
				return nil, false
			}
			need, member := needs(eco, a.named, dirs, dir, at)
			if !need {
				continue
			}
			there[at] = true
			if mode := fs.FileMode(p.context.Modes[i]); mode.IsDir() {
				continue
			} else if !mode.IsRegular() {
				return nil, false // a link's target would have to come along
			}
			if member {
				members++
			}
			found = append(found, wanted{file, rel, c})
		}
	}
	if members > mostMembers || len(found) > mostFiles || !p.complete(eco, a.named, dir, there) {
		return nil, false
	}
	return p.copyLines(found, early)
}

// lands gives the path in the image of a context file.
func (p *move) lands(c *copying, file string) (at, rel string, ok bool) {
	rel, ok = c.target(file)
	if !ok {
		return "", "", false
	}
	return path.Join(inDir(p.dirs[c.index], c.dest), rel), rel, true
}

// needs says whether a path in the image is one of the files that an install
// reads, and whether it is a workspace member's.
func needs(eco *ecosystem, named, dirs []string, dir, at string) (need, member bool) {
	for _, n := range named {
		if path.Join(dir, n) == at {
			return true, false
		}
	}
	if slices.Contains(dirs, path.Dir(at)) && matches(eco.files, path.Base(at)) {
		return true, false
	}
	rel, below := strings.CutPrefix(at, dir+"/")
	if !below {
		return false, false
	}
	for _, f := range eco.folders {
		if strings.HasPrefix(rel, f+"/") {
			return true, false
		}
	}
	member = eco.nested != "" && path.Base(at) == eco.nested
	return member, member
}

// blocks says whether the context brings what makes the order of install and
// COPY matter, or an install need more than its manifests.
func blocks(eco *ecosystem, dir, at string) bool {
	rel, below := strings.CutPrefix(at, dir+"/")
	if !below {
		return false
	}
	for _, o := range eco.outputs {
		if rel == o || strings.HasPrefix(rel, o+"/") || strings.Contains("/"+rel+"/", "/"+o+"/") {
			return true
		}
	}
	if eco.required[0] == "go.mod" && path.Base(rel) == "go.mod" && rel != "go.mod" {
		return true // a nested module, which a replace line may name
	}
	return !strings.Contains(rel, "/") && matches(eco.unless, rel)
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// complete says whether the files without which an install fails are there.
func (p *move) complete(eco *ecosystem, named []string, dir string, there map[string]bool) bool {
	for _, n := range named {
		if !there[path.Join(dir, n)] {
			return false
		}
	}
	for at := range there {
		if path.Dir(at) == dir && matches(eco.required, path.Base(at)) || len(named) > 0 {
			return true
		}
	}
	return false
}

// copyLines writes one COPY for each folder that files go to, and leaves out
// what a COPY higher up or a line for an earlier install brings already.
func (p *move) copyLines(found []wanted, early map[string]bool) ([]string, bool) {
	type target struct {
		by  *copying
		rel string
	}
	var order []target
	files := map[target][]string{}
	for _, w := range found {
		at, _, _ := p.lands(w.by, w.file)
		if p.have[at] || early[at] {
			continue
		}
		p.have[at] = true
		rel := path.Dir(w.rel)
		if w.rel == "" || path.Base(w.rel) != path.Base(w.file) {
			return nil, false // it is renamed on the way
		}
		if rel == "." {
			rel = ""
		}
		t := target{w.by, rel}
		if files[t] == nil {
			order = append(order, t)
		}
		files[t] = append(files[t], w.file)
	}
	var lines []string
	for _, t := range order {
		line, ok := t.by.line(files[t], t.rel)
		if !ok {
			return nil, false
		}
		lines = append(lines, line)
	}
	// The project's own manifests first, members by folder.
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return lines, true
}
