package advice

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// unneeded gives the .dockerignore line for a context file that no image needs,
// or "".
func (s *scene) unneeded(file string) string {
	parts := strings.Split(file, "/")
	switch top := parts[0]; top {
	case ".git", ".github", ".gitlab", ".circleci", ".vscode", ".idea", ".devcontainer",
		// What builds and test runs leave behind.
		".next", ".nuxt", ".coverage", ".nyc_output", ".venv", ".tox", ".gradle", ".terraform",
		// Files that only continuous integration, compose or Docker read.
		".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "Jenkinsfile",
		"docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml", ".dockerignore":
		return top
	case "dist", "build", "target", "coverage":
		if s.makes(top) {
			return top
		}
		return ""
	}
	for i, part := range parts {
		switch part {
		case "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".DS_Store":
			if i == 0 && part == "node_modules" {
				return part
			}
			return "**/" + part
		}
	}
	if path.Ext(file) == ".log" {
		return "**/*.log"
	}
	// BuildKit gets the Dockerfile whatever the .dockerignore says.
	if own := path.Clean(s.Head.Dockerfile.Path); own == path.Join(s.Head.Invocation.Context, file) {
		return file
	}
	return ""
}

// makes says whether a build of this project makes the folder, going by the
// project's manifest and by a RUN that builds: else it may hold sources, or what
// was built outside for the image to take.
func (s *scene) makes(folder string) bool {
	markers := []string{"package.json", "pyproject.toml", "setup.py"}
	if folder == "target" {
		markers = []string{"Cargo.toml", "pom.xml"}
	}
	builds := false
	for _, in := range s.file.Instructions {
		for _, w := range []string{"build", "compile", "tsc", "webpack", "vite", "package", "cargo", "mvn"} {
			builds = builds || in.Command == "RUN" && hasPath(in.Text, w)
		}
	}
	return builds && slices.ContainsFunc(markers, func(m string) bool {
		_, ok := slices.BinarySearch(s.context.Paths, m)
		return ok
	})
}

// list joins lines as in a sentence, and counts those beyond the third.
func list(lines []string) string {
	if len(lines) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(lines[:3], ", "), len(lines)-3)
	}
	if n := len(lines); n > 1 {
		return strings.Join(lines[:n-1], ", ") + " and " + lines[n-1]
	}
	return lines[0]
}

func count(files int) string {
	if files == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", files)
}

// size writes bytes with one decimal, in units of 1000.
func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d bytes", bytes)
	case bytes < 1000*1000:
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	case bytes < 1000*1000*1000:
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
