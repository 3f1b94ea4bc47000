package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

func sourceMutations() []mutation {
	return []mutation{
		{name: "tag of a base image moved", apply: moveBase},
		{name: "base image of a FROM edited", apply: editBase},
		{name: "named context is another image", apply: func(w *world, r *rand.Rand) bool {
			var names []string
			for name := range w.contexts {
				names = append(names, name)
			}
			slices.Sort(names)
			name, ok := pick(r, names)
			if !ok || !w.claim("context "+name) {
				return false
			}
			w.contexts[name] += "-next"
			sites, steps := w.readers(name)
			w.effects = append(w.effects, effect{kind: "named-context", subjects: []string{name}, sites: sites, steps: steps, laid: true})
			return true
		}},
		{name: "remote file changed", apply: func(w *world, r *rand.Rand) bool {
			name, ok := pick(r, w.shape.remotes)
			if !ok || !w.claim("remote "+name) {
				return false
			}
			w.versions[name]++
			for _, in := range w.doc.list {
				if in.word == "ADD" && strings.Contains(in.text, "{http}/"+name) {
					w.effects = append(w.effects, effect{kind: "remote-source", sites: []*instruction{in}, steps: []*instruction{in}})
				}
			}
			return true
		}},
	}
}

// readers lists the instructions that start from or copy from an image by a name,
// and the steps that have it below them.
func (w *world) readers(ref string) (sites, steps []*instruction) {
	for _, s := range w.doc.stages() {
		if s.image != "" && w.expandDefaults(s.image) == ref {
			sites = append(sites, s.from)
			steps = append(steps, w.doc.below(s)...)
		}
		for _, in := range s.body {
			if m := reads.FindStringSubmatch(in.text); m != nil && !in.gone && m[1] == ref {
				sites = append(sites, in)
				steps = append(steps, in)
			}
		}
	}
	return sites, steps
}

// expandDefaults puts values into the name of an image.
func (w *world) expandDefaults(image string) string {
	values := w.given()
	for _, in := range w.doc.header() {
		for _, v := range in.variables() {
			if _, given := values[v.name]; !given && v.hasValue && !in.gone {
				values[v.name] = v.value
			}
		}
	}
	for range len(values) {
		for name, value := range values {
			image = strings.ReplaceAll(image, "${"+name+"}", value)
		}
	}
	return image
}

func moveBase(w *world, r *rand.Rand) bool {
	image, ok := pick(r, w.shape.images)
	if !ok || !w.claim("image "+image) {
		return false
	}
	sites, steps := w.readers("{registry}/" + image)
	for _, s := range sites {
		w.touched[s.key()] = true
	}
	w.versions[image]++
	subject := "/" + image
	if !strings.Contains(image, ":") {
		subject += ":latest"
	}
	subjects := []string{subject}
	for _, s := range sites {
		if s.word == "FROM" && strings.Contains(s.text, "$") {
			subjects = nil // a reference made of an argument may be secret, and is not shown
		}
	}
	w.effects = append(w.effects, effect{kind: "base-image-moved", subjects: subjects, sites: sites, steps: steps, laid: true})
	return true
}

func editBase(w *world, r *rand.Rand) bool {
	s, ok := pick(r, slices.DeleteFunc(w.doc.stages(), func(s *stage) bool {
		return !strings.HasPrefix(s.image, "{registry}/") || strings.Contains(s.image, "$") || !strings.Contains(s.image, ":") || w.touched[s.from.key()]
	}))
	if !ok || !w.claim(s.from.key()) || !w.claim("image "+strings.TrimPrefix(s.image, "{registry}/")) {
		return false
	}
	steps := w.doc.below(s)
	s.from.text = strings.Replace(s.from.text, s.image, s.image+"-next", 1)
	w.effects = append(w.effects, effect{kind: "base-image-changed", sites: []*instruction{s.from}, steps: steps, laid: true})
	return true
}

func buildMutations() []mutation {
	flag := func(name, option, flag string) mutation {
		return mutation{name: name, apply: func(w *world, _ *rand.Rand) bool {
			if !w.claim("flag "+flag) || option != "" && !w.claim("option "+option) {
				return false
			}
			w.flags = append(w.flags, flag)
			if option == "" {
				return true
			}
			var steps []*instruction
			for _, in := range w.doc.list {
				if in.word == "RUN" && !in.gone && (option != "network" || !strings.Contains(in.text, "--network=")) {
					steps = append(steps, in)
				}
			}
			w.effects = append(w.effects, effect{kind: "step-options", subjects: []string{option}, steps: steps})
			return true
		}}
	}
	ignore := func(w *world, subject string) bool {
		w.effects = append(w.effects, effect{kind: "no-cache", subjects: []string{subject}, laid: true, forced: true})
		return true
	}
	return []mutation{
		flag("network of the build changed", "network", "--network=none"),
		flag("host added to the build", "limits", "--add-host=db.internal:10.0.0.1"),
		flag("limit added to the build", "limits", "--ulimit=nofile=1024:2048"),
		flag("image labelled by the build", "", "--label=build=other"),
		{name: "secret changed", apply: func(w *world, _ *rand.Rand) bool {
			w.secret = "another secret"
			return w.shape.secret != "" && w.claim("secret")
		}},
		{name: "cache ignored", apply: func(w *world, _ *rand.Rand) bool {
			if !w.claim("no-cache") {
				return false
			}
			w.noCache = []string{"*"}
			return ignore(w, "--no-cache")
		}},
		{name: "cache of a stage ignored", apply: func(w *world, r *rand.Rand) bool {
			s, ok := pick(r, slices.DeleteFunc(w.doc.built(w.shape.target), func(s *stage) bool { return s.name == "" }))
			if !ok || !w.claim("no-cache") || !w.claim("stage "+s.name) {
				return false
			}
			w.noCache = []string{s.name}
			return ignore(w, fmt.Sprintf("--no-cache-filter %s", s.name))
		}},
	}
}
