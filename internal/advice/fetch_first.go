package advice

import (
	"path"
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
	words, lines, why := p.fetching(i, n, p.dirs[i], assigns, permitted)
	if why != "" {
		p.quiet(i, why)
		return
	}
	if p.changed(i).Reruns == 0 {
		return
	}
	if kindOf(words) != "go" || slices.ContainsFunc(p.pending, p.steersModules) {
		p.moved = append(p.moved, p.pending...)
	}
	step := "RUN "
	for _, m := range p.file.Instructions[i].Flags {
		step += "--" + m.Name + "=" + m.Value + " "
	}
	p.lines[i], p.first, p.unseen = lines, i, p.unseen || n.unseen
	p.fetches, p.what = step+words, n.from.name
	p.share = n.fetched()
	p.whole, p.downloads = n.whole, true
	p.leave(i, words)
}

// fetching writes the command that fetches what a RUN needs, to be called in the
// folder dir, and the COPY lines that it needs above it. It says why there is none.
func (p *move) fetching(i int, n *need, dir string, assigns []string, permitted []permit) (text string, lines []string, why string) {
	first, why := n.action.first, n.action.why
	if n.demand.why != "" {
		first, why = n.demand.first, n.demand.why
	} else if n.demand.first != "" {
		first = n.demand.first
	}
	if first == "" {
		return "", nil, why
	}
	for _, m := range p.file.Instructions[i].Mounts() {
		if m.Type == "cache" {
			return "", nil, why + "; what it fetches is kept in a cache mount"
		}
	}
	chmods, ok := p.chmods(i, n, slices.Concat(p.permits, permitted))
	words := chmods
	if folder := relative(dir, n.project.dir); folder != "." {
		ok = ok && plainWord(folder)
		words = append(words, "cd "+folder)
	}
	if slices.ContainsFunc(assigns, func(a string) bool { return !plainWord(a) }) {
		ok = false
	}
	if !ok || len(p.installs) > 0 && n.purpose == builds {
		return "", nil, why
	}
	if p.fetchedAbove(i, kindOf(first)) {
		return "", nil, "a step above it fetches packages with " + kindOf(first) + " already"
	}
	if lines, why = p.manifests(n); why != "" {
		return "", nil, why
	}
	return strings.Join(append(words, strings.Join(append(slices.Clone(assigns), first), " ")), " && "), lines, ""
}

// fetched is the part of the time of a RUN that fetching is taken to be.
func (n *need) fetched() float64 {
	switch {
	case n.whole:
		return 1
	case n.purpose == builds:
		return fetchedOfBuild
	}
	return fetchedOfInstall
}

// leave notes the folders that a step leaves more in.
func (p *move) leave(i int, words string) {
	for part := range strings.SplitSeq(words, " && ") {
		command := strings.Fields(part)
		for len(command) > 1 && strings.Contains(command[0], "=") {
			command = command[1:]
		}
		if k := keeps(command, p.envAt(i)); k != nil {
			for _, m := range k.mounts {
				if m.store {
					p.leaves = append(p.leaves, m.folder)
				}
			}
		}
	}
}

// fetchedAbove says whether a RUN of the image above an instruction calls the tool
// for packages of the project.
func (p *move) fetchedAbove(i int, tool string) bool {
	for stage := p.stage; stage >= 0; stage = p.file.Stages[stage].Parent {
		for j := p.file.Stages[stage].From; j < min(i, p.file.StageEnd(stage)); j++ {
			if fetches(p.file.Instructions[j], tool) {
				return true
			}
		}
	}
	return false
}

// fetches says whether a RUN calls a tool for packages of the project.
func fetches(in dockerfile.Instruction, tool string) bool {
	if in.Command != "RUN" || !strings.Contains(in.Text, tool) {
		return false
	}
	sc, ok := readScript(in)
	if !ok {
		return strings.Contains(" "+oneLine(in.Text)+" ", " "+tool+" ")
	}
	return slices.ContainsFunc(sc.commands, func(words []string) bool {
		if strings.TrimSuffix(path.Base(words[0]), "w") != tool {
			return false
		}
		a := classify(words)
		return a.purpose == builds || a.from != nil || a.purpose == unknown && len(words) > 1 && slices.Contains(getting, words[1])
	})
}

// getting are the words of commands that fetch and are not known otherwise.
var getting = []string{"chef", "get", "mod", "sync", "fetch", "restore", "install"}

// kindOf gives the tool that a step calls last, without the w of a wrapper.
func kindOf(step string) string {
	tool := ""
	for part := range strings.SplitSeq(step, " && ") {
		for word := range strings.FieldsSeq(part) {
			if !strings.Contains(word, "=") {
				if at := path.Base(word); !slices.Contains(plainTools, at) && at != "cd" {
					tool = strings.TrimSuffix(at, "w")
				}
				break
			}
		}
	}
	return tool
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
