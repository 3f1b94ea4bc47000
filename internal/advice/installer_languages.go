package advice

import (
	"path"
	"slices"
	"strings"
)

// classifyNode reads the command line of npm, yarn, pnpm and bun. The lifecycle
// scripts of a package.json are not seen here: one that needs the sources
// (prepare, postinstall) fails when the install moves above them, and then wants
// --ignore-scripts, or the scripts' files copied too.
func classifyNode(args []string, files ...string) action {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return action{}
	}
	rest := args[1:]
	switch args[0] {
	case "config", "set", "cache":
		return action{purpose: harmless, writes: []string{".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml"}}
	case "global":
		return action{purpose: fetch}
	case "ci", "install", "i", "clean-install", "add":
	default:
		return action{}
	}
	if hasFlag(rest, "-g", "--global") {
		if slices.ContainsFunc(plain(rest), func(p string) bool { return strings.HasPrefix(p, ".") || strings.HasPrefix(p, "/") }) {
			return action{}
		}
		return action{purpose: fetch}
	}
	if args[0] == "add" || hasFlag(rest, "--prefix", "-C", "--cwd", "--dir", "--workspace", "-w", "--filter", "-F") ||
		!onlyFlags(rest, "--omit", "--include", "--only", "--registry", "--loglevel", "--cache", "--network-timeout", "--store-dir") {
		return action{}
	}
	return action{purpose: fetch, from: &ecosystem{
		name:     "the packages",
		files:    append([]string{"package.json", ".npmrc"}, files...),
		required: []string{"package.json"},
		folders:  []string{".yarn/releases", ".yarn/plugins", ".yarn/patches", "patches"},
		nested:   "package.json",
		outputs:  []string{"node_modules"},
	}}
}

// classifyCorepack reads the command line of corepack, which takes the package
// manager to fetch from its arguments or from package.json.
func classifyCorepack(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	switch args[0] {
	case "enable", "disable":
		return action{purpose: harmless}
	case "prepare", "install":
		if slices.ContainsFunc(args, func(a string) bool { return strings.Contains(a, "@") }) {
			return action{purpose: harmless}
		}
		return action{purpose: harmless, from: &ecosystem{
			name: "the packages", files: []string{"package.json"}, required: []string{"package.json"}}}
	}
	return action{}
}

func classifyPip(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	switch args[0] {
	case "config", "cache":
		return action{purpose: harmless}
	case "install":
	default:
		return action{}
	}
	a := action{purpose: fetch}
	for i := 1; i < len(args); i++ {
		switch x := args[i]; {
		case x == "-r" || x == "--requirement" || x == "-c" || x == "--constraint":
			if i++; i == len(args) {
				return action{}
			}
			a.named = append(a.named, args[i])
		case strings.HasPrefix(x, "--requirement=") || strings.HasPrefix(x, "--constraint="):
			a.named = append(a.named, x[strings.Index(x, "=")+1:])
		case strings.HasPrefix(x, "-r") && len(x) > 2, strings.HasPrefix(x, "-c") && len(x) > 2:
			a.named = append(a.named, x[2:])
		case slices.Contains([]string{"-i", "--index-url", "--extra-index-url", "--trusted-host", "--timeout", "--retries", "--only-binary", "--no-binary"}, x):
			i++
		case x == "-e" || strings.HasPrefix(x, "--editable") || x == "-f" || strings.HasPrefix(x, "--find-links") || strings.HasPrefix(x, "--target") || x == "-t":
			return action{}
		case strings.HasPrefix(x, "-"):
		case strings.HasPrefix(x, ".") || strings.HasPrefix(x, "$") || strings.Contains(x, "/") || strings.HasSuffix(x, ".whl") || strings.HasSuffix(x, ".gz"):
			return action{} // a path or a URL
		}
	}
	if len(a.named) > 0 {
		a.from = &ecosystem{
			name:     "the Python packages",
			files:    []string{"requirements*.txt", "constraints*.txt", "pip.conf"},
			required: []string{"*"},
			folders:  []string{"requirements"}, // that -r lines may name
		}
	}
	return a
}

