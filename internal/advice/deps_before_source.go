package advice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// depsBeforeSource moves dependency installs above the COPY of the sources.
//
// It speaks where an install re-ran because source files changed that a COPY
// above it takes. Before:
//
//	FROM node:24
//	WORKDIR /app
//	COPY . .
//	RUN npm ci
//	RUN npm run build
//
// After:
//
//	FROM node:24
//	WORKDIR /app
//	COPY package.json package-lock.json ./
//	RUN npm ci
//	COPY . .
//	RUN npm run build
//
// Installs move along with the ENV, ARG, WORKDIR and USER between, and with
// system packages, as far down as every instruction is understood; the first one
// that is not ends the search, because an install below it may need what it
// does. Where a Dockerfile only runs go build, a go mod download is put in; what
// that saves cannot be told from one build, so it is predicted as nothing.
//
// The contents of the manifests are not known here. An install whose lifecycle
// scripts, path dependencies or editable requirements need the sources fails
// when it stands above them.
func depsBeforeSource(s *scene) []candidate {
	var out []candidate
	for stage := range s.file.Stages {
		p := newMove(s, stage)
		if p == nil {
			continue
		}
		p.walk()
		if c, ok := p.candidate(); ok {
			out = append(out, c)
		}
	}
	return out
}

// move is the plan for one stage.
type move struct {
	*scene
	stage, top int
	dirs       map[int]string
	early      []*copying // COPYs above top
	late       []*copying // top, and COPYs between it and the installs
	lateAt     []int
	stays      []dockerfile.Instruction
	pending    []int // to be moved if an install below follows
	moved      []int
	installs   []int
	lines      map[int][]string // COPY lines that belong above a moved install
	have       map[string]bool  // paths in the image that lines bring
	first      int              // the RUN that wants a step of its own for what it fetches, or -1
	fetches    string           // that step
	share      float64          // the part of the RUN's time that it takes
	leaves     []string         // folders that it leaves more in
	what       string
	unseen     bool // that a manifest could not be read
}

// newMove finds the uppermost COPY of the stage whose files changed.
func newMove(s *scene, stage int) *move {
	top := s.file.Stages[stage].From
	for ; top < s.file.StageEnd(stage); top++ {
		if s.copies[top] != nil && len(s.changed(top).Files) > 0 {
			break
		}
	}
	if top == s.file.StageEnd(stage) {
		return nil
	}
	p := &move{
		scene: s, stage: stage, top: top, dirs: s.workdirs(stage),
		late: []*copying{s.copies[top]}, lateAt: []int{top},
		lines: map[int][]string{}, have: map[string]bool{}, first: -1,
	}
	for i := s.file.Stages[stage].From; i < top; i++ {
		if c := s.copies[i]; c != nil {
			p.early = append(p.early, c)
		}
	}
	return p
}

// walk goes down from top for as long as it understands what it sees.
func (p *move) walk() {
	for i := p.top + 1; i < p.file.StageEnd(p.stage); i++ {
		if !p.take(i) {
			return
		}
	}
}

func (p *move) take(i int) bool {
	in := p.file.Instructions[i]
	switch in.Command {
	case "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "STOPSIGNAL", "HEALTHCHECK", "MAINTAINER":
		p.stays = append(p.stays, in) // they change no file
		return true
	case "COPY", "ADD":
		c := p.copies[i]
		if c == nil {
			return false
		}
		p.late, p.lateAt = append(p.late, c), append(p.lateAt, i)
		return true
	case "WORKDIR":
		// A COPY to a relative path would land elsewhere if it came after it.
		if slices.ContainsFunc(p.late, func(c *copying) bool { return !absolute(strings.Trim(c.dest, `"'`)) }) {
			return false
		}
		return p.hold(i)
	case "ENV", "ARG":
		if slices.ContainsFunc(p.late, func(c *copying) bool { return slices.ContainsFunc(in.Names, c.in.Reads) }) ||
			slices.ContainsFunc(p.stays, func(x dockerfile.Instruction) bool { return slices.ContainsFunc(in.Names, x.Reads) }) {
			return false // it would be read with another value
		}
		return p.hold(i)
	case "USER":
		return p.hold(i)
	case "RUN":
		return p.run(i, in)
	}
	return false
}

func (p *move) hold(i int) bool {
	p.pending = append(p.pending, i)
	return true
}

