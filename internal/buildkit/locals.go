package buildkit

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tonistiigi/fsutil"

	"github.com/layercause/layercause/internal/buildcontext"
)

// locals are the folders that the daemon may read from, by name. It implements
// filesync.DirSource.
type locals struct {
	indexDir string
	hidden   []string
	trees    map[string]*buildcontext.Tree
}

func newLocals(indexDir string, hidden []string) *locals {
	return &locals{indexDir: indexDir, hidden: hidden, trees: map[string]*buildcontext.Tree{}}
}

// LookupDir implements filesync.DirSource.
func (l *locals) LookupDir(name string) (fsutil.FS, bool) {
	t, ok := l.trees[name]
	return t, ok
}

func (l *locals) add(name, dir string) error {
	t, err := buildcontext.Open(dir, l.index(name, dir))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &UsageError{fmt.Sprintf("the folder %q of context %q does not exist", dir, name), "check the path; it is relative to the current folder"}
	case err != nil:
		return &UsageError{fmt.Sprintf("reading the folder of context %q: %v", name, err), "name a readable folder"}
	}
	if fi, err := os.Stat(dir); err == nil && !fi.IsDir() {
		return &UsageError{fmt.Sprintf("context %q is not a folder: %q", name, dir), "name a folder, an image (docker-image://), an OCI layout (oci-layout://) or a URL"}
	}
	for _, p := range l.hidden {
		t.Hide(p)
	}
	l.trees[name] = t
	return nil
}

// index opens the file index of a source. From the Dockerfile's folder only a
// file or two are read.
func (l *locals) index(name, dir string) *buildcontext.Index {
	root, err := filepath.Abs(dir)
	if l.indexDir == "" || name == "dockerfile" || err != nil {
		return nil
	}
	return buildcontext.OpenIndex(l.indexDir, root, time.Now())
}

// save writes the indexes; it is only a shortcut for the next build, so that an
// error is a warning.
func (l *locals) save() (warnings []string) {
	for _, name := range slices.Sorted(maps.Keys(l.trees)) {
		if err := l.trees[name].SaveIndex(); err != nil {
			warnings = append(warnings, err.Error())
		}
	}
	return warnings
}
