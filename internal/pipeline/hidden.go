package pipeline

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/history"
)

// hidden is what this build and earlier ones write to themselves: whole folders, and
// beside files of somebody else's, which an image may be made of, our own files alone.
func hidden(o BuildOptions, store *history.Store) []string {
	folders := map[string][]string{o.ReportDir: reportFiles()}
	if store != nil {
		folders[store.Dir()] = append(folders[store.Dir()], store.Files()...)
	}
	out := []string{absolute(DefaultReportDir)}
	for dir := range folders {
		out = append(out, absolute(dir))
	}
	ours := slices.Clone(out)
	for dir, names := range folders {
		if dir = absolute(dir); dir != absolute(DefaultReportDir) && shared(dir, names, ours) {
			out = slices.DeleteFunc(out, func(s string) bool { return s == dir })
			for _, name := range names {
				out = append(out, filepath.Join(dir, name))
			}
		}
	}
	return out
}

// shared says that a folder holds what is neither of these files, as they are or being
// written, nor one of our folders. What is no folder is somebody else's, too.
func shared(dir string, names, ours []string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		own := slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(strings.TrimPrefix(e.Name(), "."), name) })
		return !own && !slices.Contains(ours, filepath.Join(dir, e.Name()))
	})
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// reportFiles are the names of what writeReports writes.
func reportFiles() []string {
	return []string{recordName, baseName, "report.json", "comment.md", "summary.md", "report.html", "trace.json"}
}
