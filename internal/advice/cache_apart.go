package advice

import (
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// A builder empties a cache mount when it wants the room, and one that imports its
// results has none to begin with. So a RUN must never need what only another RUN put
// into the folder: the other one may be taken from the cache.

// apart says why a RUN of a group would need what another one fetched, and which.
func (f *family) apart(at []int, tools []string) (why string, where int) {
	secret := -1
	for _, i := range at {
		if slices.ContainsFunc(f.file.Instructions[i].Mounts(), func(m dockerfile.Mount) bool { return m.Type == "secret" || m.Type == "ssh" }) {
			secret = i
		}
	}
	for _, i := range at {
		fetched := false
		for k, words := range f.runs[i].commands {
			kept := f.runs[i].keeps[k]
			if kept == nil || kept.cleans || !slices.Contains(tools, kept.tool) {
				continue
			}
			if offline(words) && !fetched {
				return "it fetches nothing itself, and a cache mount may have lost what another step fetched", i
			}
			fetched = true
		}
		stores := slices.ContainsFunc(f.runs[i].keeps, func(k *keeping) bool {
			return k != nil && slices.ContainsFunc(k.mounts, func(m cacheMount) bool { return m.store })
		})
		if secret >= 0 && stores && !slices.ContainsFunc(f.file.Instructions[i].Mounts(), func(m dockerfile.Mount) bool { return m.Type == "secret" || m.Type == "ssh" }) {
			return "it could not fetch what another step fetches with a secret, should a cache mount have lost it", i
		}
	}
	return "", -1
}

// offline says whether a command installs from what was fetched before, or not at all.
func offline(words []string) bool {
	switch path.Base(words[0]) {
	case "mvn", "mvnw":
		return hasFlag(words, "-o", "--offline")
	case "cargo":
		return hasFlag(words, "--offline", "--frozen")
	}
	return hasFlag(words, "--offline", "--no-restore")
}

// lists says why the lists of packages that the system's package manager downloads have
// to stay in the image: each RUN that installs must download them itself, and none that
// is not known must find them.
func (f *family) lists(at []int) (why string, where int) {
	for _, i := range at {
		r := f.runs[i]
		updated, emptied, listed := false, false, false
		for k, words := range r.commands {
			kept := r.keeps[k]
			if path.Base(words[0]) == "rm" {
				emptied = emptied || slices.ContainsFunc(words, func(w string) bool { return inside(strings.TrimSuffix(w, "/*"), aptLists) })
			}
			if kept == nil || kept.cleans || kept.tool != "apt" && kept.tool != "apk" {
				continue
			}
			listed = listed || kept.tool == "apt"
			updated = updated || slices.Contains(words, "update") || kept.tool == "apk" && hasFlag(words, "--no-cache", "-U", "--update", "--update-cache")
			if !updated {
				return "it installs from lists that another step downloaded, which a cache mount may have lost", i
			}
		}
		if !listed || emptied {
			continue
		}
		for j, in := range f.file.Instructions {
			if j > i && in.Command == "RUN" && slices.Contains(f.stages, in.Stage) && !slices.Contains(at, j) && !f.indifferent(in, aptLists) {
				return "it may need the lists that " + quoted(f.file.Instructions[i]) + " leaves", j
			}
		}
	}
	return "", -1
}
