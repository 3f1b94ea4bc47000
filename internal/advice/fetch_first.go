package advice

import (
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// The parts of a command's time that fetching its packages is taken to be, where a
// step of its own is put in for that: of an install nearly all, of a build half.
const (
	fetchedOfInstall = 0.9
	fetchedOfBuild   = 0.5
)

// fetchFirst plans a step of its own for what a command fetches that needs the
// sources. What the RUN itself made executable before is permitted.
func (p *move) fetchFirst(i int, n *need, assigns []string, permitted []permit) {
	first, why := n.action.first, n.action.why
	if n.demand.why != "" {
		first, why = "", n.demand.why
	}
	if n.demand.first != "" {
		first = n.demand.first
	}
	in := p.file.Instructions[i]
	words := []string{"RUN"}
	for _, m := range in.Flags {
		if m.Name == "mount" && strings.Contains(m.Value, "type=cache") {
			first, why = "", "it keeps what it fetches in a cache mount"
		}
		words = append(words, "--"+m.Name+"="+m.Value)
	}
	chmods, ok := p.chmods(i, n, slices.Concat(p.permits, permitted))
	if !ok {
		first = ""
	}
	for _, c := range chmods {
		words = append(words, c, "&&")
	}
	if folder := relative(p.dirs[i], n.project.dir); folder != "." {
		if !plainWord(folder) {
			first = ""
		}
		words = append(words, "cd", folder, "&&")
	}
	for _, a := range assigns {
		if !plainWord(a) {
			first = ""
		}
		words = append(words, a)
	}
	if first == "" || len(p.installs) > 0 && n.purpose == builds {
		p.quiet(i, why)
		return
	}
	if slices.ContainsFunc(p.file.Instructions[:i], func(x dockerfile.Instruction) bool { return fetchedBy(x, kindOf(first)) }) {
		p.quiet(i, "what it fetches is fetched above it already")
		return
	}
	lines, why := p.manifests(n)
	switch {
	case why != "":
		p.quiet(i, why)
	case p.changed(i).Reruns > 0:
		if kindOf(first) != "go mod" || slices.ContainsFunc(p.pending, p.steersModules) {
			p.moved = append(p.moved, p.pending...)
		}
		p.lines[i], p.first, p.unseen = lines, i, p.unseen || n.unseen
		p.fetches, p.what, p.share = strings.Join(append(words, first), " "), n.from.name, fetchedOfInstall
		switch {
		case n.whole:
			p.whole, p.share = true, 1
		case n.purpose == builds:
			p.share = fetchedOfBuild
		}
		if k := keeps(strings.Fields(first), p.envAt(i)); k != nil {
			for _, m := range k.mounts {
				if m.store {
					p.leaves = append(p.leaves, m.folder)
				}
			}
		}
	}
}

// fetchedBy says whether an instruction has the words of a kind in a command that may
// fetch: one that makes a wrapper executable does not.
func fetchedBy(in dockerfile.Instruction, kind string) bool {
	if in.Command != "RUN" || !strings.Contains(in.Text, kind) {
		return false
	}
	sc, ok := readScript(in)
	return !ok || slices.ContainsFunc(sc.commands, func(words []string) bool {
		return words[0] != "chmod" && strings.Contains(strings.Join(words, " "), kind)
	})
}

// kindOf gives the words by which a step is known that fetches already.
func kindOf(first string) string {
	for _, kind := range []string{"go mod", "cargo fetch", "dependency:", "gradlew", "dotnet restore", "pnpm fetch", "poetry install", "uv sync", "composer install"} {
		if strings.Contains(first, kind) {
			return kind
		}
	}
	return first
}

// quiet notes why an instruction stays where it is.
func (p *move) quiet(i int, why string) { p.silent(i, "%s", told(why)) }

// longestWhy is how much of a reason is told, in characters: it may quote what a
// manifest says.
const longestWhy = 160

func told(why string) string {
	text := []rune(oneLine(record.RedactURLs(why)))
	if len(text) > longestWhy {
		text = append(text[:longestWhy-1], '…')
	}
	return string(text)
}

// steersModules says whether a download of modules may depend on an instruction
// that stands between the COPY and it.
func (p *move) steersModules(i int) bool {
	in := p.file.Instructions[i]
	return len(in.Names) == 0 || slices.ContainsFunc(in.Names, func(n string) bool {
		return strings.HasPrefix(n, "GO") || strings.HasSuffix(strings.ToUpper(n), "_PROXY")
	})
}
