package advice

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
)

// sceneOf is a build of a Dockerfile of which nothing else is known.
func sceneOf(t *testing.T, text string) *scene {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	head := &record.Record{Invocation: record.Invocation{Context: "."}, Dockerfile: record.Dockerfile{Path: "Dockerfile", Text: text}}
	for _, in := range f.Instructions {
		head.Dockerfile.Instructions = append(head.Dockerfile.Instructions, record.Instruction{
			Stage: in.Stage, Command: in.Command, Text: in.Text, Line: in.Line, EndLine: in.EndLine, Names: in.Names})
	}
	s, why := newScene(Input{Head: head})
	if s == nil {
		t.Fatal(why)
	}
	return s
}

func TestFrontendKnows(t *testing.T) {
	for syntax, want := range map[string]bool{
		"":                                         true,
		"docker/dockerfile":                        true,
		"docker/dockerfile:1":                      true,
		"docker/dockerfile:1.4":                    true,
		"docker/dockerfile:1.10.0":                 true,
		"docker/dockerfile:1.7-labs":               true,
		"docker/dockerfile:labs":                   true,
		"docker/dockerfile-upstream:master":        true,
		"mirror.example/docker/dockerfile:1.5":     true,
		"docker/dockerfile:1.4@sha256:0123456789":  true,
		"docker/dockerfile:1@sha256:0123456789":    false,
		"docker/dockerfile@sha256:0123456789":      false,
		"docker/dockerfile:1.3":                    false,
		"docker/dockerfile:1.3.1":                  false,
		"docker/dockerfile:1.0-experimental":       false,
		"docker/dockerfile:experimental":           false,
		"example/frontend:1.9":                     false,
		"host:5000/example/other-dockerfile:1.9-a": false,
	} {
		text := "FROM a\n"
		if syntax != "" {
			text = "# syntax=" + syntax + "\n" + text
		}
		if got := sceneOf(t, text).frontendKnows(4); got != want {
			t.Errorf("%q knows what came with 1.4: %v", syntax, got)
		}
	}
}

func TestUnlinkable(t *testing.T) {
	for _, tt := range []struct {
		above, copy string
		can         bool
	}{
		{"", "COPY a /app/", true},
		{"", "COPY a /", true},
		{"", "ADD https://example.com/x /opt/x", true},
		{"WORKDIR /srv", "COPY a b ./", true},
		{"RUN apt-get install -y x && mkdir -p /data", "COPY a /app/", true},
		{"", "COPY --chmod=755 a /usr/local/bin/a", true},
		{"", "COPY --from=x /a /etc/nginx/nginx.conf", true},
		{"", "COPY a .", false},
		{"", "COPY a /usr/lib/a/", false},
		{"", "COPY a /$DIR/", false},
		{"", "COPY --chown=1000 a /app/", false},
		{"", "COPY --chmod=644 a /app/", false},
		{"", "COPY --parents a /app/", false},
		{"", "COPY <<E /app/x\nx\nE", false},
		{"RUN ln -s /mnt /app", "COPY a /app/", false},
		{"RUN mkdir -m 700 /app", "COPY a /app/b/", false},
		{"RUN install -d -o nobody x", "COPY a /app/", false},
		{"COPY --chown=1000 b /app/", "COPY a /app/", false},
	} {
		s := sceneOf(t, "FROM debian:13\n"+tt.above+"\n"+tt.copy+"\n")
		if why := s.unlinkable(len(s.file.Instructions) - 1); (why == "") != tt.can {
			t.Errorf("%s below %q: %q", tt.copy, tt.above, why)
		}
	}
}

func TestWorksIn(t *testing.T) {
	for run, want := range map[string]string{
		"make -C web":                                       "/src/web",
		"make --directory=web all":                          "/src/web",
		"cd web && npm ci && npm run build":                 "/src/web",
		"cd /src/web && npm ci":                             "/src/web",
		"npm --prefix web ci && npm --prefix web run build": "/src/web",
		"npm ci":                                "/src",
		"go -C tools build -o bin/x .":          "/src/tools",
		"make -C web && make -C docs":           "",
		"make -C web; npm ci":                   "",
		"cd web && cp -r dist /out":             "",
		"cd web && npm run build -- --out=../x": "",
		"cd web && cd inner && npm ci":          "",
		"cd web && npm ci --cache=/cache":       "",
		"cd web && npm ci | tee log":            "",
		"cd $DIR && npm ci":                     "$DIR",
		"cd web && tool $(cat x)":               "",
	} {
		s := sceneOf(t, "FROM a\nRUN "+run+"\n")
		if got, _ := worksIn(s.file.Instructions[1], "/src"); got != want {
			t.Errorf("%s works in %q, want %q", run, got, want)
		}
	}
}

