package advice

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// goModules is what go mod download reads.
func goModules() *ecosystem {
	return &ecosystem{
		name: "the Go modules", files: []string{"go.mod", "go.sum", "go.work", "go.work.sum"}, required: []string{"go.mod", "go.work"},
		outputs: []string{"vendor"}, look: lookGo,
		unless: []string{"go.work", "*/**/go.mod"}}
}

func classifyGo(args []string) action {
	dir, args := cutFlag(args, "-C")
	if !knownFolder(dir) || len(args) == 0 {
		return action{}
	}
	rest := plain(args)
	switch {
	case len(rest) > 1 && rest[0] == "mod" && rest[1] == "download" && (len(rest) == 2 || rest[2] == "all"):
		return action{purpose: fetch, from: goModules(), dir: dir}
	case len(rest) > 1 && rest[0] == "install" && !slices.ContainsFunc(rest[1:], func(p string) bool { return !strings.Contains(p, "@") }):
		return action{purpose: fetch}
	case len(rest) > 0 && rest[0] == "env", len(rest) > 0 && rest[0] == "version":
		return action{purpose: harmless}
	case len(rest) > 1 && rest[0] == "mod" && slices.Contains([]string{"tidy", "verify"}, rest[1]):
		return action{purpose: builds, from: goModules(), dir: dir, first: "go mod download", why: "go mod " + rest[1] + " reads the sources"}
	case args[0] == "get" && (hasFlag(args, "-u") || slices.ContainsFunc(rest, func(p string) bool { return p != "get" && !strings.HasPrefix(p, ".") })):
		return action{why: "it changes what go.mod requires"}
	case slices.Contains([]string{"build", "install", "test", "vet", "run", "get", "generate"}, args[0]):
		a := action{purpose: builds, from: goModules(), dir: dir, first: "go mod download", why: "go " + args[0] + " compiles the sources"}
		if hasFlag(args, "-mod", "-modfile", "-overlay") {
			a.first = ""
		}
		return a
	}
	return action{}
}

// lookGo follows what go.mod and go.work say of other folders.
func lookGo(p *project) demand {
	var d demand
	if p.has("go.work") {
		d.and(lookGoWork(p))
	} else {
		d.and(lookGoMod(p, "go.mod"))
	}
	if p.has("vendor/modules.txt") {
		d.why = "the modules are vendored, so that nothing is downloaded"
	}
	return d
}

func lookGoMod(p *project, file string) demand {
	data, ok := p.data(file)
	if !ok {
		return demand{}
	}
	d := demand{members: true}
	f, err := modfile.Parse(file, data, nil)
	if err != nil {
		d.why = file + " cannot be read"
		return d
	}
	if file == "go.mod" && len(f.Require) == 0 && !p.has("go.work") {
		d.why = "go.mod requires no module, so that nothing is downloaded"
	}
	d.and(replaced(p, path.Dir(file), f.Replace))
	return d
}

func lookGoWork(p *project) demand {
	data, ok := p.data("go.work")
	if !ok {
		return demand{}
	}
	d := demand{members: true}
	f, err := modfile.ParseWork("go.work", data, nil)
	if err != nil {
		d.why = "go.work cannot be read"
		return d
	}
	d.and(replaced(p, ".", f.Replace))
	for _, u := range f.Use {
		d.files = append(d.files, path.Join(u.Path, "go.mod"), path.Join(u.Path, "go.sum"))
		if !p.has(path.Join(u.Path, "go.mod")) {
			d.why = "go.work uses " + u.Path + ", whose go.mod is not in the image"
		}
		d.and(lookGoMod(p, path.Join(u.Path, "go.mod")))
	}
	return d
}

// replaced lists the manifests of the folders that replace modules.
func replaced(p *project, base string, all []*modfile.Replace) demand {
	var d demand
	for _, r := range all {
		if r.New.Version != "" {
			continue
		}
		if !modfile.IsDirectoryPath(r.New.Path) || path.IsAbs(r.New.Path) {
			d.why = "go.mod replaces a module with " + r.New.Path
			continue
		}
		mod := path.Join(base, r.New.Path, "go.mod")
		if !p.has(mod) {
			d.why = "go.mod replaces a module with " + r.New.Path + ", which is not in the image"
		}
		d.files = append(d.files, mod)
	}
	return d
}