// run takes a RUN whose commands all get along without the sources.
func (p *move) run(i int, in dockerfile.Instruction) bool {
	sc, ok := readScript(in)
	switch {
	case !ok || !sc.linear:
		p.quiet(i, "its commands cannot be told apart")
		return false
	case slices.ContainsFunc(p.late, p.steersInstalls):
		p.quiet(i, "the COPY above it brings files that steer installs")
		return false
	}
	for _, m := range in.Mounts() {
		if m.Type == "" || m.Type == "bind" && m.From == "" {
			p.quiet(i, "it mounts the build context")
			return false
		}
	}
	installs, dir := false, p.dirs[i]
	var lines []string
	for k, words := range sc.commands {
		a := classify(words)
		if a.purpose == enter {
			dir = inDir(dir, a.dir)
			continue
		}
		if a.purpose == unknown {
			if a.why == "" {
				a.why = "what " + words[0] + " reads is not known"
			}
			p.quiet(i, a.why)
			return false
		}
		if p.overwrites(a.writes, inDir(dir, a.dir)) {
			p.quiet(i, "it writes settings that the COPY brings too")
			return false
		}
		installs = installs || a.purpose == fetch
		if a.from == nil && a.purpose == builds {
			p.quiet(i, a.why)
			return false
		}
		if a.from == nil {
			continue
		}
		n, why := p.needOf(a, inDir(dir, a.dir))
		if why == "" && (a.purpose == builds || n.demand.why != "") {
			p.fetchFirst(i, n, sc.assigns[k])
			return false
		}
		var more []string
		if why == "" {
			more, why = p.manifests(n)
		}
		if why != "" {
			p.quiet(i, why)
			return false
		}
		p.unseen = p.unseen || n.unseen
		lines, p.what = append(lines, more...), a.from.name
	}
	p.pending = append(p.pending, i)
	p.lines[i] = lines
	if installs {
		p.moved, p.pending = append(p.moved, p.pending...), nil
		p.installs = append(p.installs, i)
	}
	return true
}

// fetchFirst plans a step of its own for what a command fetches that needs the
// sources.
func (p *move) fetchFirst(i int, n *need, assigns []string) {
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
	for _, a := range assigns {
		if !plainWord(a) {
			first = ""
		}
		words = append(words, a)
	}
	if folder := relative(p.dirs[i], n.project.dir); folder != "." {
		if !plainWord(folder) {
			first = ""
		}
		words = append(words, "cd", folder, "&&")
	}
	if first == "" || len(p.installs) > 0 && n.purpose == builds {
		p.quiet(i, why)
		return
	}
	if slices.ContainsFunc(p.file.Instructions[:i], func(x dockerfile.Instruction) bool {
		return x.Command == "RUN" && strings.Contains(x.Text, kindOf(first))
	}) {
		p.quiet(i, "what it fetches is fetched above it already")
		return
	}
	lines, why := p.manifests(n)
	switch {
	case why != "":
		p.quiet(i, why)
	case p.changed(i).Reruns > 0:
		if slices.ContainsFunc(p.pending, p.steersModules) {
			p.moved = append(p.moved, p.pending...)
		}
		p.lines[i], p.first, p.unseen = lines, i, p.unseen || n.unseen
		p.fetches, p.what, p.share = strings.Join(append(words, first), " "), n.from.name, fetchedOfInstall
		if n.purpose == builds {
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

// The parts of a command's time that fetching its packages is taken to be, where a
// step of its own is put in for that: of an install nearly all, of a build half.
const (
	fetchedOfInstall = 0.9
	fetchedOfBuild   = 0.5
)

func (p *move) candidate() (candidate, bool) {
	if len(p.installs) == 0 && p.first < 0 {
		return candidate{}, false
	}
	costs := map[string]float64{}
	e := p.file.Edit()
	var added []string
	put := func(lines ...string) {
		if len(lines) == 0 {
			return
		}
		e.InsertBefore(p.top, lines...)
		added = append(added, lines...)
	}
	for _, i := range p.moved {
		switch {
		case p.file.Instructions[i].Command == "WORKDIR" && p.chowns():
			// A folder that COPY --chown makes is the user's, one that WORKDIR makes
			// is root's.
			for _, j := range p.moved {
				put(p.lines[j]...)
				delete(p.lines, j)
			}
		default:
			put(p.lines[i]...)
		}
		e.MoveBefore(i, p.top)
	}
	if p.first >= 0 {
		put(append(slices.Clone(p.lines[p.first]), p.fetches)...)
		seconds, _ := p.seconds(p.first)
		costs[p.fetches] = p.share * seconds
		costs[p.file.Instructions[p.first].Text] = (1 - p.share) * seconds
	}
	source := quoted(p.file.Instructions[p.top])
	var title string
	switch {
	case p.first >= 0:
		title = fmt.Sprintf("Download %s before %s brings the sources, so that a source change no longer fetches them again", p.what, source)
	case p.what == "":
		title = fmt.Sprintf("Install the packages before %s brings files that they do not need", source)
	default:
		title = fmt.Sprintf("Install %s from their manifests before %s brings the sources, so that a source change no longer installs them again", p.what, source)
	}
	c, ok := p.draft(e, p.top, title, nil, added)
	c.costs = costs
	if p.unseen {
		c.Assumes = append(c.Assumes, "no lifecycle script and no package from a folder needs the sources: what the manifests hold was not seen")
	}
	for _, folder := range p.leaves { // all packages are fetched, not only those that are used
		c.Declares = append(c.Declares, Difference{Path: folder}, Difference{Path: folder + "/**"})
	}
	if p.first >= 0 {
		c.Assumes = append(c.Assumes, fmt.Sprintf("fetching takes %.0f %% of the time of %s", 100*p.share, quoted(p.file.Instructions[p.first])))
	}
	return c, ok
}

func (p *move) chowns() bool {
	return slices.ContainsFunc(p.late, func(c *copying) bool { _, ok := c.in.Flag("chown"); return ok })
}
