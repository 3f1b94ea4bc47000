package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
)

// rewrite is what a file of the repository becomes.
type rewrite struct {
	path   string // relative to the repository; where a link leads to
	before []byte // nil: it is not there yet
	after  []byte
	mode   fs.FileMode
}

// changesOf carries edits over to what the files are now.
func changesOf(root string, edits []advice.FileEdit) ([]rewrite, error) {
	var out []rewrite
	for _, e := range edits {
		c, err := changeOf(root, e)
		if err != nil {
			return nil, err
		}
		if c.before == nil || string(c.before) != string(c.after) {
			out = append(out, c)
		}
	}
	return out, nil
}

func changeOf(root string, e advice.FileEdit) (rewrite, error) {
	real, err := realName(root, e.Path)
	if err != nil {
		return rewrite{}, usage("change the file by hand, or move it into the repository", "%s lies outside of the repository", e.Path)
	}
	name := filepath.Join(root, filepath.FromSlash(real))
	c := rewrite{path: real, after: e.After, mode: 0o644}
	switch fi, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return rewrite{}, usage("make it readable", "reading %s: %w", e.Path, err)
	case !fi.Mode().IsRegular():
		return rewrite{}, usage("remove what stands there", "%s is no file", e.Path)
	default:
		if c.before, err = os.ReadFile(name); err != nil {
			return rewrite{}, usage("make it readable", "reading %s: %w", e.Path, err)
		}
		c.mode = fi.Mode().Perm()
	}
	if (c.before == nil) != (e.Before == nil) {
		return rewrite{}, movedOn(e.Path)
	}
	if string(c.before) == string(e.Before) {
		return c, nil
	}
	var fits bool
	if c.after, fits = dockerfile.Merge(e.Before, e.After, c.before); !fits {
		return rewrite{}, movedOn(e.Path)
	}
	return c, nil
}

func movedOn(path string) error {
	return usage("run layercause advise again", "%s was changed since it was looked at", path)
}

// patchOf is the changes as one patch.
func patchOf(changes []rewrite) string {
	var b strings.Builder
	for _, c := range changes {
		b.WriteString(dockerfile.Diff(c.path, c.before, c.after))
	}
	return b.String()
}

// writeChanges writes all files or none. Each is written beside its place first, and
// what was moved there is put back if the next one cannot be.
func writeChanges(root string, changes []rewrite) (err error) {
	const hint = "nothing was changed; make the files and their folders writable"
	var temps []string
	defer func() {
		for _, t := range temps {
			os.Remove(t) // those that were moved are gone
		}
	}()
	for _, c := range changes {
		t, err := prepareFile(filepath.Join(root, c.path), c.after, c.mode)
		if err != nil {
			return &Error{ExitFailed, fmt.Errorf("writing %s: %w", c.path, err), hint}
		}
		temps = append(temps, t)
	}
	for i, c := range changes {
		if err := os.Rename(temps[i], filepath.Join(root, c.path)); err != nil {
			return &Error{ExitFailed, errors.Join(fmt.Errorf("writing %s: %w", c.path, err), putBack(root, changes[:i])), hint}
		}
	}
	return nil
}

// prepareFile writes a file under another name in the same folder, with the mode and
// the owner that the file has.
func prepareFile(name string, data []byte, mode fs.FileMode) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return "", err
	}
	ownLike(f, name)
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// ownLike gives a file the owner of another, as far as that is allowed.
func ownLike(f *os.File, like string) {
	if fi, err := os.Stat(like); err == nil {
		if sys, ok := fi.Sys().(*syscall.Stat_t); ok {
			f.Chown(int(sys.Uid), int(sys.Gid))
		}
	}
}

// putBack undoes changes that were made.
func putBack(root string, changes []rewrite) error {
	var all error
	for _, c := range changes {
		name := filepath.Join(root, c.path)
		if c.before == nil {
			all = errors.Join(all, os.Remove(name))
			continue
		}
		t, err := prepareFile(name, c.before, c.mode)
		if err == nil {
			err = os.Rename(t, name)
		}
		all = errors.Join(all, err)
	}
	return all
}
