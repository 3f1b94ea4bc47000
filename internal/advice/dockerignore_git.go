package advice

import (
	"path"
	"slices"
	"strings"
)

// asksGit are words of manifests by which a build takes its version from git.
var asksGit = []string{
	"setuptools_scm", "setuptools-scm", "hatch-vcs", "versioneer", "poetry-dynamic-versioning", "pdm-backend", "uv-dynamic-versioning",
	"vergen", "git-version", "git-commit-id", "git-properties", "gitversion", "MinVer", "nerdbank", "git describe", "git rev-parse",
	"git-rev-sync", "git log", "gitInfo", "jgitver", "axion-release",
}

// manifestsAskGit gives a manifest of the context that takes something from git; it is
// empty if none does, or they cannot be read.
func (s *scene) manifestsAskGit() string {
	if s.ReadFile == nil {
		return ""
	}
	for _, p := range s.context.Paths {
		if strings.Contains(p, "node_modules/") || strings.Count(p, "/") > 2 || !matches([]string{"package.json", "pyproject.toml", "setup.py",
			"setup.cfg", "Cargo.toml", "build.rs", "pom.xml", "build.gradle*", "*.csproj", "Directory.Build.props", "mix.exs", "*.gemspec", "Makefile",
			"vite.config.*", "next.config.*", "webpack.config.*"}, path.Base(p)) {
			continue
		}
		data, err := s.ReadFile(p)
		if err == nil && slices.ContainsFunc(asksGit, func(w string) bool { return strings.Contains(string(data), w) }) {
			return p
		}
	}
	return ""
}

// stamped lists the programs that go build writes the commit into as long as the
// context has a .git. It reports false if there is one whose name is not known.
func (s *scene) stamped() (names []string, ok bool) {
	for _, in := range s.file.Instructions {
		sc, _ := readScript(in)
		for _, words := range sc.commands {
			if len(words) < 2 || words[0] != "go" || words[1] != "build" && words[1] != "install" || slices.Contains(words, "-buildvcs=false") {
				continue
			}
			n := slices.Index(words, "-o")
			if n < 0 || n+1 == len(words) || strings.ContainsAny(words[n+1], "$*"+unreadable) || strings.HasSuffix(words[n+1], "/") {
				return nil, false
			}
			names = append(names, path.Base(words[n+1]))
		}
	}
	for _, in := range s.file.Instructions {
		sources, dest, copies := in.Paths()
		if _, from := in.Flag("from"); !copies || !from {
			continue
		}
		if slices.ContainsFunc(sources, func(p string) bool { return slices.Contains(names, path.Base(p)) }) && !strings.ContainsAny(dest, "$*") {
			names = append(names, path.Base(dest))
		}
	}
	return names, true
}
