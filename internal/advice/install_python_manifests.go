package advice

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// mostRequirements is how many files of requirements are followed.
const mostRequirements = 50

// lookRequirements follows files of requirements for pip.
func lookRequirements(p *project, named []string) demand {
	var d demand
	seen := map[string]bool{}
	queue := slices.Clone(named)
	for len(queue) > 0 {
		if len(seen) > mostRequirements {
			d.why = "its requirements are spread over too many files"
			return d
		}
		file := p.rel(queue[0])
		queue = queue[1:]
		if seen[file] {
			continue
		}
		seen[file] = true
		d.files = append(d.files, file)
		if path.Base(file) == "pyproject.toml" || path.Base(file) == "setup.py" || path.Base(file) == "setup.cfg" {
			d.and(lookPyproject(p, file))
			continue
		}
		text, ok := p.text(file, "#")
		if !ok {
			continue
		}
		d.members = true // what it names is known
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\\\r\n", " "), "\\\n", " ")
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if more, why := requirement(p, path.Dir(file), line, &d); why != "" {
				d.why = file + " " + why
			} else if more != "" {
				queue = append(queue, more)
			}
		}
	}
	return d
}

// requirement reads one line: it gives another file of requirements, adds files to
// d, or says why the line needs the sources.
func requirement(p *project, base, line string, d *demand) (more, why string) {
	option, value, _ := strings.Cut(strings.ReplaceAll(line, "=", " "), " ")
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	switch option {
	case "-r", "--requirement", "-c", "--constraint":
		switch {
		case strings.Contains(value, "://"):
			return "", ""
		case path.IsAbs(value):
			return value, ""
		}
		return path.Join(base, value), "" // from the file that names it
	case "-e", "--editable":
		line = value
	case "-f", "--find-links":
		if !strings.Contains(value, "://") {
			d.files = append(d.files, path.Clean(value))
		}
		return "", ""
	}
	if strings.HasPrefix(line, "-r") || strings.HasPrefix(line, "-c") {
		return path.Join(base, strings.TrimSpace(line[2:])), ""
	}
	if strings.HasPrefix(line, "-") {
		return "", ""
	}
	if _, url, ok := strings.Cut(line, "@ "); ok {
		line = strings.TrimSpace(url)
	}
	line, _, _ = strings.Cut(line, ";")
	line, _, _ = strings.Cut(strings.TrimSpace(line), "#egg")
	local := strings.HasPrefix(line, "file:")
	line = strings.TrimPrefix(strings.TrimPrefix(line, "file:"), "//")
	if i := strings.IndexByte(line, '['); i >= 0 {
		line = line[:i]
	}
	switch {
	case line == "":
		return "", ""
	case strings.Contains(line, "://") || strings.HasPrefix(line, "git+"):
		return "", ""
	case path.IsAbs(line):
		if line = relative(p.dir, line); line == "" {
			return "", "installs a folder of the image"
		}
	case !local && !strings.HasPrefix(line, ".") && !strings.Contains(line, "/"):
		return "", ""
	}
	if strings.ContainsAny(line, "$ ") {
		return "", "installs " + line
	}
	if path.Clean(line) == "." {
		return "", "installs the project itself, from its sources"
	}
	d.files = append(d.files, line) // paths are taken from where pip is called
	return "", ""
}

// relative gives a path below a folder from that folder, or "".
func relative(dir, at string) string {
	if at == dir {
		return "."
	}
	rel, ok := strings.CutPrefix(at, dir+"/")
	if !ok {
		return ""
	}
	return rel
}

// pythonProject is what an install reads of a pyproject.toml.
type pythonProject struct {
	Project struct {
		Dependencies []string       `toml:"dependencies"`
		Optional     map[string]any `toml:"optional-dependencies"`
		Dynamic      []string       `toml:"dynamic"`
	} `toml:"project"`
	Groups map[string]any `toml:"dependency-groups"`
	Build  *struct{}      `toml:"build-system"`
	Tool   struct {
		Poetry poetryTool `toml:"poetry"`
		Uv     struct {
			Package   *bool          `toml:"package"`
			Sources   map[string]any `toml:"sources"`
			Workspace struct {
				Members []string `toml:"members"`
				Exclude []string `toml:"exclude"`
			} `toml:"workspace"`
		} `toml:"uv"`
	} `toml:"tool"`
}

type poetryTool struct {
	PackageMode     *bool          `toml:"package-mode"`
	Dependencies    map[string]any `toml:"dependencies"`
	DevDependencies map[string]any `toml:"dev-dependencies"`
	Group           map[string]struct {
		Dependencies map[string]any `toml:"dependencies"`
	} `toml:"group"`
}

// lookPyproject is for an install of the dependencies that a pyproject.toml lists.
func lookPyproject(p *project, file string) demand {
	var f pythonProject
	d := demand{members: true}
	if path.Base(file) != "pyproject.toml" {
		d.why = file + " is a program that may read the sources"
		return d
	}
	seen, why := p.toml(file, &f)
	if d.why = why; seen && slices.Contains(f.Project.Dynamic, "dependencies") {
		d.why = "the dependencies of pyproject.toml are found by building the project"
	}
	d.and(f.folders(p, path.Dir(file)))
	return d
}

