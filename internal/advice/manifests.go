package advice

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mostMembers is how many manifests of a workspace are copied one by one. With
// more, the Dockerfile is better served by a stage that picks them.
const mostMembers = 20

// mostFiles is how many files may be named one by one in all.
const mostFiles = 40

// mostNamed is how many files and folders manifests may name, mostPatterns how many
// patterns a workspace may have: with more of either nobody wrote them by hand.
const (
	mostNamed    = 500
	mostPatterns = 100
)

// fewFiles is how many files of one folder are named one by one where all of
// them are wanted.
const fewFiles = 3

// wanted is a context file or folder that an install reads, and the COPY that
// takes it.
type wanted struct {
	file string
	rel  string // below the COPY's destination
	by   *copying
	dir  bool
}

// need is what an install reads of the context.
type need struct {
	action
	demand
	*project
	named []string // by path in the image
}

// needOf looks at what an install in the working directory dir needs. It says why
// where its words alone do not tell.
func (p *move) needOf(a action, dir string) (*need, string) {
	n := &need{action: a, project: p.project(dir)}
	for _, file := range a.named {
		if strings.ContainsAny(file, "$*") {
			return nil, "it reads " + file + ", which cannot be followed"
		}
		n.named = append(n.named, inDir(dir, file))
	}
	if a.from.look != nil {
		n.demand = a.from.look(n.project)
	}
	if len(n.demand.files) > mostNamed {
		return nil, fmt.Sprintf("its manifests name %d files", len(n.demand.files))
	}
	return n, ""
}

// project is the folder in the image with all files that come from the context.
func (p *move) project(dir string) *project {
	out := &project{dir: dir, files: map[string]string{}, modes: map[string]fs.FileMode{}, read: p.reader()}
	for i, file := range p.context.Paths {
		for _, c := range slices.Concat(p.early, p.late) {
			if at, _, ok := p.lands(c, file); ok {
				out.files[at], out.modes[at] = file, fs.FileMode(p.context.Modes[i])
				if v, ok := c.in.Flag("chmod"); ok {
					bits, _ := strconv.ParseUint(v, 8, 12) // 0 where it is symbolic
					out.modes[at] = fs.FileMode(bits)
				}
			}
		}
	}
	for i, file := range p.context.Paths {
		if fs.FileMode(p.context.Modes[i]).IsDir() {
			for _, c := range slices.Concat(p.early, p.late) {
				if at, _, ok := p.lands(c, file); ok {
					delete(out.files, at)
				}
			}
		}
	}
	return out
}

// reader reads files that are not too large.
func (p *move) reader() func(string) ([]byte, error) {
	if p.ReadFile == nil {
		return nil
	}
	return func(file string) ([]byte, error) {
		if i, ok := slices.BinarySearch(p.context.Paths, file); ok && i < len(p.context.Sizes) && p.context.Sizes[i] > largestManifest {
			return nil, fmt.Errorf("%s is too large to be a manifest", file)
		}
		return p.ReadFile(file)
	}
}

