package advice

import (
	"slices"
	"strings"
)

// pipValued are the flags of pip install whose value is the next word and names
// no file.
var pipValued = []string{"-i", "--index-url", "--extra-index-url", "--trusted-host", "--timeout", "--retries", "--only-binary", "--no-binary",
	"--prefix", "--root", "--progress-bar", "--platform", "--python-version", "--python", "-p", "--index-strategy", "--log", "--upgrade-strategy"}

func classifyPip(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	switch args[0] {
	case "config", "cache":
		return action{purpose: harmless}
	case "install", "sync", "wheel", "download":
	default:
		return action{}
	}
	a := action{purpose: fetch}
	var links []string
	for i := 1; i < len(args); i++ {
		switch x := args[i]; {
		case x == "-r" || x == "--requirement" || x == "-c" || x == "--constraint" || x == "-b" || x == "--build-constraint":
			if i++; i == len(args) {
				return action{}
			}
			a.named = append(a.named, args[i])
		case strings.HasPrefix(x, "--requirement=") || strings.HasPrefix(x, "--constraint="):
			a.named = append(a.named, x[strings.Index(x, "=")+1:])
		case (strings.HasPrefix(x, "-r") || strings.HasPrefix(x, "-c")) && len(x) > 2:
			a.named = append(a.named, x[2:])
		case x == "--group":
			if i++; i == len(args) {
				return action{}
			}
			a.named = append(a.named, groupFile(args[i]))
		case slices.Contains(pipValued, x):
			i++
		case x == "-e" || strings.HasPrefix(x, "--editable"):
			return action{why: "it installs a project of the sources in place"}
		case args[0] != "install" && slices.Contains([]string{"-w", "--wheel-dir", "-d", "--dest"}, x):
			if i++; i == len(args) {
				return action{}
			}
			a.writes = append(a.writes, args[i])
		case args[0] != "install" && (strings.HasPrefix(x, "--wheel-dir=") || strings.HasPrefix(x, "--dest=")):
			a.writes = append(a.writes, x[strings.Index(x, "=")+1:])
		case x == "-f" || x == "--find-links":
			if i++; i == len(args) {
				return action{}
			}
			links = append(links, args[i])
		case strings.HasPrefix(x, "--find-links="):
			links = append(links, strings.TrimPrefix(x, "--find-links="))
		case strings.HasPrefix(x, "--target") || x == "-t":
			return action{why: "it puts packages into a folder"}
		case strings.HasPrefix(x, "-"):
		case args[0] == "sync": // uv pip sync FILE
			a.named = append(a.named, x)
		case x == "." || strings.HasPrefix(x, ".["):
			return action{why: "it builds the project from its sources"}
		case strings.HasPrefix(x, ".") || strings.HasPrefix(x, "$") || strings.Contains(x, "/") || strings.HasSuffix(x, ".whl") || strings.HasSuffix(x, ".gz"):
			return action{why: "it installs " + x + ", which may be made of the sources"}
		}
	}
	links = slices.DeleteFunc(links, func(l string) bool { return strings.Contains(l, "://") })
	if slices.ContainsFunc(slices.Concat(links, a.writes), func(at string) bool { return strings.Contains(at, "$") }) {
		return action{why: "it takes packages from a folder, or puts them into one"}
	}
	if len(a.named)+len(links) > 0 {
		a.from = &ecosystem{
			name:   "the Python packages",
			files:  []string{"pip.conf"},
			unsure: []string{"requirements*.txt", "constraints*.txt", "requirements/**"}, // that -r lines may name
			look: func(p *project) demand {
				d := lookRequirements(p, a.named)
				for _, l := range links {
					d.files = append(d.files, p.rel(l))
				}
				return d
			},
		}
	}
	return a
}

// groupFile is the file that a --group of pip install stands in.
func groupFile(group string) string {
	if file, _, ok := strings.Cut(group, ":"); ok {
		return file
	}
	return "pyproject.toml"
}

func classifyPython(tool string, args []string) action {
	if len(args) == 0 {
		return action{}
	}
	if args[0] == "config" || args[0] == "cache" || args[0] == "--version" {
		return action{purpose: harmless, writes: []string{"poetry.toml"}}
	}
	rest := args[1:]
	switch {
	case tool == "uv" && args[0] == "venv":
		return action{purpose: harmless, writes: append(plain(rest), ".venv")}
	case tool == "uv" && args[0] == "pip":
		return classifyPip(rest)
	case tool == "pipenv" && (args[0] == "install" || args[0] == "sync") && onlyFlags(rest, "--categories", "--python", "--pypi-mirror", "--extra-pip-args"):
		return action{purpose: fetch, from: &ecosystem{
			name: "the Python packages", files: []string{"Pipfile", "Pipfile.lock"},
			required: []string{"Pipfile", "Pipfile.lock"}, outputs: []string{".venv"}, look: lookPipfile}}
	case tool == "poetry" && (args[0] == "install" || args[0] == "sync") && onlyFlags(rest, "--only", "--with", "--without", "-E", "--extras", "-C", "--directory"):
		if hasFlag(rest, "-C", "--directory") || hasFlag(rest, "--only-root") {
			return action{}
		}
		return action{purpose: fetch, from: pyproject(func(p *project) demand { return lookPoetry(p, args) })}
	case tool == "uv" && args[0] == "sync" && onlyFlags(rest, "--group", "--extra", "--no-group", "--only-group", "--package", "--python", "-p", "--index", "--default-index", "--link-mode"):
		return action{purpose: fetch, from: pyproject(func(p *project) demand { return lookUv(p, args) })}
	}
	return action{}
}

func pyproject(look func(*project) demand) *ecosystem {
	return &ecosystem{
		name:     "the Python packages",
		files:    []string{"pyproject.toml", "poetry.lock", "poetry.toml", "uv.lock", "uv.toml", ".python-version"},
		required: []string{"pyproject.toml"}, outputs: []string{".venv"}, look: look}
}
