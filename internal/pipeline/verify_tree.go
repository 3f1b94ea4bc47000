package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher/ignorefile"
	fscopy "github.com/tonistiigi/fsutil/copy"

	"github.com/layercause/layercause/internal/advice"
)

// state is one of the two states of the repository that a verification builds.
type state string

const (
	atBase state = "base"
	atHead state = "head"
)

// trees is a copy of the files that are built. It takes on the states of the
// repository one after the other; the work tree is only read.
type trees struct {
	dir  string // holds the copy, and the changing files as they are in each state
	root string // of the repository, without symbolic links
	// changing are the files that are not the same in all states, relative to root.
	changing []string
}

// treePlan says what trees are made of.
type treePlan struct {
	root    string
	folders []string // contexts
	files   []string // that a build reads besides, if they are there
	hidden  []string // absolute paths that stay out
	ignore  string   // the .dockerignore that applies, empty if there is none
	edits   []advice.FileEdit
	base    string // commit
	changes []fileChange
}

// fileChange is what a cause says of a file: how it changed from base to head.
type fileChange struct{ path, change string }

// tree is where the copy of the repository's root lies.
func (t *trees) tree() string { return filepath.Join(t.dir, "tree") }

// path is where the copy has a file or a folder of the repository.
func (t *trees) path(of string) (string, error) {
	rel, err := t.rel(of)
	return filepath.Join(t.tree(), rel), err
}

// rel is a path relative to the repository.
func (t *trees) rel(of string) (string, error) {
	abs, err := realPath(of)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(t.root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%q is not in the repository", of)
	}
	return rel, nil
}

// realPath is an absolute path whose folders are no symbolic links. What is no folder
// need not be there.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if isDir(abs) {
		return filepath.EvalSymlinks(abs)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	return abs, nil
}

// newTrees copies what is built. It is removed with close.
func newTrees(ctx context.Context, p treePlan) (*trees, error) {
	root, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return nil, err
	}
	t := &trees{root: root}
	if t.dir, err = os.MkdirTemp("", "layercause-verify-"); err != nil {
		return nil, err
	}
	if err := t.fill(ctx, p); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func (t *trees) close() { os.RemoveAll(t.dir) }

