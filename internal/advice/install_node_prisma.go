package advice

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// The settings of prisma are a program, and a schema may put what is generated
// among the sources.
// https://www.prisma.io/docs/orm/prisma-schema/overview/location
var (
	prismaReads  = regexp.MustCompile(`(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*["']\.`)
	prismaSchema = regexp.MustCompile(`\bschema\s*:\s*(?:path\.(?:join|resolve)\(\s*)?["']([^"']+)["']\s*[),}\n]`)
	prismaOutput = regexp.MustCompile(`(?m)^\s*output\s*=\s*"([^"]+)"`)
)

// generates takes what the package @prisma/client reads when it is installed: up to
// Prisma 6 it generates its code then, if it finds a schema.
func (l *nodeLook) generates(dir string, pkg packageJSON, d *demand) {
	deps := []map[string]string{pkg.Dependencies, pkg.DevDependencies, pkg.Optional}
	if !slices.ContainsFunc(deps, func(x map[string]string) bool { return x["@prisma/client"] != "" }) {
		return
	}
	for _, at := range slices.Compact([]string{dir, "."}) {
		schema := ""
		if at == dir {
			schema = pkg.Prisma.Schema
		}
		files, why := l.prismaNeeds(at, []string{"generate"}, schema)
		d.files = append(d.files, files...)
		if why != "" {
			d.why = "the package @prisma/client generates code when it is installed, and " + why
		}
	}
}

// prismaNeeds lists what a prisma generate in a folder reads, nothing if there is no
// schema, and says why that cannot be told.
func (l *nodeLook) prismaNeeds(dir string, args []string, schema string) (files []string, why string) {
	for _, name := range []string{"prisma.config.ts", "prisma.config.js", "prisma.config.mjs", "prisma.config.cjs", "prisma.config.mts"} {
		file := path.Join(dir, name)
		if !l.has(file) {
			continue
		}
		text, ok := l.text(file, "//")
		if !ok || prismaReads.MatchString(text) {
			return nil, file + " may read the sources"
		}
		files = append(files, file)
		if m := prismaSchema.FindStringSubmatch(text); m != nil {
			schema = m[1]
		} else if strings.Contains(text, "schema") {
			return nil, "where the schema is that " + file + " names is not known"
		}
	}
	if v := flagValue(args, "--schema"); v != "" {
		schema = v
	}
	at := path.Join(dir, schema)
	if schema == "" {
		if at = path.Join(dir, "prisma"); !l.hasBelow(at) {
			at = path.Join(dir, "schema.prisma")
		}
	}
	switch {
	case path.IsAbs(schema) || schema != "" && at == dir:
		return nil, "its schema is in " + schema
	case !l.has(at) && !l.hasBelow(at):
		return nil, ""
	}
	for _, file := range l.glob(at, path.Join(at, "**")) {
		if path.Ext(file) != ".prisma" {
			continue
		}
		text, _ := l.text(file, "//")
		for _, m := range prismaOutput.FindAllStringSubmatch(text, -1) {
			if to := path.Join(path.Dir(file), m[1]); l.has(to) || l.hasBelow(to) {
				return nil, "the context brings " + to + ", which it writes"
			}
		}
	}
	return append(files, at), ""
}