func classifyPython(tool string, args []string) action {
	if len(args) == 0 {
		return action{}
	}
	if args[0] == "config" || args[0] == "cache" {
		return action{purpose: harmless, writes: []string{"poetry.toml"}}
	}
	rest := args[1:]
	switch {
	case tool == "uv" && args[0] == "pip":
		return classifyPip(rest)
	case tool == "pipenv" && (args[0] == "install" || args[0] == "sync") && onlyFlags(rest):
		return action{purpose: fetch, from: &ecosystem{
			name: "the Python packages", files: []string{"Pipfile", "Pipfile.lock"},
			required: []string{"Pipfile", "Pipfile.lock"}, outputs: []string{".venv"}}}
	// Without these flags the project itself is installed, which takes its sources.
	case tool == "poetry" && args[0] == "install" && hasFlag(rest, "--no-root") && onlyFlags(rest, "--only", "--with", "--without", "-E", "--extras"),
		tool == "uv" && args[0] == "sync" && hasFlag(rest, "--no-install-project", "--no-install-workspace") && onlyFlags(rest, "--group", "--extra", "--no-group"):
		return action{purpose: fetch, from: &ecosystem{
			name:     "the Python packages",
			files:    []string{"pyproject.toml", "poetry.lock", "poetry.toml", "uv.lock", "uv.toml", ".python-version"},
			required: []string{"pyproject.toml"}, outputs: []string{".venv"}}}
	}
	return action{}
}

// goModules is what go mod download reads. Of a repository with several modules
// or a workspace it may need more.
func goModules() *ecosystem {
	return &ecosystem{
		name: "the Go modules", files: []string{"go.mod", "go.sum"}, required: []string{"go.mod"},
		outputs: []string{"vendor"}, unless: []string{"go.work"}}
}

func classifyGo(args []string) action {
	rest := plain(args)
	switch {
	case len(rest) == 2 && rest[0] == "mod" && rest[1] == "download":
		return action{purpose: fetch, from: goModules()}
	case len(rest) > 1 && rest[0] == "install" && !slices.ContainsFunc(rest[1:], func(p string) bool { return !strings.Contains(p, "@") }):
		return action{purpose: fetch}
	case len(rest) > 0 && rest[0] == "env":
		return action{purpose: harmless}
	}
	return action{}
}

func classifyOther(tool string, args []string) action {
	if len(args) == 0 {
		return action{}
	}
	rest := args[1:]
	switch {
	case tool == "gem" && args[0] == "install" && !slices.ContainsFunc(rest, func(a string) bool { return strings.HasSuffix(a, ".gem") || strings.Contains(a, "/") }):
		return action{purpose: fetch}
	case tool == "gem" && args[0] == "update":
		return action{purpose: harmless}
	case tool == "bundle" && args[0] == "config":
		return action{purpose: harmless, writes: []string{".bundle"}}
	case tool == "bundle" && args[0] == "install" && !hasFlag(rest, "--gemfile") && onlyFlags(rest, "--jobs", "-j", "--retry", "--without", "--path"):
		return action{purpose: fetch, from: &ecosystem{
			name: "the gems", files: []string{"Gemfile", "Gemfile.lock", ".ruby-version", ".tool-versions"},
			required: []string{"Gemfile"}, folders: []string{".bundle"}, outputs: []string{"vendor/bundle"},
			unless: []string{"*.gemspec"}}} // the Gemfile may read it, and it the sources
	// Its scripts and its autoloader read the sources.
	case tool == "composer" && args[0] == "install" && hasFlag(rest, "--no-scripts") && hasFlag(rest, "--no-autoloader") && onlyFlags(rest):
		return action{purpose: fetch, from: &ecosystem{
			name: "the PHP packages", files: []string{"composer.json", "composer.lock"},
			required: []string{"composer.json"}, outputs: []string{"vendor"}}}
	case tool == "mvn" && isMavenDownload(args):
		return action{purpose: fetch, from: &ecosystem{
			name: "the Maven packages", files: []string{"pom.xml"}, required: []string{"pom.xml"},
			folders: []string{".mvn"}, nested: "pom.xml", outputs: []string{"target"}}}
	}
	return action{}
}

// isMavenDownload knows the goals that fetch and do nothing else.
func isMavenDownload(args []string) bool {
	goals := plain(args)
	return len(goals) > 0 && !hasFlag(args, "-f", "--file", "-pl") && !slices.ContainsFunc(goals, func(g string) bool {
		return !strings.HasPrefix(g, "dependency:") || strings.Contains(path.Base(g), "copy")
	})
}