func (t *trees) fill(ctx context.Context, p treePlan) error {
	places := slices.Concat(p.folders, p.files)
	changed, err := changedSince(ctx, t.root, p.base, filepath.Join(t.dir, string(atBase)), places)
	if err != nil {
		return err
	}
	t.changing = slices.Clone(changed)
	for _, c := range p.changes {
		t.changing = append(t.changing, c.path)
	}
	for _, e := range p.edits {
		if !filepath.IsLocal(e.Path) {
			return fmt.Errorf("%q is not in the repository", e.Path)
		}
		t.changing = append(t.changing, e.Path)
	}
	slices.Sort(t.changing)
	t.changing = slices.Compact(t.changing)
	if err := t.copyPlaces(ctx, p, changed); err != nil {
		return err
	}
	for _, path := range t.changing {
		if err := copyFile(ctx, t.root, filepath.Join(t.dir, string(atHead)), path); err != nil {
			return err
		}
		if _, ok := slices.BinarySearch(changed, path); !ok {
			if err := copyFile(ctx, t.root, filepath.Join(t.dir, string(atBase)), path); err != nil {
				return err
			}
		}
		if err := t.keepMode(path); err != nil {
			return err
		}
	}
	for _, c := range p.changes {
		if _, ok := slices.BinarySearch(changed, c.path); !ok {
			if err := t.standIn(c); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyPlaces copies the contexts and the files read besides. What the .dockerignore
// keeps out of every build that is to come stays out of the copy too.
func (t *trees) copyPlaces(ctx context.Context, p treePlan, changed []string) error {
	var out []string
	if p.ignore != "" && !t.loosens(p, changed) {
		if f, err := os.Open(p.ignore); err == nil {
			out, err = ignorefile.ReadAll(f)
			f.Close()
			if err != nil {
				return fmt.Errorf("reading %q: %w", p.ignore, err)
			}
		}
	}
	for i, folder := range p.folders {
		to, err := t.path(folder)
		if err != nil {
			return err
		}
		if folder, err = realPath(folder); err != nil {
			return err
		}
		exclude := out
		if i > 0 {
			exclude = nil // the rules are those of the first one, the build's context
		}
		for _, h := range p.hidden {
			if h, err = realPath(h); err != nil {
				return err
			}
			if rel, err := filepath.Rel(folder, h); err == nil && filepath.IsLocal(rel) && rel != "." {
				exclude = append(slices.Clone(exclude), filepath.ToSlash(rel))
			}
		}
		err = fscopy.Copy(ctx, folder, "/", to, "/", fscopy.WithCopyInfo(fscopy.CopyInfo{
			CopyDirContents: true, ExcludePatterns: exclude, Chown: keepOwner, AlwaysReplaceExistingDestPaths: true,
		}), fscopy.AllowXAttrErrors)
		if err != nil {
			return fmt.Errorf("copying the build context: %w", err)
		}
	}
	for _, f := range p.files {
		rel, err := t.rel(f)
		if err != nil {
			return err
		}
		if err := copyFile(ctx, t.root, t.tree(), rel); err != nil {
			return err
		}
	}
	return nil
}

// keepOwner leaves a copy to who makes it: a context has no owners.
func keepOwner(*fscopy.User) (*fscopy.User, error) { return nil, nil }

// loosens says that some state lets more into the context than the work tree does.
func (t *trees) loosens(p treePlan, changed []string) bool {
	ignore, err := t.rel(p.ignore)
	if err != nil {
		return true
	}
	isRules := func(path string) bool { return strings.HasSuffix(path, ".dockerignore") }
	if slices.ContainsFunc(changed, isRules) {
		return true
	}
	for _, e := range p.edits {
		if !isRules(e.Path) {
			continue
		}
		if filepath.Clean(e.Path) != ignore {
			return true // one that applies in its place
		}
		before, after := strings.Split(string(e.Before), "\n"), strings.Split(string(e.After), "\n")
		lost := slices.ContainsFunc(before, func(l string) bool { return !slices.Contains(after, l) })
		if lost || slices.ContainsFunc(after, func(l string) bool { return strings.HasPrefix(l, "!") && !slices.Contains(before, l) }) {
			return true
		}
	}
	return false
}

// entryAt is what lies below a folder, on a way without symbolic links: these may lead
// out of the copy, into the work tree.
func entryAt(dir, rel string) (fs.FileInfo, error) {
	names := strings.Split(filepath.Clean(rel), string(filepath.Separator))
	for i := range names {
		fi, err := os.Lstat(filepath.Join(dir, filepath.Join(names[:i+1]...)))
		if err != nil || i == len(names)-1 {
			return fi, err
		}
		if !fi.IsDir() {
			break
		}
	}
	return nil, fs.ErrNotExist
}

// copyFile copies one entry with its mode and its times, if it is there. Folders are
// left alone.
func copyFile(ctx context.Context, from, to, rel string) error {
	fi, err := entryAt(from, rel)
	if err != nil || fi.IsDir() {
		return nil
	}
	target := filepath.Join(to, rel)
	if err := makeFolders(from, to, filepath.Dir(rel)); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	err = fscopy.Copy(ctx, from, rel, to, rel, fscopy.WithCopyInfo(fscopy.CopyInfo{Chown: keepOwner}), fscopy.AllowXAttrErrors)
	if err != nil {
		return fmt.Errorf("copying %q: %w", rel, err)
	}
	return nil
}

// makeFolders makes folders with the modes that they have where a file comes from: a
// COPY takes them too.
func makeFolders(from, to, rel string) error {
	dir := to
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	at := from
	for _, name := range strings.Split(filepath.Clean(rel), string(filepath.Separator)) {
		dir, at = filepath.Join(dir, name), filepath.Join(at, name)
		if fi, err := os.Lstat(dir); err == nil {
			if !fi.IsDir() {
				return fmt.Errorf("%q is no folder", rel)
			}
			continue
		}
		mode := fs.FileMode(0o755)
		if fi, err := os.Stat(at); err == nil {
			mode = fi.Mode().Perm()
		}
		if err := errors.Join(os.Mkdir(dir, mode), os.Chmod(dir, mode)); err != nil {
			return err
		}
	}
	return nil
}

// keepMode gives a file of the base the mode of the head's, if git takes the two for
// the same: a checkout has the umask's.
func (t *trees) keepMode(path string) error {
	base, err := os.Lstat(filepath.Join(t.dir, string(atBase), path))
	if err != nil || !base.Mode().IsRegular() {
		return nil
	}
	head, err := os.Lstat(filepath.Join(t.dir, string(atHead), path))
	if err != nil || !head.Mode().IsRegular() || head.Mode()&0o100 != base.Mode()&0o100 {
		return nil
	}
	return os.Chmod(filepath.Join(t.dir, string(atBase), path), head.Mode())
}

// standIn makes a file of the base that git does not have: of one that the build
// before had otherwise only is known that it did. A line more, or another mode, is
// enough to lose the cache to it.
func (t *trees) standIn(c fileChange) error {
	path := filepath.Join(t.dir, string(atBase), c.path)
	fi, err := os.Lstat(path)
	switch {
	case c.change == "added":
		return os.RemoveAll(path)
	case c.change == "removed" && errors.Is(err, fs.ErrNotExist):
		if err := makeFolders(t.root, filepath.Join(t.dir, string(atBase)), filepath.Dir(c.path)); err != nil {
			return err
		}
		return os.WriteFile(path, []byte("\n"), 0o644)
	case err != nil || !fi.Mode().IsRegular():
		return nil
	case c.change == "mode":
		return os.Chmod(path, fi.Mode()^0o020)
	case c.change == "content":
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("\n")
		return errors.Join(err, f.Close())
	}
	return nil
}

// differ says that the two states are not the same.
func (t *trees) differ() bool {
	return slices.ContainsFunc(t.changing, func(path string) bool {
		x, xerr := os.Lstat(filepath.Join(t.dir, string(atBase), path))
		y, yerr := os.Lstat(filepath.Join(t.dir, string(atHead), path))
		if xerr != nil || yerr != nil {
			return (xerr == nil) != (yerr == nil)
		}
		if x.Mode() != y.Mode() || x.Size() != y.Size() {
			return true
		}
		a, _ := os.ReadFile(filepath.Join(t.dir, string(atBase), path))
		b, _ := os.ReadFile(filepath.Join(t.dir, string(atHead), path))
		return string(a) != string(b)
	})
}
