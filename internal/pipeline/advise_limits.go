package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/replay"
)

// judgeCommits says what the checkout and its history do not tell.
func (a *advising) judgeCommits(ctx context.Context) {
	if err := a.commits.err; err != nil {
		var known *replay.Error
		text, hint := err.Error(), "run it in a checkout with its .git folder"
		_, missing := exec.LookPath("git")
		switch {
		case errors.As(err, &known):
			hint = known.Hint
		case missing != nil:
			text, hint = "there is no git program", "install git"
		}
		a.note(text+"; no commit was replayed", hint)
	}
	if h := a.commits.history; h != nil {
		for _, n := range h.Notes {
			a.note(n.Text, n.Hint)
		}
	}
	a.sparse(ctx)
	a.submodules(ctx)
	a.pointers(ctx)
}

// sparse says that the checkout lacks files which the commits have: what rules read, such
// as the manifests of a workspace, may be among them.
func (a *advising) sparse(ctx context.Context) {
	n := 0
	for entry := range strings.SplitSeq((git{ctx, a.Context}).run("ls-files", "-z", "-t"), "\x00") {
		if strings.HasPrefix(entry, "S ") {
			n++
		}
	}
	switch {
	case n == 1:
		a.note("the checkout is sparse: a file of the build context is not there, and a suggestion may not know of it", "git sparse-checkout disable")
	case n > 1:
		a.note(fmt.Sprintf("the checkout is sparse: %d files of the build context are not there, and a suggestion may not know of them", n),
			"git sparse-checkout disable")
	}
}

// judgeBuilds says how many commits could not be replayed.
func (a *advising) judgeBuilds(ctx context.Context, builds []advice.Replayed) {
	unread := 0
	for _, b := range builds {
		if b.Unread {
			unread++
		}
	}
	if unread == 0 {
		return
	}
	hint := ""
	switch {
	case (git{ctx, a.Context}).run("config", "--get-regexp", `^remote\..*\.partialclonefilter$`) != "":
		hint = "the clone is a partial one, which lacks files of earlier commits; clone without --filter"
	case unread == len(builds) && a.Target != "":
		hint = "name the stage of --target by its name, and one that the commits have"
	}
	a.note(fmt.Sprintf("%d of the %d commits count as if nothing re-ran: their Dockerfile is not there or cannot be read", unread, len(builds)), hint)
}

// submodules says which parts of the context belong to another repository.
func (a *advising) submodules(ctx context.Context) {
	if _, err := os.Lstat(filepath.Join(a.Root, ".gitmodules")); err != nil {
		return
	}
	below, err := inside(a.Root, a.Context)
	if err != nil {
		return
	}
	var empty, full []string
	list := git{ctx, a.Root}.run("config", "--file", ".gitmodules", "--null", "--get-regexp", `^submodule\..*\.path$`)
	for entry := range strings.SplitSeq(list, "\x00") {
		_, path, _ := strings.Cut(entry, "\n")
		if !filepath.IsLocal(path) || below != "." && path != below && !strings.HasPrefix(path, below+"/") {
			continue
		}
		if files, err := os.ReadDir(filepath.Join(a.Root, path)); err != nil || len(files) == 0 {
			empty = append(empty, path)
		} else {
			full = append(full, path)
		}
	}
	if len(empty) > 0 {
		a.note(fmt.Sprintf("%s not checked out: what a COPY takes of it is not seen", areModules(empty)),
			"git submodule update --init, or submodules: true of actions/checkout")
	}
	if len(full) > 0 {
		a.note(fmt.Sprintf("%s another repository: what changed in it was not replayed", areModules(full)), "")
	}
}

func areModules(paths []string) string {
	if len(paths) == 1 {
		return "the submodule " + paths[0] + " is"
	}
	return fmt.Sprintf("the submodules %s and %d more are each", paths[0], len(paths)-1)
}

// Bounds of the search for pointers of Git LFS.
const (
	pointerMark  = "version https://git-lfs.github.com/spec/"
	pointerSize  = 1024 // bytes, by its specification
	mostPointers = 10_000
)

// pointers says that files of Git LFS are there only as pointers.
func (a *advising) pointers(ctx context.Context) {
	attributes, err := os.ReadFile(filepath.Join(a.Root, ".gitattributes"))
	if err != nil || !bytes.Contains(attributes, []byte("filter=lfs")) {
		return
	}
	first, n := "", 0
	list := git{ctx, a.Context}.run("ls-files", "-z", "--", ":(attr:filter=lfs)")
	for i, path := range strings.Split(list, "\x00") {
		if path == "" || i == mostPointers {
			break
		}
		name := filepath.Join(a.Context, path)
		if fi, err := os.Lstat(name); err != nil || !fi.Mode().IsRegular() || fi.Size() > pointerSize {
			continue
		}
		if data, err := os.ReadFile(name); err == nil && bytes.HasPrefix(data, []byte(pointerMark)) {
			if n++; n == 1 {
				first = path
			}
		}
	}
	switch {
	case n == 1:
		a.note(fmt.Sprintf("%s is only a pointer of Git LFS: its size and what reads it are not those of a build", first), "git lfs pull, or lfs: true of actions/checkout")
	case n > 1:
		a.note(fmt.Sprintf("%d files are only pointers of Git LFS, such as %s: their sizes and what reads them are not those of a build", n, first),
			"git lfs pull, or lfs: true of actions/checkout")
	}
}
