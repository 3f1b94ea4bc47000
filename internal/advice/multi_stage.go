package advice

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// multiStage keeps compilers and sources out of the image. Before:
//
//	FROM golang:1.26-alpine3.22
//	WORKDIR /src
//	COPY . .
//	RUN CGO_ENABLED=0 go build -o /usr/local/bin/server ./cmd/server
//	CMD ["/usr/local/bin/server"]
//
// After:
//
//	FROM golang:1.26-alpine3.22 AS build
//	WORKDIR /src
//	COPY . .
//	RUN CGO_ENABLED=0 go build -o /usr/local/bin/server ./cmd/server
//
//	FROM alpine:3.22
//	WORKDIR /src
//	COPY --from=build /usr/local/bin/server /usr/local/bin/server
//	CMD ["/usr/local/bin/server"]
//
// It speaks where the last stage starts from an image with a compiler, runs it, and
// the image starts what it made. The edit is made for a static Go program alone, if
// the context holds no files that it could open when it runs, and into the
// distribution of its build image; else it is a remark.
func multiStage(s *scene) []candidate {
	stage := len(s.file.Stages) - 1
	if t := s.Head.Invocation.Target; t != "" && s.file.StageNamed(t) != stage {
		return nil
	}
	x := &toolbox{scene: s, stage: stage, from: s.file.Stages[stage].From}
	if x.family() == "" || s.file.Stages[stage].Parent >= 0 {
		return nil
	}
	build, made := x.compiled()
	if build < 0 {
		return nil
	}
	title := fmt.Sprintf("Build in a stage of its own and copy %s into a small one: the compiler and the sources are in the image", made)
	if n := s.baseBytes(x.from); n > 0 {
		title += fmt.Sprintf(", whose base alone is %s", size(n))
	}
	if c, ok := x.rewrite(build, made, title); ok {
		return []candidate{c}
	}
	return []candidate{s.remark(x.from, title)}
}

// baseBytes is what was downloaded of the base image; 0 is unknown.
func (s *scene) baseBytes(from int) int64 {
	var most int64
	for _, v := range s.Head.Vertices {
		if v.Instruction == from && v.Source != nil && v.Source.Kind == record.SourceImage {
			most = max(most, v.Bytes)
		}
	}
	return most
}

// toolbox is a last stage that starts from an image with a compiler.
type toolbox struct {
	*scene
	stage, from int
}

// family is the compiler's image, without registry and tag.
func (x *toolbox) family() string {
	name, _, _ := strings.Cut(path.Base(x.file.Stages[x.stage].Base), ":")
	name, _, _ = strings.Cut(name, "@")
	if slices.Contains([]string{"golang", "rust", "maven", "gradle", "sdk"}, name) {
		return name
	}
	return ""
}

// compiled finds the step that makes what the image starts, and its path.
func (x *toolbox) compiled() (at int, made string) {
	var start []string
	var dir string
	dirs := x.workdirs(x.stage)
	for i := x.from; i < x.file.StageEnd(x.stage); i++ {
		in := x.file.Instructions[i]
		if (in.Command == "CMD" || in.Command == "ENTRYPOINT") && len(in.Args) > 0 {
			words := in.Args
			if !in.JSON {
				words = strings.Fields(in.Args[0])
			}
			if len(start) == 0 || in.Command == "ENTRYPOINT" {
				start, dir = words, dirs[x.file.StageEnd(x.stage)]
			}
		}
	}
	for i := x.from; i < x.file.StageEnd(x.stage); i++ {
		sc, ok := readScript(x.file.Instructions[i])
		if !ok {
			continue
		}
		for _, words := range sc.commands {
			if !compiles(words) {
				continue
			}
			for _, w := range start {
				if p := inDir(dir, w); x.makes(words, dirs[i], p) {
					return i, p
				}
			}
		}
	}
	return -1, ""
}

// makes says whether a compiler's command makes a file.
func (x *toolbox) makes(words []string, dir, p string) bool {
	switch path.Base(words[0]) {
	case "go":
		n := slices.Index(words, "-o")
		return n > 0 && n+1 < len(words) && inDir(dir, words[n+1]) == p
	case "cargo":
		return strings.Contains(p, "/target/release/")
	case "mvn", "mvnw":
		return strings.Contains(p, "/target/") && strings.HasSuffix(p, ".jar")
	case "gradle", "gradlew":
		return strings.Contains(p, "/build/libs/") && strings.HasSuffix(p, ".jar")
	case "dotnet":
		return strings.HasSuffix(p, ".dll")
	}
	return false
}

var (
	alpine = regexp.MustCompile(`(?:^|-)alpine(\d+\.\d+)?$`)
	debian = regexp.MustCompile(`(?:^|-)(bullseye|bookworm|trixie)$`)
)

// runtime is the image of the distribution that a build image is made of.
func (x *toolbox) runtime() string {
	repo, tag := x.file.Stages[x.stage].Base, ""
	if i := strings.LastIndex(repo, ":"); i > strings.LastIndex(repo, "/") {
		repo, tag = repo[:i], repo[i+1:]
	}
	repo, ok := strings.CutSuffix(repo, "golang")
	if !ok || strings.ContainsAny(repo+tag, "$@") {
		return ""
	}
	if m := alpine.FindStringSubmatch(tag); m != nil {
		if m[1] == "" {
			return repo + "alpine"
		}
		return repo + "alpine:" + m[1]
	}
	if m := debian.FindStringSubmatch(tag); m != nil {
		return repo + "debian:" + m[1] + "-slim"
	}
	return ""
}