func TestLeadsOut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		depth int
		want  bool
	}{
		{"import x from './a'", 0, false},
		{"import x from '../a'", 0, true},
		{"import x from '../a'", 1, false},
		{"import x from '../../a'", 1, true},
		{"cd ..", 0, true},
		{`dir ..\a`, 0, true},
		{"for i in {1..3}; do f(...args); done", 0, false},
		{"a ... b", 0, false},
		{"x = ../y ../../z", 1, true},
	} {
		if got := leadsOut(tt.text, tt.depth); got != tt.want {
			t.Errorf("%q, %d folders deep, leads out: %v", tt.text, tt.depth, got)
		}
	}
}

func TestReadByGo(t *testing.T) {
	for file, want := range map[string]bool{
		"main.go": true, "a/b.s": true, "go.mod": true, "go.work.sum": true, "vendor/modules.txt": true, "vendor/a/LICENSE": true,
		"main_test.go": false, "README.md": false, "docs/a.html": false, "a/testdata/x.json": false, "Makefile": false,
	} {
		if got := readByGo(file); got != want {
			t.Errorf("%s is read by go build: %v", file, got)
		}
	}
}

func TestRuntime(t *testing.T) {
	for base, want := range map[string]string{
		"golang:1.26-alpine3.22":              "alpine:3.22",
		"golang:alpine":                       "alpine",
		"golang:1.26-alpine":                  "alpine",
		"golang:1.26-bookworm":                "debian:bookworm-slim",
		"host:5000/library/golang:1-bookworm": "host:5000/library/debian:bookworm-slim",
		"golang:1.26":                         "",
		"golang":                              "",
		"golang:$VERSION-alpine":              "",
		"example/mygolang-alpine:1":           "",
	} {
		s := sceneOf(t, "FROM "+base+"\n")
		if got := (&toolbox{scene: s}).runtime(); got != want {
			t.Errorf("%s is made of %q, want %q", base, got, want)
		}
	}
}

// The places of commands are those of the same words in the Text.
func TestLocate(t *testing.T) {
	for _, text := range []string{
		"RUN --mount=type=cache,target=/x set -e; A=1 apt-get install -y 'a b' > /log; echo done # end",
		"RUN <<E\nset -e\n\napt-get update\nA=1 apt-get install \"a\"\nE",
		"RUN a && \\\n  # why\n  b c \\\n  || true",
		"RUN (a; b) | c",
	} {
		s := sceneOf(t, "FROM x\n"+text+"\n")
		in := s.file.Instructions[1]
		commands, end, ok := locate(in)
		if !ok || len(commands) == 0 {
			t.Errorf("nothing is found in %q", text)
		}
		for _, c := range commands {
			for n, w := range c.words {
				if got := strings.Trim(in.Text[c.at[n].Start:c.at[n].End], `'"`); got != w {
					t.Errorf("%q: word %q stands at %q", text, w, got)
				}
			}
			if c.end > end || c.start > c.at[0].Start {
				t.Errorf("%q: a command goes from %d to %d of %d", text, c.start, c.end, end)
			}
		}
	}
	for _, text := range []string{`RUN ["a", "b"]`, "RUN a &", "RUN <<E python\nx\nE", "RUN cat <<E > /x\ny\nE"} {
		s := sceneOf(t, "FROM x\n"+text+"\n")
		if _, _, ok := locate(s.file.Instructions[1]); ok {
			t.Errorf("%q is taken for a script whose commands can be edited", text)
		}
	}
}

func TestModes(t *testing.T) {
	for spec, want := range map[string]string{"+x": "111", "a+x": "111", "u+x": "100", "ug+rx": "550", "go+r": "44"} {
		if got := fmt.Sprintf("%o", added(spec)); got != want {
			t.Errorf("%s adds %s, want %s", spec, got, want)
		}
	}
}
