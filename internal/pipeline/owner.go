package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// giveBack gives what the build wrote, into folders that later steps and jobs see, to
// the runner's user.
func (r *runner) giveBack(env Env, o BuildOptions) {
	if !r.inputs {
		return
	}
	var paths []string
	for _, path := range append(localDests(o.Outputs, o.CacheTo), o.ReportDir, o.History) {
		if abs, err := filepath.Abs(path); err == nil && path != "" {
			paths = append(paths, abs)
		}
	}
	for _, folder := range []string{env.getenv("GITHUB_WORKSPACE"), env.getenv("RUNNER_TEMP")} {
		if err := giveBack(folder, paths); folder != "" && err != nil {
			r.log.Warning(err.Error())
		}
	}
}

func localDests(lists ...[]string) (out []string) {
	for _, entry := range slices.Concat(lists...) {
		out = append(out, localDest(entry))
	}
	return out
}

// giveBack gives files and folders below a folder to the user it belongs to, if they are
// ours: the action's container runs as root, and a self-hosted runner that is not could
// remove nothing of it for its next job. Folders in between that are ours go with them. A
// path that is not below the folder, or is not there, is left alone.
// https://github.com/actions/runner/issues/434
func giveBack(folder string, paths []string) error {
	owner, err := ownerOf(os.Stat(folder))
	if err != nil || int(owner.Uid) == os.Getuid() {
		return err
	}
	// No link leads out of it.
	root, err := os.OpenRoot(folder)
	if err != nil {
		return fmt.Errorf("giving files to the runner's user: %w", err)
	}
	defer root.Close()
	give := func(name string) error {
		has, err := ownerOf(root.Lstat(name))
		if err != nil || int(has.Uid) != os.Getuid() {
			return err
		}
		return root.Lchown(name, int(owner.Uid), int(owner.Gid))
	}
	var fault error
	for _, path := range paths {
		rel, err := filepath.Rel(folder, path)
		if err != nil || rel == "." || !filepath.IsLocal(rel) {
			continue
		}
		for dir := filepath.Dir(rel); dir != "."; dir = filepath.Dir(dir) {
			fault = errors.Join(fault, present(give(dir)))
		}
		fault = errors.Join(fault, fs.WalkDir(root.FS(), filepath.ToSlash(rel), func(name string, _ fs.DirEntry, err error) error {
			return present(errors.Join(err, give(name)))
		}))
	}
	if fault != nil {
		return fmt.Errorf("giving files to the runner's user: %w", fault)
	}
	return nil
}

func present(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func ownerOf(fi fs.FileInfo, err error) (*syscall.Stat_t, error) {
	if err != nil {
		return nil, err
	}
	s, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, errors.New("the system does not say whose a file is")
	}
	return s, nil
}
