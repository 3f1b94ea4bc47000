package advice

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// parallelStages gives one of two long steps that need nothing of each other a stage
// of its own, so that BuildKit runs them at the same time. Before:
//
//	FROM example/go-and-node AS build
//	WORKDIR /src
//	COPY . .
//	RUN cd web && npm ci && npm run build
//	RUN go build -o /out/server ./cmd/server
//
// After:
//
//	FROM example/go-and-node AS build-base
//	WORKDIR /src
//	COPY . .
//
//	FROM build-base AS build-go
//	RUN go build -o /out/server ./cmd/server
//
//	FROM build-base AS build
//	RUN cd web && npm ci && npm run build
//	COPY --from=build-go /out/server /out/server
//
// It speaks where both were executed in the same builds, and where it is known what
// the step that moves writes and that it reads nothing of the other: a go build with
// -o below steps of npm and its like, if no Go file embeds others; an npm ci below a
// go build. What the gain is comes from the graph of steps.
func parallelStages(s *scene) []candidate {
	var out []candidate
	for i, in := range s.file.Instructions {
		if in.Command != "RUN" || s.changed(i).Reruns == 0 {
			continue
		}
		if x, ok := s.product(i); ok {
			if c, ok := s.aside(i, x); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

// product is what a step makes.
type product struct {
	tool   string   // of the new stage's name
	path   string   // in the image
	others []string // programs that run beside it
	leaves []string // folders that it fills as well
}

var (
	nodeTools = []string{"npm", "yarn", "pnpm", "npx", "bun", "corepack"}
	goTools   = []string{"go"}
)

// product knows what a RUN makes: a program of Go, or node_modules.
func (s *scene) product(at int) (product, bool) {
	in := s.file.Instructions[at]
	commands, _, ok := locate(in)
	if !ok || !isLinear(in) || slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type != "cache" && m.Type != "secret" }) {
		return product{}, false
	}
	dir := s.workdirs(in.Stage)[at]
	if commands[0].words[0] == "cd" && len(commands[0].words) == 2 {
		dir, commands = inDir(dir, commands[0].words[1]), commands[1:]
	}
	made := ""
	for _, c := range commands {
		switch text := strings.Join(c.words, " "); {
		case c.words[0] == "go" && text == "go mod download":
		case strings.HasPrefix(text, "go build ") && made == "":
			n := slices.Index(c.words, "-o")
			if n < 0 || n+1 == len(c.words) || strings.HasSuffix(c.words[n+1], "/") || strings.ContainsAny(c.words[n+1], "$"+unreadable) ||
				strings.Contains(text, "...") || hasFlag(c.words, "-C", "-modfile", "-overlay") {
				return product{}, false
			}
			made = inDir(dir, c.words[n+1])
		default:
			a := classify(c.words)
			if text != "npm ci" && !strings.HasPrefix(text, "npm ci ") || a.from == nil || len(commands) != 1 || !strings.HasPrefix(dir, "/") {
				return product{}, false
			}
			return product{"npm", dir + "/node_modules", goTools, []string{"/root/.npm"}}, true
		}
	}
	if !strings.HasPrefix(made, "/") || s.madeByWorkdir(made, at) {
		return product{}, false
	}
	return product{"go", made, nodeTools, []string{"/root/.cache", "/root/go", "/go/pkg"}}, true
}

// aside moves a step into a stage of its own, beside the steps above it that need
// nothing of it.
func (s *scene) aside(at int, x product) (candidate, bool) {
	stage := s.file.Instructions[at].Stage
	split := at
	for i := at - 1; i > s.file.Stages[stage].From; i-- {
		in := s.file.Instructions[i]
		if in.Command == "RUN" {
			if !runsOnly(in, x.others) {
				break
			}
			split = i
		} else if !slices.Contains([]string{"COPY", "ADD", "WORKDIR", "LABEL", "EXPOSE", "ENV", "ARG"}, in.Command) {
			break
		}
	}
	if split == at || !s.bothRan(split, at) {
		return candidate{}, false
	}
	if why := s.entwined(split, at, x); why != "" {
		s.silent(at, "%s", why)
		return candidate{}, false
	}
	from := s.file.Instructions[s.file.Stages[stage].From]
	name, as := "main", ""
	if len(from.Args) == 3 {
		name, as = from.Args[2], " AS "+from.Args[2]
	}
	// A FROM takes its base for an image's name, which has no capitals.
	base, own := strings.ToLower(name)+"-base", strings.ToLower(name)+"-"+x.tool
	if s.file.StageNamed(base) >= 0 || s.file.StageNamed(own) >= 0 {
		return candidate{}, false
	}
	e := s.file.Edit()
	end := len(from.Text)
	if ok := as != "" && e.Splice(s.file.Stages[stage].From, end-len(name), end, base) ||
		as == "" && e.Splice(s.file.Stages[stage].From, end, end, " AS "+base); !ok {
		return candidate{}, false
	}
	added := []string{e.Text(s.file.Stages[stage].From)}
	put := func(lines ...string) {
		e.InsertBefore(split, lines...)
		added = append(added, slices.DeleteFunc(lines, func(l string) bool { return l == "" })...)
	}
	put("", "FROM "+base+" AS "+own)
	for i := split; i < at; i++ {
		if in := s.file.Instructions[i]; in.Command != "RUN" {
			if strings.Contains(in.Text, "\n") {
				return candidate{}, false
			}
			put(oneLine(in.Text))
		}
	}
	e.MoveBefore(at, split)
	put("", "FROM "+base+as)
	fetch := fmt.Sprintf("COPY --from=%s %s %s", own, x.path, x.path)
	e.InsertAfter(at, fetch)
	added = append(added, fetch)
	title := fmt.Sprintf("Run %s in a stage of its own, at the same time as %s", quoted(s.file.Instructions[at]), quoted(s.file.Instructions[split]))
	c, ok := s.draftStages(e, at, title, []string{from.Text}, added, 2)
	for _, f := range x.leaves {
		c.Declares = append(c.Declares, Difference{f, "removed"}, Difference{f + "/**", "removed"})
	}
	c.Assumes = []string{fmt.Sprintf("%s needs nothing that %s makes, and leaves nothing but %s that is needed.",
		quoted(s.file.Instructions[at]), quoted(s.file.Instructions[split]), x.path)}
	return c, ok
}

// bothRan says whether two steps were executed in the replayed builds: the replay of
// the edit shows whether in the same ones.
func (s *scene) bothRan(a, b int) bool {
	return s.changed(a).Reruns > 0 && s.changed(b).Reruns > 0
}

// runsOnly says whether a RUN executes nothing but some programs, in folders of the
// project.
func runsOnly(in dockerfile.Instruction, programs []string) bool {
	sc, ok := readScript(in)
	if !ok || !sc.linear {
		return false
	}
	for _, words := range sc.commands {
		if !slices.Contains(programs, path.Base(words[0])) && words[0] != "cd" && words[0] != "set" {
			return false
		}
	}
	return true
}

// entwined says why a step cannot leave its stage; it is empty if it can.
func (s *scene) entwined(split, at int, x product) string {
	if x.tool == "go" {
		if s.context == nil || s.ReadFile == nil {
			return "the Go files cannot be read"
		}
		if why := s.embeds(); why != "" {
			return why
		}
	}
	for _, i := range s.below(at) {
		in := s.file.Instructions[i]
		if in.Command == "RUN" && x.tool == "go" && hasPath(in.Text, "go") {
			return quoted(in) + " may use what go build keeps"
		}
	}
	for i, in := range s.file.Instructions {
		if i >= split && i <= at && in.Command != "RUN" && in.Block != in.Bytes {
			return "comments stand between"
		}
	}
	if s.numbered() {
		return "a stage is named by its number"
	}
	return ""
}
