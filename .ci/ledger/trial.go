package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/cause"
)

// place is where a build finds the results of earlier ones.
type place string

// The places: the builder's own store, or a cache in the registry, which a builder
// imports that has nothing, as on a fresh runner, or that has everything too.
const (
	local place = "the builder's own"
	cold  place = "registry, new builder"
	warm  place = "registry, same builder"
)

// trial is one case: a first build, edits, and a build after them whose ledger is
// held to builds without them and without any cache.
type trial struct {
	name  string
	shape string
	// doc is the Dockerfile. {base} and {big} are images, and {NAME} is the version
	// of the instruction that the edit NAME changes.
	doc string
	// files are sizes in bytes by path, of files that are more than a line.
	files map[string]int
	edits []edit
	place place
	// flags are given to each build, and output is what becomes of the result: image,
	// push, oci, local, or nothing.
	flags  []string
	output string
	// mode is that of the cache's export; min without one. With none nothing is
	// exported after the first build, as a pull request's builds do it.
	mode string
	none bool
	// rate is the registry's bandwidth in megabytes a second.
	rate float64
	// daemon is a flag of the daemon.
	daemon string
}

// edit is one thing that the second build finds changed: a file of the context, a
// build argument, an instruction, a base image, or that the cache is gone.
type edit struct {
	kind cause.Kind
	name string
	// stays says that there is no build without it.
	stays bool
}

func file(path string) edit        { return edit{kind: cause.ContextFiles, name: path} }
func argument(name string) edit    { return edit{kind: cause.BuildArg, name: name} }
func instruction(n string) edit    { return edit{kind: cause.InstructionChanged, name: n} }
func moved(image string) edit      { return edit{kind: cause.BaseImageMoved, name: image} }
func noCache(stage string) edit    { return edit{kind: cause.NoCache, name: stage} }
func gone(kind cause.Kind) edit    { return edit{kind: kind} }
func always(e edit) edit           { e.stays = true; return e }
func (e edit) losesTheCache() bool { return e.name == "" }

func (e edit) String() string {
	if e.losesTheCache() {
		return string(e.kind)
	}
	return fmt.Sprintf("%s %s", e.kind, e.name)
}

// world is what one build finds: a version of each edit, in their order. Version 0
// is that of the first build; the other ones are equivalent and all different, so
// that no build finds the results of an edit that another has made.
type world []int

// first is the world before all edits, at that with all of them at a version, and
// undone is without one.
func (t *trial) first() world { return make(world, len(t.edits)) }

func (t *trial) at(version int) world {
	return slices.Repeat(world{version}, len(t.edits))
}

func (w world) undone(edit int) world {
	w = slices.Clone(w)
	w[edit] = 0
	return w
}

// sources are the files that a Dockerfile takes.
var sources = regexp.MustCompile(`[a-z0-9]+\.txt`)

// tree is the content of the build context in a world, by path.
func (t *trial) tree(w world, images *strings.Replacer) map[string]string {
	doc := images.Replace(t.doc)
	out := map[string]string{}
	for i, e := range t.edits {
		switch e.kind {
		case cause.ContextFiles:
			out[e.name] = t.text(e.name, w[i])
		case cause.InstructionChanged:
			doc = strings.ReplaceAll(doc, "{"+e.name+"}", fmt.Sprint("version-", w[i]))
		}
	}
	for _, path := range sources.FindAllString(t.doc, -1) {
		if _, ok := out[path]; !ok {
			out[path] = t.text(path, 0)
		}
	}
	out["Dockerfile"] = doc
	return out
}

// command is the flags of a build that follow from the world.
func (t *trial) command(w world) []string {
	out := slices.Clone(t.flags)
	for i, e := range t.edits {
		switch {
		case e.kind == cause.BuildArg:
			out = append(out, "--build-arg", fmt.Sprintf("%s=version-%d", e.name, w[i]))
		case e.kind == cause.NoCache && w[i] > 0:
			out = append(out, "--no-cache-filter", e.name)
		}
	}
	return out
}
