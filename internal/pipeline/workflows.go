package pipeline

import (
	"io"
	"os"
	"path"
	"path/filepath"

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
		if text, ok := readRegular(root, file, workflow.MaxSize); ok {
			out = append(out, advice.Workflow{Path: file, Text: text})
		}
	}
	return out
}

// readRegular reads a file below a folder, if it is one and not too large.
func readRegular(root, name string, most int64) ([]byte, bool) {
	f, err := os.OpenInRoot(root, filepath.FromSlash(name))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() || fi.Size() > most {
		return nil, false
	}
	text, err := io.ReadAll(io.LimitReader(f, most))
	return text, err == nil
}
