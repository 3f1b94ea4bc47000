package advice

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// narrowCopy lets steps see only the files that they read. Where a RUN below a COPY
// names the one folder that it works in, that folder is copied first. Before:
//
//	FROM golang:1.26
//	WORKDIR /src
//	COPY . .
//	RUN make -C assets
//	RUN go build -o /app ./cmd/app
//
// After:
//
//	FROM golang:1.26
//	WORKDIR /src
//	COPY assets ./assets/
//	RUN make -C assets
//	COPY . .
//	RUN go build -o /app ./cmd/app
//
// It speaks where files outside the folder changed, and only after reading the files
// of the folder: none may name a path that leads out of it. In a stage that does
// nothing but build Go programs, it keeps what go build does not read out of the
// build context instead; see goContext.
func narrowCopy(s *scene) []candidate {
	var out []candidate
	for i := range s.file.Instructions {
		c := s.copies[i]
		if c == nil || c.in.Command != "COPY" || len(c.sources) != 1 || !s.folders[c.sources[0]] || len(s.changed(i).Files) == 0 {
			continue
		}
		if x, ok := (&split{scene: s, c: c, dirs: s.workdirs(c.in.Stage)}).candidate(); ok {
			out = append(out, x)
		}
	}
	if c, ok := s.goContext(); ok {
		out = append(out, c)
	}
	return out
}

// split is a COPY of a folder in two.
type split struct {
	*scene
	c       *copying
	dirs    map[int]string
	moved   []int
	lines   map[int]string // the COPY that a moved RUN needs above it
	folders []string       // in the context
}

func (x *split) candidate() (candidate, bool) {
	at := x.c.index
	x.lines = map[int]string{}
	var held []int // WORKDIRs that move along
	for i := at + 1; i < x.file.StageEnd(x.c.in.Stage); i++ {
		in := x.file.Instructions[i]
		if slices.Contains([]string{"LABEL", "EXPOSE", "CMD", "ENTRYPOINT"}, in.Command) {
			continue
		}
		if in.Command == "WORKDIR" && absolute(x.c.dest) {
			held = append(held, i)
			continue
		}
		if in.Command != "RUN" || !x.take(i) {
			break
		}
		x.moved = append(append(x.moved, held...), i)
		held = nil
	}
	if len(x.moved) == 0 {
		return candidate{}, false
	}
	e := x.file.Edit()
	var added []string
	for _, i := range x.moved {
		if line := x.lines[i]; line != "" {
			e.InsertBefore(at, line)
			added = append(added, line)
		}
	}
	for _, i := range x.moved {
		e.MoveBefore(i, at)
	}
	run := quoted(x.file.Instructions[x.moved[len(x.moved)-1]])
	c, ok := x.draft(e, at, fmt.Sprintf("Copy %s before all the rest, as %s reads nothing else", list(x.folders), run), nil, added)
	c.Assumes = []string{fmt.Sprintf("%s reads nothing outside %s, and changes none of the files that are copied there.", run, list(x.folders))}
	return c, ok
}

// take plans to run a RUN above the COPY.
func (x *split) take(i int) bool {
	in := x.file.Instructions[i]
	dest := inDir(x.dirs[x.c.index], x.c.dest)
	folder, ok := worksIn(in, x.dirs[i])
	rel, below := strings.CutPrefix(folder, strings.TrimSuffix(dest, "/")+"/")
	if !ok || !below || rel == "" || strings.ContainsAny(rel, "$*") {
		return false
	}
	src := path.Join(x.c.sources[0], rel)
	if !x.scene.folders[src] {
		return false
	}
	if slices.Contains(x.folders, src) {
		return true
	}
	outside := slices.ContainsFunc(often(x.changed(x.c.index).Files), func(f string) bool { return !inside(f, src) })
	if why := x.entangled(in.Text, src, dest); !outside || why != "" {
		if why != "" {
			x.silent(i, "%s", why)
		}
		return false
	}
	line, ok := x.c.line([]string{src}, rel)
	if !ok {
		return false
	}
	x.lines[i], x.folders = line, append(x.folders, src)
	return true
}

