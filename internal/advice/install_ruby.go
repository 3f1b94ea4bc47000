package advice

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var gemFiles = []string{"Gemfile", "Gemfile.lock", ".ruby-version", ".tool-versions"}

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
	case tool == "bundle" && args[0] == "config" && hasFlag(rest, "--global"):
		return action{purpose: harmless}
	case tool == "bundle" && args[0] == "config" && hasFlag(rest, "--local"):
		return action{purpose: harmless, writes: []string{".bundle"}}
	case tool == "bundle" && args[0] == "config":
		// The settings are the project's where there is a Gemfile, else the user's.
		return action{purpose: harmless, writes: []string{".bundle"}, from: &ecosystem{
			name: "the gems", files: gemFiles, required: []string{"Gemfile"}}}
	case tool == "bundle" && (args[0] == "install" || strings.HasPrefix(args[0], "-")) && !hasFlag(args, "--gemfile", "--version", "-v"):
		if strings.HasPrefix(args[0], "-") {
			rest = args
		}
		if !onlyFlags(rest, "--jobs", "-j", "--retry", "--without", "--with", "--path") {
			return action{}
		}
		return action{purpose: fetch, from: &ecosystem{
			name: "the gems", files: gemFiles,
			required: []string{"Gemfile"}, folders: []string{".bundle", "vendor/cache"}, outputs: []string{"vendor/bundle"},
			look: lookGemfile, unless: []string{"*.gemspec"}}}
	}
	return action{}
}

var (
	gemPath  = regexp.MustCompile(`(?m)(?:\bpath:\s*|:path\s*=>\s*|^\s*path\s+\(?)(?:["']([^"']+)["']|[^\s"'])`)
	gemEval  = regexp.MustCompile(`(?m)\beval_gemfile\s*\(?\s*["']([^"'#]+)["']`)
	gemSpec  = regexp.MustCompile(`(?m)^\s*gemspec\b`)
	gemRead  = regexp.MustCompile(`\bFile\.(?:read|exist\?)\s*\(?\s*["']([^"'#]+)["']`)
	gemReads = regexp.MustCompile(`(?m)\b(?:File\.(?:read|open|exist\?|join|expand_path)|IO\.read|Dir[.\[]|require_relative|instance_eval|eval)\b|^\s*load\b`)
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
		rest := gemRead.ReplaceAllStringFunc(gemEval.ReplaceAllString(text, ""), func(call string) string {
			at := p.rel(gemRead.FindStringSubmatch(call)[1]) // from where bundler is called
			if !p.has(at) && !strings.Contains(call, "exist") {
				return call
			}
			d.files = append(d.files, at)
			return ""
		})
		switch {
		case gemSpec.MatchString(text):
			d.why = "the Gemfile takes the project's own gemspec, which may read the sources"
		case gemReads.MatchString(rest):
			d.why = file + " reads other files (" + gemReads.FindString(rest) + ")"
		}
		for _, m := range gemPath.FindAllStringSubmatch(text, -1) {
			folder, _, computed := strings.Cut(m[1], "#{")
			at := path.Join(path.Dir(file), folder)
			if computed && !strings.HasSuffix(folder, "/") {
				at = path.Dir(at)
			}
			switch {
			case m[1] == "":
				d.why = file + " takes a gem from a folder that it computes"
			case at == ".":
				d.why = "the Gemfile takes the project itself"
			}
			d.files = append(d.files, at) // with its gemspec, which may read what is there
		}
	}
	d.members = len(seen) > 0 && !p.unseen
	return d
}