// folders takes what the pyproject.toml in a folder names of other ones, as uv reads it.
func (f *pythonProject) folders(p *project, dir string) demand {
	var d demand
	named := slices.Concat(f.Project.Dependencies, texts(f.Project.Optional), texts(f.Groups))
	for _, at := range append(fromPaths(f.Tool.Uv.Sources), fromURLs(named)...) {
		if !path.IsAbs(at) {
			at = path.Join(dir, at)
		}
		if at = p.rel(at); at == "." {
			d.why = "pyproject.toml takes a package from the project itself"
		}
		d.files = append(d.files, at)
	}
	return d
}

// lookPoetry says that poetry install needs the sources unless the project itself
// is left out, and what comes from a folder.
func lookPoetry(p *project, args []string) demand {
	var f pythonProject
	seen, why := p.toml("pyproject.toml", &f)
	d := demand{members: seen, why: why}
	noRoot := hasFlag(args, "--no-root")
	if why != "" || !seen && noRoot {
		return d
	}
	groups := []map[string]any{f.Tool.Poetry.Dependencies, f.Tool.Poetry.DevDependencies}
	for _, name := range slices.Sorted(maps.Keys(f.Tool.Poetry.Group)) {
		groups = append(groups, f.Tool.Poetry.Group[name].Dependencies)
	}
	folders := slices.Concat(fromPaths(groups...), fromURLs(f.Project.Dependencies))
	first := append([]string{"poetry"}, args...)
	if !noRoot {
		first = append(first, "--no-root")
	}
	if len(folders) > 0 && !hasFlag(args, "--no-directory") {
		first = append(first, "--no-directory")
	}
	packageMode := f.Tool.Poetry.PackageMode == nil || *f.Tool.Poetry.PackageMode
	switch {
	case !noRoot && packageMode:
		d.why, d.first = "poetry install installs the project itself, from its sources", command(first...)
	case len(folders) > 0 && !hasFlag(args, "--no-directory"):
		d.why, d.first = "pyproject.toml takes a package from "+folders[0], command(first...)
	}
	return d
}

// lookUv does the same for uv sync. A project is installed itself if it says how
// it is built.
func lookUv(p *project, args []string) demand {
	var f pythonProject
	seen, why := p.toml("pyproject.toml", &f)
	d := demand{members: seen, why: why}
	noProject := hasFlag(args, "--no-install-project", "--no-install-workspace", "--no-install-local")
	if why != "" || !seen && noProject {
		return d
	}
	ws := f.Tool.Uv.Workspace
	patterns := slices.Clone(ws.Members)
	for _, x := range ws.Exclude {
		patterns = append(patterns, "!"+x)
	}
	if len(patterns) > mostPatterns {
		d.why = "the workspace has too many patterns"
		return d
	}
	inside := members(p, patterns, "pyproject.toml")
	dynamic := slices.Contains(f.Project.Dynamic, "dependencies")
	folders := f.folders(p, ".")
	for _, dir := range inside {
		var member pythonProject
		file := path.Join(dir, "pyproject.toml")
		d.files = append(d.files, file)
		if _, why := p.toml(file, &member); why != "" {
			d.why = why
			return d
		}
		dynamic = dynamic || slices.Contains(member.Project.Dynamic, "dependencies")
		folders.and(member.folders(p, dir))
	}
	if dynamic && !hasFlag(args, "--frozen") {
		d.why = "the dependencies of pyproject.toml are found by building the project"
		return d
	}
	flag := "--no-install-project"
	if len(inside) > 0 {
		flag = "--no-install-workspace"
	}
	isPackage := f.Build != nil
	if f.Tool.Uv.Package != nil {
		isPackage = *f.Tool.Uv.Package
	}
	if hasFlag(args, "--no-install-local") {
		return d
	}
	d.and(folders) // a package from a folder is built from its sources
	missing := !hasFlag(args, flag) && (len(inside) > 0 || isPackage || !seen)
	if d.why == "" && missing && !(flag == "--no-install-project" && hasFlag(args, "--no-install-workspace")) {
		d.why = "uv sync installs the project itself, from its sources"
		d.first = command(append(append([]string{"uv"}, args...), flag)...)
	}
	return d
}

// lookPipfile follows the packages of a Pipfile that come from folders.
func lookPipfile(p *project) demand {
	var f map[string]any
	seen, why := p.toml("Pipfile", &f)
	d := demand{members: seen, why: why}
	for _, section := range slices.Sorted(maps.Keys(f)) {
		packages, ok := f[section].(map[string]any)
		if !ok {
			continue
		}
		for _, folder := range fromPaths(packages) {
			if path.Clean(folder) == "." {
				d.why = "the Pipfile installs the project itself, from its sources"
			} else {
				d.files = append(d.files, folder)
			}
		}
	}
	return d
}

// fromPaths lists the paths that packages are taken from, sorted by their names.
func fromPaths(groups ...map[string]any) []string {
	var out []string
	for _, g := range groups {
		for _, name := range slices.Sorted(maps.Keys(g)) {
			all, ok := g[name].([]any) // several, by platform
			if !ok {
				all = []any{g[name]}
			}
			for _, one := range all {
				table, _ := one.(map[string]any)
				for _, key := range []string{"path", "file"} {
					if at, ok := table[key].(string); ok && !strings.Contains(at, "://") {
						out = append(out, at)
					}
				}
			}
		}
	}
	return out
}

// fromURLs lists those that a list of requirements names as file: URLs.
func fromURLs(requirements []string) []string {
	var out []string
	for _, r := range requirements {
		if _, url, ok := strings.Cut(r, "file:"); ok {
			out = append(out, strings.TrimPrefix(url, "//"))
		}
	}
	return out
}
