package advice

import (
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"
)

// classifyComposer reads the command line of composer. An install also runs the
// project's scripts and writes the autoloader, both of which read the sources; an
// install without them above the sources leaves those two things to the one below.
func classifyComposer(args []string) action {
	dir, args := cutFlag(args, "-d", "--working-dir")
	if len(args) == 0 || !knownFolder(dir) {
		return action{}
	}
	switch args[0] {
	case "install", "i":
	case "config":
		if hasFlag(args, "-g", "--global") {
			return action{purpose: harmless}
		}
		return action{purpose: harmless, dir: dir, writes: []string{"composer.json", "auth.json"}}
	case "--version", "clear-cache", "clearcache", "diagnose":
		return action{purpose: harmless}
	case "global":
		return action{purpose: fetch}
	default:
		return action{}
	}
	if !onlyFlags(args[1:], "--ignore-platform-req", "--prefer-install", "--apcu-autoloader-prefix") {
		return action{}
	}
	return action{purpose: fetch, dir: dir, from: &ecosystem{
		name: "the PHP packages", files: []string{"composer.json", "composer.lock", "symfony.lock", "auth.json"},
		required: []string{"composer.json"}, outputs: []string{"vendor"},
		look: func(p *project) demand { return lookComposer(p, args) }}}
}

type composerJSON struct {
	Repositories json.RawMessage            `json:"repositories"`
	Extra        map[string]json.RawMessage `json:"extra"`
	Config       struct {
		VendorDir string `json:"vendor-dir"`
	} `json:"config"`
}

func lookComposer(p *project, args []string) demand {
	var f composerJSON
	seen, why := p.json("composer.json", &f)
	d := demand{members: seen, why: why}
	if why != "" {
		return d
	}
	patches := func(data []byte) {
		files, why := filesIn(p, data)
		d.and(demand{files: files, why: why})
	}
	for _, file := range []string{"patches.json", "patches.lock.json"} {
		if data, ok := p.data(file); ok {
			d.files = append(d.files, file)
			patches(data)
		}
	}
	folders := composerFolders(f.Repositories, "path")
	if len(folders) > mostPatterns {
		d.why = "composer.json names too many folders"
		return d
	}
	for _, repository := range folders {
		for _, at := range p.glob(path.Join(repository, "composer.json")) {
			d.files = append(d.files, path.Dir(at)) // linked or copied whole
		}
		if outside := path.Clean(repository); strings.HasPrefix(outside, "..") || path.IsAbs(outside) {
			d.why = "packages come from " + outside
			return d
		}
	}
	d.files = append(d.files, composerFolders(f.Repositories, "artifact")...)
	for _, key := range slices.Sorted(maps.Keys(f.Extra)) {
		if strings.HasPrefix(key, "patches") || key == "composer-patches" {
			patches(f.Extra[key])
		}
		if strings.HasPrefix(key, "installer-") || strings.HasSuffix(key, "-scaffold") || key == "merge-plugin" {
			d.why = "a plugin puts files outside of vendor (" + key + ")"
			return d
		}
	}
	if vendor := f.Config.VendorDir; vendor != "" && p.hasBelow(vendor) {
		d.why = "the context brings " + vendor + ", which the install writes"
		return d
	}
	if d.why != "" || hasFlag(args, "--no-scripts") && hasFlag(args, "--no-autoloader") {
		return d
	}
	var first []string
	for _, a := range args {
		if !hasFlag([]string{a}, "-o", "-a", "--optimize-autoloader", "--classmap-authoritative", "--apcu-autoloader", "--no-scripts", "--no-autoloader") {
			first = append(first, a)
		}
	}
	d.why = "composer install runs scripts and writes an autoloader, which read the sources"
	d.first = command(slices.Concat([]string{"composer"}, first, []string{"--no-scripts", "--no-autoloader"})...)
	return d
}

// filesIn lists the files and folders of the project that a JSON text names, and what
// the texts among them name: those of plugins that patch packages. It says why it does
// not follow them.
// https://docs.cweagans.net/composer-patches/usage/defining-patches/
func filesIn(p *project, data []byte) (out []string, why string) {
	queue := [][]byte{data}
	looked := 0
	for i := 0; i < len(queue); i++ {
		var value any
		if json.Unmarshal(queue[i], &value) != nil {
			continue
		}
		for _, text := range texts(value) {
			if looked++; looked > mostNamed {
				return out, "composer.json names too many patches"
			}
			at := path.Clean(text)
			if at == "." || path.IsAbs(at) || !p.has(at) && !p.hasBelow(at) || slices.Contains(out, at) {
				continue
			}
			out = append(out, at)
			if more, ok := p.data(at); ok && path.Ext(at) == ".json" {
				queue = append(queue, more)
			}
		}
	}
	return out, ""
}

// composerFolders lists the folders of a type of repositories, which stand in a list or
// under names.
func composerFolders(raw json.RawMessage, of string) []string {
	type repository struct{ Type, URL string }
	var list []json.RawMessage
	var named map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil && json.Unmarshal(raw, &named) == nil {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			list = append(list, named[name])
		}
	}
	var out []string
	for _, one := range list {
		var r repository
		if json.Unmarshal(one, &r) == nil && r.Type == of {
			out = append(out, r.URL)
		}
	}
	return out
}
