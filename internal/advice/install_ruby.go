package advice

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

func classifyRuby(tool string, args []string) action {
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
	case tool == "bundle" && (args[0] == "install" || strings.HasPrefix(args[0], "-")) && !hasFlag(args, "--gemfile", "--version", "-v"):
		if strings.HasPrefix(args[0], "-") {
			rest = args
		}
		if !onlyFlags(rest, "--jobs", "-j", "--retry", "--without", "--with", "--path") {
			return action{}
		}
		return action{purpose: fetch, from: &ecosystem{
			name: "the gems", files: []string{"Gemfile", "Gemfile.lock", ".ruby-version", ".tool-versions"},
			required: []string{"Gemfile"}, folders: []string{".bundle", "vendor/cache"}, outputs: []string{"vendor/bundle"},
			look: lookGemfile, unless: []string{"*.gemspec"}}}
	}
	return action{}
}

var (
	gemPath  = regexp.MustCompile(`(?m)(?:\bpath:\s*|:path\s*=>\s*|^\s*path\s+\(?)["']([^"']+)["']`)
	gemEval  = regexp.MustCompile(`(?m)\beval_gemfile\s*\(?\s*["']([^"']+)["']`)
	gemSpec  = regexp.MustCompile(`(?m)^\s*gemspec\b`)
	gemReads = regexp.MustCompile(`\b(File\.(read|open|exist\?|join|expand_path)|IO\.read|Dir[.\[]|require_relative|load|instance_eval|eval)\b`)
)

// lookGemfile reads the forms of a Gemfile that name other files. A Gemfile is a
// program: one that reads files in ways of its own is left alone.
func lookGemfile(p *project) demand {
	var d demand
	seen := map[string]bool{}
	queue := []string{"Gemfile"}
	for i := 0; i < len(queue); i++ {
		if len(seen) > mostMembers {
			d.why = "the Gemfile is spread over too many files"
			return d
		}
		file := queue[i]
		if seen[file] {
			continue
		}
		seen[file] = true
		text, ok := p.text(file, "#")
		if !ok {
			continue
		}
		for _, m := range gemEval.FindAllStringSubmatch(text, -1) {
			at := path.Join(path.Dir(file), m[1])
			queue, d.files = append(queue, at), append(d.files, at)
		}
		switch {
		case gemSpec.MatchString(text):
			d.why = "the Gemfile takes the project's own gemspec, which may read the sources"
		case gemReads.MatchString(gemEval.ReplaceAllString(text, "")):
			d.why = file + " reads other files (" + gemReads.FindString(text) + ")"
		}
		for _, m := range gemPath.FindAllStringSubmatch(text, -1) {
			at := path.Join(path.Dir(file), m[1])
			if at == "." {
				d.why = "the Gemfile takes the project itself"
			}
			d.files = append(d.files, at) // with its gemspec, which may read what is there
		}
	}
	d.members = len(seen) > 0 && !p.unseen
	return d
}
