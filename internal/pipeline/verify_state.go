package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/imagefiles"
)

// errUnfit is an edit that cannot be made to a state of the repository.
var errUnfit = errors.New("the patch does not fit there")

// set makes the copy what the repository is in a state, with edits.
func (t *trees) set(ctx context.Context, s state, edits []advice.FileEdit) error {
	from := filepath.Join(t.dir, string(s))
	for _, path := range t.changing {
		if err := t.remove(path); err != nil {
			return err
		}
	}
	for _, path := range t.changing {
		if err := copyFile(ctx, from, t.tree(), path); err != nil {
			return err
		}
	}
	for _, e := range edits {
		if err := t.edit(e); err != nil {
			return fmt.Errorf("editing %q: %w", e.Path, err)
		}
	}
	return nil
}

// texts are the edited files as they are at the head, and as they are now.
func (t *trees) texts(edits []advice.FileEdit) []imagefiles.Edit {
	var out []imagefiles.Edit
	for _, e := range edits {
		before, _ := os.ReadFile(filepath.Join(t.dir, string(atHead), e.Path)) // nil if it is not there
		after, _ := os.ReadFile(filepath.Join(t.tree(), e.Path))
		out = append(out, imagefiles.Edit{Before: before, After: after})
	}
	return out
}

// remove removes a file, and the folders that are there for nothing else.
func (t *trees) remove(path string) error {
	if fi, err := entryAt(t.tree(), path); err != nil || fi.IsDir() {
		return nil
	}
	if err := os.Remove(filepath.Join(t.tree(), path)); err != nil {
		return err
	}
	for dir := filepath.Dir(path); dir != "."; dir = filepath.Dir(dir) {
		if fi, err := entryAt(t.root, dir); err == nil && fi.IsDir() {
			break
		}
		if os.Remove(filepath.Join(t.tree(), dir)) != nil {
			break // it is not empty
		}
	}
	return nil
}

// edit carries an edit over to what the file is in the present state.
func (t *trees) edit(e advice.FileEdit) error {
	at := filepath.Join(t.tree(), e.Path)
	mode, now := fs.FileMode(0o644), e.After
	switch fi, err := entryAt(t.tree(), e.Path); {
	case errors.Is(err, fs.ErrNotExist) && e.Before == nil:
	case err != nil || e.Before == nil || !fi.Mode().IsRegular():
		return errUnfit
	default:
		text, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		var ok bool
		if now, ok = dockerfile.Merge(e.Before, e.After, text); !ok {
			return errUnfit
		}
		mode = fi.Mode().Perm()
	}
	if e.After == nil {
		return os.Remove(at)
	}
	if err := makeFolders(t.root, t.tree(), filepath.Dir(e.Path)); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(at, now, mode), os.Chmod(at, mode))
}
