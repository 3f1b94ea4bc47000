package pipeline

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/workflow"
)

// Bounds on what is read of a repository's workflows.
const (
	mostWorkflows = 50
	workflowDir   = ".github/workflows"
)

// readWorkflows reads the workflows of a repository, sorted by path, and none that
// lies outside of it. What cannot be read is no workflow: nothing depends on it but
// advice.
func readWorkflows(root string) []advice.Workflow {
	if root == "" {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(workflowDir))) // sorted
	if err != nil {
		return nil
	}
	var out []advice.Workflow
	for _, e := range entries {
		ext := path.Ext(e.Name())
		if ext != ".yml" && ext != ".yaml" || !e.Type().IsRegular() || len(out) == mostWorkflows {
			continue
		}
		file := path.Join(workflowDir, e.Name())
		if text, err := readRegular(root, file, workflow.MaxSize); err == nil {
			out = append(out, advice.Workflow{Path: file, Text: text})
		}
	}
	return out
}

// askWorkflows learns from the steps that build this Dockerfile which arguments they
// give another value at each commit.
func (a *advising) askWorkflows(workflows []advice.Workflow) {
	for _, w := range workflows {
		steps, err := workflow.Read(w.Path, w.Text)
		if err != nil {
			continue // the rules that want it say so
		}
		for _, s := range steps {
			if !s.Builds(a.head.Invocation.Context, a.head.Dockerfile.Path, a.head.Invocation.Target) {
				continue
			}
			for _, name := range s.EveryCommit() {
				if _, given := a.args[name]; given || slices.Contains(a.every, name) {
					continue
				}
				a.args[name] = "" // every commit's own
				a.every = append(a.every, name)
				a.note(fmt.Sprintf("the argument %s is taken to be another one at each commit, as %s gives it", name, w.Path), "")
			}
		}
	}
}

// readRegular reads a file below a folder, if it is one and not too large.
func readRegular(folder, name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// A pipe must not be waited for.
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() || fi.Size() > most {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, most)
	}
	return io.ReadAll(io.LimitReader(f, most))
}