// worksIn gives the one folder that all commands of a RUN work in.
func worksIn(in dockerfile.Instruction, dir string) (string, bool) {
	sc, ok := readScript(in)
	if !ok || !sc.linear || slices.ContainsFunc(in.Mounts(), func(m dockerfile.Mount) bool { return m.Type != "cache" && m.Type != "secret" }) {
		return "", false
	}
	if sc.commands[0][0] == "cd" && len(sc.commands[0]) == 2 {
		dir = inDir(dir, sc.commands[0][1])
		sc.commands = sc.commands[1:]
	}
	found := ""
	for _, words := range sc.commands {
		folder := dir
		for i, w := range words {
			name, value, joined := strings.Cut(w, "=")
			_, after, _ := strings.Cut(name, ":") // a path in a list
			if words[0] == "cd" || strings.Contains(w, "..") || strings.Contains(w, unreadable) || strings.HasPrefix(w, "/") || strings.HasPrefix(value, "/") || after != "" && strings.HasPrefix(after, "/") {
				return "", false
			}
			flag := words[0] == "make" && name == "-C" || words[0] == "make" && name == "--directory" ||
				words[0] == "npm" && (name == "--prefix" || name == "-C") || words[0] == "yarn" && name == "--cwd" ||
				words[0] == "pnpm" && (name == "-C" || name == "--dir") || words[0] == "go" && name == "-C"
			switch {
			case flag && joined:
				folder = inDir(dir, value)
			case flag && i+1 < len(words):
				folder = inDir(dir, words[i+1])
			}
		}
		if found != "" && folder != found {
			return "", false
		}
		found = folder
	}
	return found, found != ""
}

// uppers are files by which tools find out that a folder is a part of something
// larger.
var uppers = []string{
	"package.json", "pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json", "tsconfig*.json", ".npmrc", ".yarnrc*", ".browserslistrc",
	"babel.config.*", ".babelrc*", "postcss.config.*", "tailwind.config.*", ".eslintrc*", ".prettierrc*", ".editorconfig", "go.work",
	"Cargo.toml", ".cargo", "rust-toolchain*", "pom.xml", "settings.gradle*", "build.gradle*", "gradle.properties", "pyproject.toml",
	"setup.cfg", "Directory.Build.*", "global.json", "nuget.config", ".tool-versions", ".nvmrc", ".ruby-version",
}

// outputs are folders that builds make. If the context brings one, the later COPY
// would put it over what was built.
var outputs = []string{"node_modules", "dist", "build", "out", "bin", "obj", "target", "public", ".next", ".nuxt", "coverage", "vendor", "__pycache__"}

// entangled says why a folder of the context cannot be built without the rest.
func (x *split) entangled(run, src, dest string) string {
	if x.ReadFile == nil {
		return "the files of " + src + " cannot be read"
	}
	for up := path.Dir(src); ; up = path.Dir(up) {
		for i, p := range x.context.Paths {
			if path.Dir(p) == up && (matches(uppers, path.Base(p)) || path.Base(p) == ".git" && usesGit(run)) {
				return p + " may matter to " + src
			}
			mode := fs.FileMode(x.context.Modes[i])
			if mode.IsDir() && (p == up || p == src) && up != x.c.sources[0] && mode.Perm() != 0o755 {
				return p + " has a mode that a COPY of its own does not keep"
			}
		}
		if up == "." || up == x.c.sources[0] {
			break
		}
	}
	read := 0
	for i, p := range x.context.Paths {
		below, ok := strings.CutPrefix(p, src+"/")
		mode := fs.FileMode(x.context.Modes[i])
		if p == src && mode.IsDir() && mode.Perm() != 0o755 {
			return p + " has a mode that a COPY of its own does not keep"
		}
		if !ok || mode.IsDir() {
			continue
		}
		if slices.ContainsFunc(strings.Split(path.Dir(below), "/"), func(d string) bool { return slices.Contains(outputs, d) }) {
			return p + " may be what is built"
		}
		read++
		data, err := x.ReadFile(p)
		if err != nil || !mode.IsRegular() || read > mostRead || len(data) > mostBytes {
			return p + " cannot be looked into"
		}
		if leadsOut(string(data), strings.Count(below, "/")) || absolute(dest) && dest != "/" && strings.Contains(string(data), dest+"/") {
			return p + " names a path outside of " + src
		}
	}
	return ""
}

// How much is read of a folder: beyond it, nothing is sure.
const (
	mostRead  = 2000
	mostBytes = 1 << 20
)

// leadsOut says whether a text of a file that lies depth folders deep has a path that
// leads further up.
func leadsOut(text string, depth int) bool {
	for at := 0; ; {
		i := strings.Index(text[at:], "..")
		if i < 0 {
			return false
		}
		at += i
		n := 0
		for strings.HasPrefix(text[at:], "..") {
			n++
			at += 2
			if !strings.HasPrefix(text[at:], "/") && !strings.HasPrefix(text[at:], `\`) {
				// Dots as in a range are no path.
				if strings.HasPrefix(text[at:], ".") || at < len(text) && isWord(text[at]) {
					n--
				}
				break
			}
			at++
		}
		if n > depth {
			return true
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
