package advice

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// packageJSON is what an install reads of a package.json.
type packageJSON struct {
	Name            string            `json:"name"`
	PackageManager  string            `json:"packageManager"`
	Scripts         map[string]string `json:"scripts"`
	Workspaces      json.RawMessage   `json:"workspaces"`
	Bin             json.RawMessage   `json:"bin"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Optional        map[string]string `json:"optionalDependencies"`
	Resolutions     map[string]string `json:"resolutions"`
	Overrides       map[string]any    `json:"overrides"`
	Patched         map[string]string `json:"patchedDependencies"`
	Pnpm            struct {
		Overrides map[string]string `json:"overrides"`
		Patched   map[string]string `json:"patchedDependencies"`
	} `json:"pnpm"`
	Prisma struct {
		Schema string `json:"schema"`
	} `json:"prisma"`
}

// lifecycle are the scripts of a project and of a workspace's members that an
// install runs.
var lifecycle = []string{"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"}

// lookNode reads the package.json of the project and of all that belong to it.
func lookNode(p *project, tool string, args []string) demand {
	var d demand
	l := nodeLook{project: p, tool: tool, seen: map[string]bool{}, scripts: !hasFlag(args, "--ignore-scripts") && !ignoresScripts(p)}
	if tool == "yarn" && hasFlag(args, "--mode") && flagValue(args, "--mode") == "skip-build" {
		l.scripts = false
	}
	root, ok := l.read(".", &d)
	d.and(lookYarn(p))
	if !ok {
		return d
	}
	d.members = true
	patterns, why := workspaces(root.Workspaces)
	if why != "" {
		d.why = why
	}
	if tool == "pnpm" {
		patterns = nil // package.json's are npm's and yarn's
	}
	patterns = append(patterns, pnpmWorkspace(p, &d)...)
	if len(patterns) > mostPatterns {
		d.why = fmt.Sprintf("the workspace has %d patterns", len(patterns))
		return d
	}
	for _, dir := range members(p, patterns, "package.json") {
		d.files = append(d.files, path.Join(dir, "package.json"))
		if tool == "pnpm" && p.has(path.Join(dir, ".npmrc")) {
			d.files = append(d.files, path.Join(dir, ".npmrc"))
		}
		l.read(dir, &d)
	}
	if d.why != "" && tool == "pnpm" && p.has("pnpm-lock.yaml") && !strings.Contains(d.why, "expected") {
		d.first = "pnpm fetch" // reads the lock file and nothing else
		d.files = lookPnpmFetch(p).files
	}
	return d
}

type nodeLook struct {
	*project
	tool    string
	scripts bool
	seen    map[string]bool
}

// read takes one package.json, and follows the folders that it depends on.
func (l *nodeLook) read(dir string, d *demand) (packageJSON, bool) {
	var pkg packageJSON
	if l.seen[dir] {
		return pkg, false
	}
	l.seen[dir] = true
	file := path.Join(dir, "package.json")
	ok, why := l.json(file, &pkg)
	if why != "" {
		d.why = why
	}
	if !ok || why != "" {
		return pkg, false
	}
	l.bins(dir, pkg, d)
	if l.scripts {
		l.runs(dir, pkg, d)
	}
	for _, deps := range []map[string]string{pkg.Dependencies, pkg.DevDependencies, pkg.Optional, pkg.Resolutions, pkg.Pnpm.Overrides} {
		for _, name := range slices.Sorted(maps.Keys(deps)) {
			l.follow(dir, deps[name], d)
		}
	}
	for _, spec := range texts(pkg.Overrides) {
		l.follow(dir, spec, d)
	}
	for _, patched := range []map[string]string{pkg.Patched, pkg.Pnpm.Patched} {
		for _, name := range slices.Sorted(maps.Keys(patched)) {
			d.files = append(d.files, path.Join(dir, patched[name]))
		}
	}
	return pkg, true
}

// follow takes what a dependency on a path needs.
func (l *nodeLook) follow(dir, spec string, d *demand) {
	scheme, to, ok := strings.Cut(spec, ":")
	switch {
	case strings.HasPrefix(spec, "./") || strings.HasPrefix(spec, "../"):
		scheme, to = "file", spec
	case ok && scheme == "patch":
		_, to, _ = strings.Cut(to, "#")
		to, _, _ = strings.Cut(to, "::")
		for part := range strings.SplitSeq(to, "&") {
			part = strings.TrimPrefix(part, "optional!")
			if rest, root := strings.CutPrefix(part, "~/"); root {
				d.files = append(d.files, rest)
			} else if strings.HasPrefix(part, ".") {
				d.files = append(d.files, path.Join(dir, part))
			}
		}
		return
	case ok && scheme == "exec":
		d.why = "a package is made by the script " + to
		return
	case !ok || scheme != "file" && scheme != "link" && scheme != "portal":
		return
	}
	to, _, _ = strings.Cut(strings.TrimPrefix(to, "//"), "::")
	if path.IsAbs(to) || strings.HasPrefix(to, "~") {
		d.why = "a package comes from " + to
		return
	}
	at := path.Join(dir, to)
	switch {
	case l.has(at): // a packed package
		d.files = append(d.files, at)
	case scheme == "file" && l.tool != "npm": // copied as it is
		d.files = append(d.files, at)
		l.read(at, d)
	case l.has(path.Join(at, "package.json")): // linked
		d.files = append(d.files, path.Join(at, "package.json"))
		l.read(at, d)
	case scheme != "link":
		d.why = "a package comes from " + at + ", which is not in the image"
	}
}

// bins takes the programs of a package that are files of the project: an install
// links those that are there, and makes them executable.
func (l *nodeLook) bins(dir string, pkg packageJSON, d *demand) {
	if dir == "." || len(pkg.Bin) == 0 {
		return
	}
	var one string
	all := map[string]string{}
	if json.Unmarshal(pkg.Bin, &one) == nil {
		all[""] = one
	} else if json.Unmarshal(pkg.Bin, &all) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		at := path.Join(dir, all[name])
		if !l.has(at) {
			continue
		}
		d.files = append(d.files, at)
		if l.modes[path.Join(l.dir, at)]&0o111 != 0o111 {
			d.why = "the install makes " + at + " executable, and the COPY of the sources would undo that"
		}
	}
}

// runs looks at the scripts that an install runs in a folder.
func (l *nodeLook) runs(dir string, pkg packageJSON, d *demand) {
	for _, name := range lifecycle {
		script, ok := pkg.Scripts[name]
		if !ok || l.tool == "bun" && name == "prepublish" {
			continue
		}
		files, why := l.scriptNeeds(dir, script, pkg.Prisma.Schema)
		d.files = append(d.files, files...)
		if why != "" {
			d.why = "the " + name + " script of " + path.Join(dir, "package.json") + " " + why
		}
	}
	l.generates(dir, pkg, d)
	if _, ok := pkg.Scripts["install"]; !ok && l.has(path.Join(dir, "binding.gyp")) {
		d.why = "an install compiles the addon of " + path.Join(dir, "binding.gyp")
	}
}

// scriptNeeds knows the commands of lifecycle scripts that get along without the
// sources. The schema is what package.json names for prisma.
func (l *nodeLook) scriptNeeds(dir, script, schema string) (files []string, why string) {
	for part := range strings.FieldsFuncSeq(strings.NewReplacer("&&", ";", "||", ";").Replace(script), func(r rune) bool { return r == ';' || r == '\n' }) {
		words := strings.Fields(part)
		if len(words) > 0 && (words[0] == "npx" || words[0] == "yarn" || words[0] == "pnpm" && len(words) > 1 && words[1] == "exec") {
			words = words[1:]
		}
		words = slices.DeleteFunc(words, func(w string) bool { return w == "-y" || w == "--yes" || w == "--no-install" || w == "exec" })
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "true", "exit", "echo", ":", "is-ci", "only-allow", "opencollective-postinstall", "pinst", "corepack":
		case "husky", "lefthook", "simple-git-hooks":
			if l.hasBelow(".git") {
				return nil, "sets up git hooks, and the context brings .git"
			}
		case "patch-package":
			files = append(files, path.Join(dir, "patches"))
		case "prisma":
			more, why := l.prismaNeeds(dir, words[1:], schema)
			switch {
			case why != "":
				return nil, "runs " + oneLine(part) + ", and " + why
			case len(words) < 2 || words[1] != "generate" || len(more) == 0 || hasFlag(words, "--config"):
				return nil, "runs " + oneLine(part)
			}
			files = append(files, more...)
		default:
			return nil, "runs " + oneLine(part)
		}
	}
	return files, ""
}

// ignoresScripts says whether the project's settings turn lifecycle scripts off.
func ignoresScripts(p *project) bool {
	text, _ := p.text(".npmrc", "#")
	for line := range strings.Lines(text) {
		if strings.ReplaceAll(strings.TrimSpace(line), " ", "") == "ignore-scripts=true" {
			return true
		}
	}
	return false
}

// workspaces reads the workspaces of a package.json: a list, or an object that
// has one.
func workspaces(raw json.RawMessage) (patterns []string, why string) {
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &patterns) == nil {
		return patterns, ""
	}
	var object struct {
		Packages []string `json:"packages"`
	}
	if json.Unmarshal(raw, &object) != nil {
		return nil, "the workspaces of package.json are not the JSON that is expected"
	}
	return object.Packages, ""
}

func pnpmWorkspace(p *project, d *demand) []string {
	var f struct {
		Packages  []string          `yaml:"packages"`
		Patched   map[string]string `yaml:"patchedDependencies"`
		Overrides map[string]string `yaml:"overrides"`
	}
	if _, why := p.yaml("pnpm-workspace.yaml", &f); why != "" {
		d.why = why
	}
	for _, name := range slices.Sorted(maps.Keys(f.Patched)) {
		d.files = append(d.files, f.Patched[name])
	}
	return f.Packages
}

// members lists the folders below the project's that the patterns name and that
// have the manifest. A pattern with ! in front takes folders out.
func members(p *project, patterns []string, manifest string) []string {
	var in, out []string
	for _, x := range patterns {
		if not, ok := strings.CutPrefix(x, "!"); ok {
			out = append(out, path.Join(not, manifest))
		} else {
			in = append(in, path.Join(x, manifest))
		}
	}
	var dirs []string
	for _, file := range p.glob(in...) {
		if strings.Contains("/"+file, "/node_modules/") || slices.ContainsFunc(out, func(x string) bool { return globbed(x, file) }) {
			continue
		}
		if dir := path.Dir(file); dir != "." {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// lookPnpmFetch reads the patches that pnpm fetch needs beside the lock file.
func lookPnpmFetch(p *project) demand {
	var d demand
	pnpmWorkspace(p, &d)
	d.members = true
	return d
}

// lookYarn reads the settings of a yarn from version 2.
func lookYarn(p *project) demand {
	var d demand
	var rc struct {
		Path    string `yaml:"yarnPath"`
		Linker  string `yaml:"nodeLinker"`
		Plugins []any  `yaml:"plugins"`
	}
	if _, why := p.yaml(".yarnrc.yml", &rc); why != "" {
		d.why = why
		return d
	}
	if rc.Path != "" {
		d.files = append(d.files, rc.Path)
	}
	for _, x := range rc.Plugins {
		switch x := x.(type) {
		case string:
			d.files = append(d.files, x)
		case map[string]any:
			if at, ok := x["path"].(string); ok {
				d.files = append(d.files, at)
			}
		}
	}
	if p.has(".pnp.cjs") {
		d.why = "the context brings .pnp.cjs, which the install writes"
	} else if p.hasBelow(".yarn/cache") {
		d.files = append(d.files, ".yarn/cache")
	}
	return d
}
