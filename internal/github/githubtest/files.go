package githubtest

import (
	"net/http"
	"strings"
)

// filesLimit is how many files of a pull request GitHub lists.
const filesLimit = 3000

// ChangedFile is one file of a pull request's diff.
type ChangedFile struct {
	Path     string
	Previous string // of a renamed file
	Status   string // empty is "modified"
	// Patch is the diff from its first "@@"; a binary file and one whose diff is
	// too large have none.
	Patch string
}

// AddFiles adds files to the diff of a pull request.
func (s *Server) AddFiles(repository string, number int, files ...ChangedFile) {
	s.changePull(repository, number, func(p *pull) { p.files = append(p.files, files...) })
}

func (s *Server) listFiles(c call) answer {
	p, ok := s.pullOf(c)
	if !ok {
		return problem(http.StatusNotFound, "Not Found")
	}
	list := []any{}
	for _, f := range p.files[:min(len(p.files), filesLimit)] {
		values := map[string]any{"filename": f.Path, "status": f.Status, "sha": strings.Repeat("0", 40)}
		if f.Status == "" {
			values["status"] = "modified"
		}
		if f.Previous != "" {
			values["previous_filename"] = f.Previous
		}
		if f.Patch != "" {
			values["patch"] = f.Patch
		}
		list = append(list, s.description.fill("diff-entry", values))
	}
	return page(c, list)
}
