package advice

import (
	"fmt"
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
	goBuild    int              // the RUN go build that wants a go mod download, or -1
	what       string
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
		lines: map[int][]string{}, have: map[string]bool{}, goBuild: -1,
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
	if !ok || !sc.linear || slices.ContainsFunc(p.late, p.steersInstalls) {
		return false
	}
	for _, m := range in.Mounts() {
		if m.Type == "" || m.Type == "bind" && m.From == "" {
			return false
		}
	}
	installs := false
	var lines []string
	for _, words := range sc.commands {
		a := classify(words)
		if a.purpose == unknown {
			p.wantModules(i, words)
			return false
		}
		if p.overwrites(a.writes, p.dirs[i]) {
			return false
		}
		installs = installs || a.purpose == fetch
		if a.from == nil {
			continue
		}
		more, ok := p.manifests(a, p.dirs[i])
		if !ok {
			return false
		}
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

// wantModules notes a go command that downloads modules on the way.
func (p *move) wantModules(i int, words []string) {
	in := p.file.Instructions[i]
	if words[0] != "go" || len(words) < 2 || !slices.Contains([]string{"build", "install", "test", "vet"}, words[1]) ||
		hasFlag(words, "-C", "-mod") || len(in.Mounts()) > 0 || len(p.installs) > 0 {
		return
	}
	for j := range i {
		if strings.Contains(p.file.Instructions[j].Text, "go mod") {
			return
		}
	}
	lines, ok := p.manifests(action{from: goModules()}, p.dirs[i])
	if ok && len(lines) > 0 && p.changed(i).Reruns > 0 {
		if slices.ContainsFunc(p.pending, p.steersModules) {
			p.moved = append(p.moved, p.pending...)
		}
		p.lines[i], p.goBuild = lines, i
	}
}

// steersModules says whether a download of modules may depend on an instruction
// that stands between the COPY and it.
func (p *move) steersModules(i int) bool {
	in := p.file.Instructions[i]
	return len(in.Names) == 0 || slices.ContainsFunc(in.Names, func(n string) bool {
		return strings.HasPrefix(n, "GO") || strings.HasSuffix(strings.ToUpper(n), "_PROXY")
	})
}

// goDownload is the share of a go build without modules that their download is
// taken to be.
const goDownload = 0.5

func (p *move) candidate() (candidate, bool) {
	if len(p.installs) == 0 && p.goBuild < 0 {
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
	if p.goBuild >= 0 {
		const download = "RUN go mod download"
		put(append(slices.Clone(p.lines[p.goBuild]), download)...)
		seconds, _ := p.seconds(p.goBuild)
		costs[download] = goDownload * seconds
		costs[p.file.Instructions[p.goBuild].Text] = (1 - goDownload) * seconds
	}
	source := quoted(p.file.Instructions[p.top])
	var title string
	switch {
	case p.goBuild >= 0:
		title = fmt.Sprintf("Download the Go modules before %s brings the sources, so that a source change no longer fetches them again", source)
	case p.what == "":
		title = fmt.Sprintf("Install the packages before %s brings files that they do not need", source)
	default:
		title = fmt.Sprintf("Install %s from their manifests before %s brings the sources, so that a source change no longer installs them again", p.what, source)
	}
	c, ok := p.draft(e, p.top, title, nil, added)
	c.costs = costs
	return c, ok
}

func (p *move) chowns() bool {
	return slices.ContainsFunc(p.late, func(c *copying) bool { _, ok := c.in.Flag("chown"); return ok })
}
