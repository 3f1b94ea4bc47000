package replay

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// reader puts together what git printed.
type reader struct {
	git     git
	options Options
	commits []logged // the newest first
	tree    map[string]object

	linked   bool                // the Dockerfile is a link
	targets  map[string]string   // what links say, by their objects
	paths    []string            // where the files that say how to build are in the newest commit
	lacks    int                 // how many versions of these files the clone does not have
	versions []map[string]object // by commit, the oldest first: the files that say how to build
}

// history takes the trees back to the oldest commit.
func (r *reader) history(ctx context.Context) (*History, error) {
	n := len(r.commits)
	changes := make([][]change, n)
	r.versions = make([]map[string]object, n)
	names := r.names()
	for i, c := range r.commits { // i commits before the newest
		at := n - 1 - i
		files, err := r.look(ctx, names)
		if err != nil {
			return nil, err
		}
		if r.versions[at] = files; i == n-1 {
			break
		}
		for _, x := range c.changes {
			if x.before.mode == 0 {
				delete(r.tree, x.path)
			} else {
				r.tree[x.path] = x.before
			}
			if p, ok := r.inContext(x.path); ok {
				changes[at] = append(changes[at], change{p, contentOf(x.after)})
			}
		}
		names = r.moved(names, c.changes)
	}
	first := make(map[string]content, len(r.tree))
	for p, o := range r.tree {
		if p, ok := r.inContext(p); ok {
			first[p] = contentOf(o)
		}
	}
	if !slices.ContainsFunc(r.versions, func(v map[string]object) bool { return v[r.options.Dockerfile].mode != 0 }) {
		if r.linked {
			return nil, &Error{Text: fmt.Sprintf("the Dockerfile %q is a symbolic link", r.options.Dockerfile), Hint: "name the file that it leads to"}
		}
		return nil, &Error{
			Text: fmt.Sprintf("none of the last %s has a Dockerfile at %q", count(n, "commit", "commits"), r.options.Dockerfile),
			Hint: "name it relative to the repository, and commit it",
		}
	}
	states, err := r.states(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.follow(ctx, first, changes); err != nil {
		return nil, err
	}
	folders(first, changes)
	if r.options.Context == "." {
		for p, c := range dotGit {
			first[p] = c
		}
	}
	out := make([]Commit, n)
	for i, c := range r.commits {
		out[n-1-i] = c.Commit
	}
	h := newHistory(out, newTree(first, changes), states)
	h.Notes = r.notes(h)
	return h, nil
}

// notes are what the files tell that a reader has to know.
func (r *reader) notes(h *History) []Note {
	var out []Note
	if r.lacks > 0 {
		out = append(out, Note{
			fmt.Sprintf("the clone lacks %s that say how to build, as a partial one does; their commits are left out", count(r.lacks, "version of the files", "versions of the files")),
			"clone without --filter, or build in a clone that has been fetched in full",
		})
	}
	newest := h.states[len(h.states)-1]
	if newest.file.data == nil && r.lacks == 0 {
		out = append(out, Note{fmt.Sprintf("the newest commit has no Dockerfile at %q", r.options.Dockerfile), ""})
	}
	if ref, _ := dockerfile.Syntax(newest.file.data); ref != "" && !strings.Contains(ref, "docker/dockerfile:1") {
		out = append(out, Note{fmt.Sprintf("the Dockerfile is read by BuildKit's own frontend and not by %q, which its syntax line names", ref), ""})
	}
	if slices.ContainsFunc(h.tree.contents, func(c content) bool { return c.kind == module }) {
		out = append(out, Note{"submodules are taken as the empty folders that a checkout without them has", ""})
	}
	return out
}

// dotGit is the repository's own folder, part of a context that is the whole
// checkout: enough of it to see which of it an ignore file lets through.
var dotGit = map[string]content{
	".git": plain, ".git/HEAD": {kind: restless}, ".git/index": {kind: restless},
	".git/logs": plain, ".git/logs/HEAD": {kind: restless},
	".git/objects": plain, ".git/objects/00": plain, ".git/objects/00/" + strings.Repeat("0", 38): {kind: restless},
	".git/refs": plain, ".git/refs/heads": plain, ".git/refs/heads/main": {kind: restless},
}

// contentOf is what a checkout makes of an object.
func contentOf(o object) content {
	switch o.mode {
	case 0:
		return content{}
	case modeLink:
		return content{link, o.id}
	case modeModule:
		return content{module, ""}
	case modeExecutable:
		return content{file, "x" + o.id}
	}
	return content{file, o.id}
}

// inContext gives a path relative to the context. What no checkout can hold is in
// none.
func (r *reader) inContext(p string) (string, bool) {
	if len(p) > maxPath || strings.ContainsRune(p, 0) {
		return "", false
	}
	for word := range strings.SplitSeq(p, "/") {
		if word == "" || word == "." || word == ".." || strings.EqualFold(word, ".git") {
			return "", false
		}
	}
	return inside(r.options.Context, p)
}

// names are the Dockerfile's path and that of the ignore files that go with it.
func (r *reader) names() []string {
	return []string{r.options.Dockerfile, ignoredBy(r.options.Dockerfile), ignoreFile(r.options.Context)}
}

// look gives the objects of the files that say how to build.
func (r *reader) look(ctx context.Context, names []string) (map[string]object, error) {
	out := map[string]object{}
	var paths []string
	for i, p := range names {
		if i == 0 && r.tree[p].mode == modeLink {
			r.linked = true
		} else if i > 0 {
			var err error
			if p, err = r.leads(ctx, p); err != nil {
				return nil, err
			}
		}
		if o := r.tree[p]; o.mode == modeFile || o.mode == modeExecutable {
			out[r.names()[i]] = o
		}
		paths = append(paths, p)
	}
	if r.paths == nil {
		r.paths = paths // the newest commit is looked at first
	}
	return out, nil
}

// mostLinks is how many links are followed one after the other.
const mostLinks = 8

// leads gives the path of what an ignore file is a link to, as BuildKit finds it:
// below the file's folder, wherever the link points. Links to folders are not followed.
func (r *reader) leads(ctx context.Context, p string) (string, error) {
	root, at := path.Dir(p), "/"+path.Base(p)
	for range mostLinks {
		o := r.tree[path.Join(root, at)]
		if o.mode != modeLink {
			break
		}
		to, known := r.targets[o.id]
		if !known {
			texts, err := r.git.blobs(ctx, []string{o.id})
			if err != nil {
				return "", err
			}
			if r.targets == nil {
				r.targets = map[string]string{}
			}
			to = string(texts[o.id])
			r.targets[o.id] = to
		}
		if path.IsAbs(to) {
			at = path.Clean(to)
		} else {
			at = path.Join(path.Dir(at), to)
		}
	}
	return path.Join(root, at), nil
}

// moved follows the Dockerfile back to where it was before a commit that only moved
// it: the file of the same content, or else the only file of the same name that the
// commit removed. The tree is that before the commit.
func (r *reader) moved(names []string, changes []rawChange) []string {
	if _, there := r.tree[names[0]]; there {
		return names
	}
	i := slices.IndexFunc(changes, func(c rawChange) bool { return c.path == names[0] })
	if i < 0 {
		return names
	}
	var equal, named []string
	for _, c := range changes {
		if c.after.mode != 0 || c.before.mode != modeFile && c.before.mode != modeExecutable {
			continue
		}
		if c.before.id == changes[i].after.id {
			equal = append(equal, c.path)
		}
		if path.Base(c.path) == path.Base(names[0]) {
			named = append(named, c.path)
		}
	}
	for _, found := range [][]string{equal, named} {
		if len(found) == 1 {
			return []string{found[0], ignoredBy(found[0]), names[2]}
		}
	}
	return names
}

// states reads the texts of the files that say how to build.
func (r *reader) states(ctx context.Context) ([]state, error) {
	var ids []string
	for _, v := range r.versions {
		for _, o := range v {
			ids = append(ids, o.id)
		}
	}
	texts, err := r.git.blobs(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := r.names()
	out := make([]state, len(r.versions))
	lacks := map[string]bool{}
	for i, v := range r.versions {
		read := func(n int) named {
			o, ok := v[names[n]]
			if !ok {
				return named{path: r.paths[n]}
			}
			data, ok := texts[o.id]
			if !ok {
				lacks[o.id] = true
			}
			return named{r.paths[n], r.options.ended(data)}
		}
		out[i] = state{file: read(0), own: read(1), root: read(2)}
	}
	r.lacks = len(lacks)
	return out, nil
}

// follow reads where links lead.
func (r *reader) follow(ctx context.Context, first map[string]content, changes [][]change) error {
	var ids []string
	for _, c := range first {
		if c.kind == link {
			ids = append(ids, c.id)
		}
	}
	for _, list := range changes {
		for _, c := range list {
			if c.after.kind == link {
				ids = append(ids, c.after.id)
			}
		}
	}
	texts, err := r.git.blobs(ctx, ids)
	if err != nil {
		return err
	}
	for p, c := range first {
		if c.kind == link {
			first[p] = content{link, string(texts[c.id])}
		}
	}
	for _, list := range changes {
		for i, c := range list {
			if c.after.kind == link {
				list[i].after.id = string(texts[c.after.id])
			}
		}
	}
	return nil
}
