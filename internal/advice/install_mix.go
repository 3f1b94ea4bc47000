package advice

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// classifyMix reads the command line of mix, which takes several tasks after do.
func classifyMix(args []string) action {
	if len(args) == 0 {
		return action{}
	}
	tasks := [][]string{args}
	if args[0] == "do" {
		tasks = nil
		var task []string
		for _, a := range append(slices.Clone(args[1:]), "+") {
			word, comma := strings.CutSuffix(a, ",")
			if word != "+" && word != "" {
				task = append(task, word)
			}
			if (comma || word == "+") && len(task) > 0 {
				tasks, task = append(tasks, task), nil
			}
		}
	}
	a := action{purpose: harmless}
	for _, t := range tasks {
		switch t[0] {
		case "local.hex", "local.rebar":
			a.purpose = fetch
		case "archive.install":
			if len(t) < 3 || t[1] != "hex" {
				return action{}
			}
			a.purpose = fetch
		case "deps.get", "deps.compile":
			if !onlyFlags(t[1:], "--only") {
				return action{}
			}
			compiles := t[0] == "deps.compile" || a.from != nil && a.from.name == mixCompiled
			a = action{purpose: fetch, from: mixPackages(compiles)}
		default:
			return action{why: "mix " + t[0] + " compiles the sources"}
		}
	}
	return a
}

const mixCompiled = "the Hex packages, compiled,"

// mixPackages is what mix deps.get reads: the configuration of a project may
// steer how packages are fetched and compiled, apart from what is read at run time.
func mixPackages(compiles bool) *ecosystem {
	name := "the Hex packages"
	if compiles {
		name = mixCompiled
	}
	return &ecosystem{
		name: name, files: []string{"mix.exs", "mix.lock"}, required: []string{"mix.exs"},
		outputs: []string{"deps", "_build"}, unsure: []string{"**/mix.exs"},
		look: func(p *project) demand { return lookMix(p, compiles) }}
}

var (
	mixPath  = regexp.MustCompile(`\bpath:\s*"([^"]+)"`)
	mixApps  = regexp.MustCompile(`\bapps_path:\s*"([^"]+)"`)
	mixReads = regexp.MustCompile(`\b(File\.(read|stream|exists|ls)!?|Code\.(require|eval|load)_file|System\.cmd|Path\.wildcard)`)
)

// lookMix follows the applications of an umbrella project and the packages that
// come from folders. mix.exs is a program: one that reads files in ways of its
// own is left alone.
func lookMix(p *project, compiles bool) demand {
	d := demand{files: mixConfig(p)}
	queue := []string{"mix.exs"}
	for i := 0; i < len(queue); i++ {
		if i > mostMembers {
			d.why = "the project has too many applications to copy each one's mix.exs"
			return d
		}
		file := queue[i]
		if slices.Contains(queue[:i], file) {
			continue
		}
		text, ok := p.text(file, "#")
		if !ok {
			continue
		}
		d.members = true
		d.files = append(d.files, file)
		if at := mixReads.FindString(text); at != "" {
			d.why = file + " reads other files (" + at + ")"
		}
		for _, m := range mixApps.FindAllStringSubmatch(text, -1) {
			for _, dir := range members(p, []string{path.Join(m[1], "*")}, "mix.exs") {
				queue = append(queue, path.Join(dir, "mix.exs"))
				if p.hasBelow(path.Join(dir, "config")) {
					d.files = append(d.files, path.Join(dir, "config"))
				}
			}
		}
		for _, m := range mixPath.FindAllStringSubmatch(text, -1) {
			at := path.Join(path.Dir(file), m[1])
			if compiles {
				d.files = append(d.files, at)
			}
			queue = append(queue, path.Join(at, "mix.exs"))
		}
	}
	return d
}

// mixRuntime is the part of the configuration that is read when the program starts,
// unless another part imports it.
const mixRuntime = "config/runtime.exs"

func mixConfig(p *project) []string {
	if !p.has(mixRuntime) {
		return []string{"config"}
	}
	var out []string
	for _, file := range p.glob("config/**") {
		text, _ := p.text(file, "#")
		switch {
		case file == mixRuntime:
		case strings.Contains(text, path.Base(mixRuntime)):
			return []string{"config"}
		default:
			out = append(out, file)
		}
	}
	return out
}