// manifests gives the COPY lines that an install in the working directory dir
// needs above it. Where the manifests alone are not enough, where they are among
// what changed, or where they cannot be followed, it says so.
func (p *move) manifests(n *need) (lines []string, why string) {
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
			if why := n.blocks(at); why != "" {
				return nil, why
			}
			is, member := n.needs(at)
			if !is {
				continue
			}
			mode := fs.FileMode(p.context.Modes[i])
			if mode.IsDir() {
				continue
			}
			if !mode.IsRegular() {
				return nil, file + " is a link, whose target would have to come along"
			}
			there[at] = true
			if member {
				members++
			}
			found = append(found, wanted{file: file, rel: rel, by: c})
		}
	}
	found = p.folded(n, found)
	switch missing := n.missing(there); {
	case missing != "":
		return nil, missing
	case members > mostMembers || len(found) > mostFiles:
		return nil, fmt.Sprintf("it needs %d files of the context, more than a COPY of each is worth", len(found))
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
func (n *need) needs(at string) (is, member bool) {
	eco, dir := n.from, n.project.dir
	if slices.Contains(n.named, at) || path.Dir(at) == dir && matches(eco.files, path.Base(at)) {
		return true, false
	}
	for _, f := range eco.folders {
		if inside(at, path.Join(dir, f)) {
			return true, false
		}
	}
	for _, f := range n.demand.files {
		if inside(at, path.Join(dir, f)) {
			return true, path.Join(dir, f) == at && path.Dir(at) != dir
		}
	}
	if n.members {
		return false, false
	}
	for _, base := range append([]string{path.Join(dir, "x")}, n.named...) {
		rel, below := strings.CutPrefix(at, path.Dir(base)+"/")
		if below && slices.ContainsFunc(eco.unsure, func(x string) bool { return globbed(x, rel) }) {
			return true, strings.Contains(rel, "/")
		}
	}
	return false, false
}

// blocks says why the context brings what makes the order of install and COPY
// matter, or an install need more than its manifests.
func (n *need) blocks(at string) string {
	rel, below := strings.CutPrefix(at, n.project.dir+"/")
	if !below {
		return ""
	}
	for _, o := range n.from.outputs {
		if strings.Contains("/"+rel+"/", "/"+o+"/") {
			return "the context brings " + o + ", which it writes too; a line of .dockerignore would keep it out"
		}
	}
	if !n.members && slices.ContainsFunc(n.from.unless, func(x string) bool { return globbed(x, rel) }) {
		return rel + " may name files that it needs"
	}
	return ""
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// missing names what an install fails without and what is not there.
func (n *need) missing(there map[string]bool) string {
	for _, at := range n.named {
		if !there[at] {
			return "it reads " + path.Base(at) + ", which the context does not bring"
		}
	}
	for at := range there {
		rel := relative(n.project.dir, at)
		if slices.ContainsFunc(n.from.required, func(x string) bool { return globbed(x, rel) }) {
			return ""
		}
	}
	if len(n.from.required) > 0 {
		return "the context brings no " + n.from.required[0] + " for it"
	}
	return ""
}

// folded puts a folder in the place of its files where all of them are wanted and
// they are many or lie in folders of their own.
func (p *move) folded(n *need, found []wanted) []wanted {
	for _, f := range slices.Concat(n.from.folders, n.demand.files) {
		folder := path.Join(n.project.dir, f)
		var in []int
		deep := false
		for i, w := range found {
			at, _, _ := p.lands(w.by, w.file)
			if rel, ok := strings.CutPrefix(at, folder+"/"); ok && !w.dir {
				in = append(in, i)
				deep = deep || strings.Contains(rel, "/")
			}
		}
		if len(in) <= fewFiles && !deep || len(in) == 0 {
			continue
		}
		first := found[in[0]]
		at, _, _ := p.lands(first.by, first.file)
		below := strings.TrimPrefix(at, folder)
		source, same := strings.CutSuffix(first.file, below)
		rel, sameRel := strings.CutSuffix(first.rel, below)
		if !same || !sameRel || source == "" || rel == "" || slices.ContainsFunc(in, func(i int) bool { return found[i].by != first.by }) {
			continue
		}
		kept := found[:0:0]
		for i, w := range found {
			if i == in[0] {
				kept = append(kept, wanted{file: source, rel: rel, by: first.by, dir: true})
			} else if !slices.Contains(in, i) {
				kept = append(kept, w)
			}
		}
		found = kept
	}
	return found
}

// copyLines writes one COPY for each folder that files go to, and leaves out
// what a COPY higher up or a line for an earlier install brings already.
func (p *move) copyLines(found []wanted, early map[string]bool) ([]string, string) {
	type target struct {
		by  *copying
		rel string
	}
	var order []target
	files := map[target][]string{}
	for _, w := range found {
		at := path.Join(inDir(p.dirs[w.by.index], w.by.dest), w.rel)
		if p.have[at] || early[at] {
			continue
		}
		p.have[at] = true
		rel := path.Dir(w.rel)
		if w.rel == "" || path.Base(w.rel) != path.Base(w.file) {
			return nil, w.file + " is renamed on its way into the image"
		}
		if rel == "." {
			rel = ""
		}
		if w.dir { // the content of a folder is copied, so that it keeps its name
			rel = w.rel
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
			return nil, "a file that it needs has a name that would need quotes"
		}
		lines = append(lines, line)
	}
	// The project's own manifests first, members by folder.
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return lines, ""
}
