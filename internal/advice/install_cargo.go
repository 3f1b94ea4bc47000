package advice

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// cargoCrates is what cargo fetch reads.
func cargoCrates(args []string) *ecosystem {
	return &ecosystem{
		name: "the crates", files: []string{"Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"},
		required: []string{"Cargo.lock"}, folders: []string{".cargo"},
		look: func(p *project) demand { return lookCargo(p, args) }}
}

// classifyCargo knows the commands that compile and download the crates on their
// way. Cargo reads no manifest whose targets are not there, so that even
// cargo fetch does not stand above the sources by itself.
func classifyCargo(args []string) action {
	if len(args) > 0 && strings.HasPrefix(args[0], "+") {
		return action{why: "cargo is called for a toolchain of its own"}
	}
	if len(args) == 0 {
		return action{}
	}
	switch args[0] {
	case "install":
		if hasFlag(args, "--path") {
			return action{purpose: builds, from: cargoCrates(args), why: "cargo install compiles the sources"}
		}
		return action{purpose: fetch}
	case "build", "test", "check", "clippy", "run", "b", "rustc", "fetch":
		if hasFlag(args, "--manifest-path", "--offline", "-C", "--config") {
			return action{}
		}
		return action{purpose: builds, from: cargoCrates(args), whole: args[0] == "fetch", why: "cargo " + args[0] + " reads the sources"}
	case "--version", "version":
		return action{purpose: harmless}
	}
	return action{}
}

// cargoToml is what cargo reads of a Cargo.toml before it looks for targets.
type cargoToml struct {
	Package *struct {
		Name       string `toml:"name"`
		DefaultRun string `toml:"default-run"`
	} `toml:"package"`
	Workspace *struct {
		Members      []string       `toml:"members"`
		Exclude      []string       `toml:"exclude"`
		Dependencies map[string]any `toml:"dependencies"`
	} `toml:"workspace"`
	Lib       *cargoTarget   `toml:"lib"`
	Bin       []cargoTarget  `toml:"bin"`
	Bench     []cargoTarget  `toml:"bench"`
	Test      []cargoTarget  `toml:"test"`
	Example   []cargoTarget  `toml:"example"`
	Deps      map[string]any `toml:"dependencies"`
	DevDeps   map[string]any `toml:"dev-dependencies"`
	BuildDeps map[string]any `toml:"build-dependencies"`
	Target    map[string]any `toml:"target"`
	Patch     map[string]any `toml:"patch"`
}

type cargoTarget struct {
	Name string `toml:"name"`
	Path string `toml:"path"`
}

// lookCargo makes a step that downloads the crates: it gives each manifest the
// empty files that cargo wants to see, and takes them away again, so that nothing
// is left that a later cargo build could take for a result.
func lookCargo(p *project, args []string) demand {
	var root cargoToml
	seen, why := p.toml("Cargo.toml", &root)
	d := demand{members: seen, why: "cargo compiles the sources"}
	switch {
	case why != "":
		d.why = why
		return d
	case !seen:
		d.why = "what the targets of the crates are was not seen"
		return d
	}
	if text, ok := p.text(".cargo/config.toml", "#"); ok && strings.Contains(text, "replace-with") && strings.Contains(text, "directory") {
		d.why = "the crates are vendored, so that nothing is downloaded"
		return d
	}
	crates := map[string]cargoToml{".": root}
	queue := []string{"."}
	if w := root.Workspace; w != nil {
		patterns := slices.Clone(w.Members)
		for _, x := range w.Exclude {
			patterns = append(patterns, "!"+x)
		}
		if len(patterns) > mostPatterns {
			d.why = "the workspace has too many patterns"
			return d
		}
		queue = append(queue, members(p, patterns, "Cargo.toml")...)
		queue = append(queue, fromPaths(w.Dependencies)...)
	}
	for _, tables := range root.Patch {
		if t, ok := tables.(map[string]any); ok {
			queue = append(queue, fromPaths(t)...)
		}
	}
	for i := 0; i < len(queue); i++ {
		if len(crates) > mostMembers {
			d.why = "the workspace has too many crates to name their targets"
			return d
		}
		dir := path.Clean(queue[i])
		c, known := crates[dir]
		if !known {
			file := path.Join(dir, "Cargo.toml")
			if seen, why := p.toml(file, &c); !seen || why != "" {
				d.why = "the crate in " + dir + " cannot be read"
				return d
			}
			crates[dir] = c
			d.files = append(d.files, file)
		}
		for _, at := range c.paths() {
			queue = append(queue, path.Join(dir, at))
		}
	}
	if d.first = fetchCrates(crates, args); d.first == "" {
		d.why = "a target of a crate has a name that would need quotes, or lies outside of the project"
	}
	return d
}

// paths lists the folders that a crate takes others from.
func (c cargoToml) paths() []string {
	groups := []map[string]any{c.Deps, c.DevDeps, c.BuildDeps}
	for _, key := range slices.Sorted(maps.Keys(c.Target)) {
		t, _ := c.Target[key].(map[string]any)
		for _, kind := range []string{"dependencies", "dev-dependencies", "build-dependencies"} {
			if g, ok := t[kind].(map[string]any); ok {
				groups = append(groups, g)
			}
		}
	}
	return fromPaths(groups...)
}

// targets lists the files that cargo looks for when it reads a manifest.
func (c cargoToml) targets() []string {
	if c.Package == nil {
		return nil
	}
	var out []string
	if c.Lib != nil && c.Lib.Path == "" || c.Lib == nil && len(c.Bin) == 0 {
		out = append(out, "src/lib.rs")
	}
	bins := c.Bin
	if run := c.Package.DefaultRun; run != "" && !slices.ContainsFunc(bins, func(t cargoTarget) bool { return t.Name == run }) {
		bins = append(slices.Clone(bins), cargoTarget{Name: run})
	}
	for _, kind := range []struct {
		dir string
		all []cargoTarget
	}{{"src/bin", bins}, {"benches", c.Bench}, {"tests", c.Test}, {"examples", c.Example}} {
		for _, t := range kind.all {
			switch {
			case t.Path != "":
			case kind.dir == "src/bin" && t.Name == c.Package.Name:
				out = append(out, "src/main.rs")
			default:
				out = append(out, kind.dir+"/"+t.Name+".rs")
			}
		}
	}
	return out
}

func fetchCrates(crates map[string]cargoToml, args []string) string {
	var dirs, files, tops []string
	for _, dir := range slices.Sorted(maps.Keys(crates)) {
		for _, f := range crates[dir].targets() {
			at := path.Join(dir, f)
			if !plainWord(at) || strings.HasPrefix(at, "..") {
				return ""
			}
			files = append(files, at)
			dirs = append(dirs, path.Dir(at))
			top, _, _ := strings.Cut(f, "/")
			tops = append(tops, path.Join(dir, top))
		}
	}
	fetch := "cargo fetch"
	if hasFlag(args, "--locked", "--frozen") {
		fetch += " --locked"
	}
	if target := flagValue(args, "--target"); plainWord(target) {
		fetch += " --target " + target
	}
	if len(files) == 0 {
		return fetch
	}
	join := func(words []string) string {
		slices.Sort(words)
		return strings.Join(slices.Compact(words), " ")
	}
	return "mkdir -p " + join(dirs) + " && touch " + join(files) + " && " + fetch + " && rm -r " + join(tops)
}
