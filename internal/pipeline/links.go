package pipeline

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/replay"
)

// realName is the path of the file that a path of the repository leads to: a patch
// changes that, and no symbolic link.
func realName(root, name string) (string, error) {
	file := filepath.Join(root, filepath.FromSlash(name))
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real
	}
	dir, err := inside(root, filepath.Dir(file))
	return path.Join(dir, filepath.Base(file)), err
}

// throughLinks replays commits, which know files by their real names.
func throughLinks(root string, r advice.Replay) advice.Replay {
	return func(edits map[string]replay.Edit, memory replay.Memory) (*replay.Result, error) {
		named := map[string]replay.Edit{}
		for name, e := range edits {
			if real, err := realName(root, name); err == nil {
				name = real
			}
			named[name] = e
		}
		return r(named, memory)
	}
}

// unlinked makes edits, and their patch, those of the real files. Where a link leads out
// of the repository there are none to make.
func unlinked(root string, edits []advice.FileEdit, patch string) ([]advice.FileEdit, string) {
	out, moved := slices.Clone(edits), false
	for i := range out {
		name, err := realName(root, out[i].Path)
		if err != nil {
			return nil, ""
		}
		moved = moved || name != path.Clean(out[i].Path)
		out[i].Path = name
	}
	if !moved || patch == "" {
		return out, patch
	}
	var b strings.Builder
	for _, e := range out {
		b.WriteString(dockerfile.Diff(e.Path, e.Before, e.After))
	}
	return out, b.String()
}

// unlink makes all patches those of the real files.
func unlink(root string, all advice.Advice) advice.Advice {
	for i := range all.Suggestions {
		g := &all.Suggestions[i]
		g.Edits, g.Patch = unlinked(root, g.Edits, g.Patch)
		if name, err := realName(root, g.File); err == nil && g.File != "" {
			g.File = name
		}
	}
	if b := all.Best; b != nil {
		if b.Edits, b.Patch = unlinked(root, b.Edits, b.Patch); b.Patch == "" {
			all.Best = nil
		}
	}
	return all
}
