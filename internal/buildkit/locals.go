package buildkit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
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

	mu      sync.Mutex
	indexes map[string]*buildcontext.Index
}

func newLocals(indexDir string, hidden []string) *locals {
	return &locals{indexDir: indexDir, hidden: hidden, trees: map[string]*buildcontext.Tree{}, indexes: map[string]*buildcontext.Index{}}
}

// LookupDir implements filesync.DirSource.
func (l *locals) LookupDir(name string) (fsutil.FS, bool) {
	t, ok := l.trees[name]
	return t, ok
}

func (l *locals) add(name, dir string) error {
	t, err := buildcontext.Open(dir)
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

// index opens the file index of a source once.
func (l *locals) index(name string, now time.Time) *buildcontext.Index {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.indexDir == "" {
		return nil
	}
	x, ok := l.indexes[name]
	if !ok {
		x = buildcontext.OpenIndex(l.indexDir, l.trees[name].Root(), now)
		l.indexes[name] = x
	}
	return x
}

// save writes the indexes; it is only a shortcut for the next build, so that an
// error is a warning.
func (l *locals) save() (warnings []string) {
	for _, x := range l.indexes {
		if err := x.Save(); err != nil {
			warnings = append(warnings, err.Error())
		}
	}
	return warnings
}
