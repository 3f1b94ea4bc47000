package advice

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
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
// does. A RUN that installs first and then needs the sources is taken apart. Where
// an install or a build needs them itself, what it fetches gets a step of its own,
// if its tool has one for that.
//
// What the manifests hold is read, so that workspaces, packages from folders and
// lifecycle scripts are known. Where they cannot be read, the suggestion says what
// it takes for granted.
func depsBeforeSource(s *scene) []candidate {
	var out []candidate
	for stage := range s.file.Stages {
		for p := newMove(s, stage); p != nil; p = newMoveFrom(s, stage, p.top+1) {
			p.walk()
			if p.needsTop() {
				continue // what changed there is what the install is made from
			}
			if c, ok := p.candidate(); ok {
				out = append(out, c)
			}
			break
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
	permits    []permit // what the RUNs among them make executable
	pending    []int    // to be moved if an install below follows
	moved      []int
	installs   []int
	lines      map[int][]string // COPY lines that belong above a moved install
	have       map[string]bool  // paths in the image that lines bring
	first      int              // the RUN that wants a step of its own for what it fetches, or -1
	fetches    string           // that step
	above      []string         // its lines, where the RUN is taken apart for it,
	rest       string           // and what is left of the RUN,
	below      []string         // with its lines
	whole      bool             // that step does all that the RUN does
	downloads  bool             // that step does part of what the last command in it would do
	share      float64          // the part of the RUN's time that it takes
	leaves     []string         // folders that it leaves more in
	what       string
	unseen     bool // that a manifest could not be read
}

// newMove finds the uppermost COPY of the stage whose files changed.
func newMove(s *scene, stage int) *move { return newMoveFrom(s, stage, s.file.Stages[stage].From) }

// newMoveFrom finds the uppermost one from an instruction on.
func newMoveFrom(s *scene, stage, top int) *move {
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

// named is a command by its first words, up to a flag.
func named(words []string) string {
	n := 1
	for n < min(len(words), 3) && plainWord(words[n]) && !strings.HasPrefix(words[n], "-") {
		n++
	}
	return strings.Join(words[:n], " ")
}

// isWrapper says whether a program of the project is one that is known to need few of
// its files.
func isWrapper(program string) bool {
	return slices.Contains([]string{"./mvnw", "./gradlew"}, program)
}

// idle are commands that nothing needs which follows in the same RUN, apart from the
// part of it that they stand in.
var idle = []string{"set", "true", ":", "echo"}

// inTwo are tools with which packages are fetched by one step and installed by another.
var inTwo = []string{"uv", "poetry", "pnpm"}

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
	installs, sets, dir := false, false, p.dirs[i]
	prepares := false // something that what follows may need has been done
	var lines []string
	var permitted []permit
	for k, words := range sc.commands {
		a := classify(words)
		stop := func(why string) bool {
			if !installs || !p.split(i, k, sc.commands, lines, "") {
				p.quiet(i, why)
			}
			return false
		}
		if a.purpose == enter {
			dir = inDir(dir, a.dir)
			continue
		}
		if at := inDir(dir, words[0]); strings.Contains(words[0], "/") && !isWrapper(words[0]) && slices.ContainsFunc(p.late, func(c *copying) bool {
			return p.brings(c, func(x string) bool { return x == at })
		}) {
			a = action{why: words[0] + " comes with the sources"}
		}
		if a.purpose == unknown {
			if a.why == "" {
				a.why = "what " + named(words) + " reads is not known"
			}
			return stop(a.why)
		}
		if a.purpose == permits {
			more, ok := p.permitsOf(a, dir)
			if !ok || installs {
				return stop("what " + named(words) + " reads is not known")
			}
			permitted = append(permitted, more...)
			continue
		}
		if a.purpose == fetch && len(permitted) > 0 {
			return stop("it makes files executable that the COPY brings again")
		}
		if p.overwrites(a.writes, inDir(dir, a.dir)) {
			p.quiet(i, "it writes or removes files that the COPY brings")
			return false
		}
		if a.from == nil && a.purpose == builds {
			return stop(a.why)
		}
		if a.from == nil {
			installs, sets = installs || a.purpose == fetch, true
			prepares = prepares || !slices.Contains(idle, words[0])
			continue
		}
		a.whole = a.whole && len(sc.commands) == 1
		n, why := p.needOf(a, inDir(dir, a.dir))
		if why == "" && (a.purpose == builds || n.demand.why != "") {
			if !prepares {
				p.fetchFirst(i, n, sc.assigns[k], permitted)
				return false
			}
			first, more, why := p.fetching(i, n, dir, sc.assigns[k], permitted)
			if why != "" && !installs || !p.split(i, k, sc.commands, append(lines, more...), first) {
				p.quiet(i, cmp.Or(why, "what it does before would have to come along, and cannot be taken apart from the rest"))
			} else if first != "" {
				p.what, p.share, p.unseen, p.downloads = n.from.name, n.fetched(), p.unseen || n.unseen, true
			}
			return false
		}
		var more []string
		if why == "" {
			more, why = p.manifests(n)
		}
		if why != "" {
			return stop(why)
		}
		chmods, ok := p.chmods(i, n, p.permits)
		if !ok {
			return stop("a file that it needs is made executable")
		}
		for _, c := range chmods {
			more = append(more, "RUN "+c)
		}
		if _, measured := p.seconds(i); !measured && slices.Contains(inTwo, words[0]) && p.fetchedAbove(i, words[0]) {
			return stop("a step above it fetches packages with " + words[0] + " already, and what is left for it to do was never measured")
		}
		installs, prepares = installs || a.purpose == fetch, true
		p.unseen = p.unseen || n.unseen
		lines, p.what = append(lines, more...), a.from.name
	}
	if len(permitted) > 0 {
		if sets {
			p.quiet(i, "it makes files executable that the COPY brings again")
			return false
		}
		p.stays, p.permits = append(p.stays, in), append(p.permits, permitted...)
		return true
	}
	p.pending = append(p.pending, i)
	p.lines[i] = lines
	if installs {
		p.moved, p.pending = append(p.moved, p.pending...), nil
		p.installs = append(p.installs, i)
	}
	return true
}

func (p *move) candidate() (candidate, bool) {
	if len(p.installs) == 0 && p.first < 0 {
		return candidate{}, false
	}
	costs := map[string]float64{}
	e := p.file.Edit()
	var added []string
	put := func(lines ...string) {
		var raised []int
		for _, line := range lines {
			if c := p.same(line); c != nil {
				raised = append(raised, c.index)
				continue
			}
			e.InsertBefore(p.top, line)
			added = append(added, line)
		}
		slices.Sort(raised)
		for _, i := range raised {
			e.MoveBefore(i, p.top)
		}
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
	var removed []string
	if p.first >= 0 {
		put(p.lines[p.first]...)
		rest := p.file.Instructions[p.first].Text
		switch {
		case p.whole:
			e.MoveBeforeAs(p.first, p.top, p.fetches)
			removed, added = []string{rest}, append(added, p.fetches)
		case p.rest == "":
			put(p.fetches)
		default:
			e.InsertBefore(p.top, p.above...)
			e.Replace(p.first, p.below...)
			removed, added, rest = []string{rest}, append(added, p.fetches, p.rest), p.rest
		}
		seconds, _ := p.seconds(p.first)
		costs[p.fetches], costs[rest] = p.share*seconds, (1-p.share)*seconds
	}
	source := quoted(p.file.Instructions[p.top])
	var title string
	switch {
	case p.downloads:
		title = fmt.Sprintf("Download %s before %s brings the sources, so that a source change no longer fetches them again", p.what, source)
	case p.what == "":
		title = fmt.Sprintf("Install the packages before %s brings files that they do not need", source)
	default:
		title = fmt.Sprintf("Install %s from their manifests before %s brings the sources, so that a source change no longer installs them again", p.what, source)
	}
	c, ok := p.draft(e, p.top, title, removed, added)
	switch {
	case !ok && strings.Contains(c.Patch, struck):
		p.quiet(p.top, "a patch of what stands around it would show a credential")
	case !ok:
		p.quiet(p.top, "the edit is not safe")
	}
	c.costs = costs
	if p.unseen {
		c.Assumes = append(c.Assumes, "no lifecycle script and no package from a folder needs the sources: what the manifests hold was not seen")
	}
	for _, folder := range p.leaves { // all packages are fetched, not only those that are used
		c.Declares = append(c.Declares, Difference{Path: folder}, Difference{Path: folder + "/**"})
	}
	if p.first >= 0 && !p.whole {
		c.Assumes = append(c.Assumes, fmt.Sprintf("fetching takes %.0f %% of the time of %s", 100*p.share, quoted(p.file.Instructions[p.first])))
	}
	return c, ok
}

// same finds the COPY that does what a line is to do: it is moved, instead of doing
// it twice. It must not matter whether it stands above the others.
func (p *move) same(line string) *copying {
	for _, c := range p.late {
		if slices.ContainsFunc(c.sources, func(src string) bool { return c.isDir[src] }) {
			continue
		}
		var files []string
		lands := map[string]bool{}
		for i, file := range p.context.Paths {
			at, _, ok := p.lands(c, file)
			if !ok || fs.FileMode(p.context.Modes[i]).IsDir() {
				continue
			}
			files, lands[at] = append(files, file), true
		}
		if got, ok := c.line(files, ""); !ok || got != line {
			continue
		}
		if !slices.ContainsFunc(p.late, func(o *copying) bool {
			return o != c && p.brings(o, func(at string) bool { return lands[at] })
		}) {
			return c
		}
	}
	return nil
}

// needsTop says whether the uppermost COPY brings nothing but what the install needs.
func (p *move) needsTop() bool {
	for _, lines := range p.lines {
		for _, line := range lines {
			if c := p.same(line); c != nil && c.index == p.top {
				return true
			}
		}
	}
	return false
}

func (p *move) chowns() bool {
	return slices.ContainsFunc(p.late, func(c *copying) bool { _, ok := c.in.Flag("chown"); return ok })
}
