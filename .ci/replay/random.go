package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
)

// lottery makes histories of random Dockerfiles and edits, of few files and commands,
// so that they get in each other's way.
type lottery struct{ *rand.Rand }

func (l lottery) of(words ...string) string { return words[l.IntN(len(words))] }

// instruction is a random one; n tells it from others.
func (l lottery) instruction(n int) string {
	switch l.IntN(14) {
	case 0, 1:
		return fmt.Sprintf("COPY %s /c%d/", l.of("a", "b", "a b", ".", "a/x*", "top.txt", "*.txt"), n)
	case 2:
		return fmt.Sprintf("COPY --link %s /l%d/", l.of("a", "b", "top.txt"), n)
	case 3:
		return fmt.Sprintf("COPY --exclude=%s a /e%d/", l.of("x", "*.md", "**/deep"), n)
	case 4:
		return fmt.Sprintf("COPY --parents %s /p%d/", l.of("a/x", "*/x", "a/**/deep"), n)
	case 5:
		return fmt.Sprintf("RUN --mount=type=bind,source=%s,target=/m ls -R /m >/tmp/m%d", l.of("a", "b"), n)
	case 6:
		return fmt.Sprintf("ENV V%d=%d", l.IntN(3), l.IntN(3))
	case 7:
		return "ARG COMMIT"
	case 8:
		return fmt.Sprintf("WORKDIR /w%d", l.IntN(3))
	case 9:
		return fmt.Sprintf("COPY <<EOF /d%d\ntext %d\nEOF", n, l.IntN(2))
	case 10:
		return fmt.Sprintf("ADD --chmod=%s top.txt /t%d", l.of("0600", "0644"), n)
	case 11:
		return fmt.Sprintf("USER %s", l.of("root", "nobody", "0:0"))
	default:
		return fmt.Sprintf("RUN echo %d %d >/tmp/r%d; date >>/tmp/r%d", n, l.IntN(2), n, n)
	}
}

// dockerfile is a random one of three stages, whose outputs differ each time.
func (l lottery) dockerfile() string {
	lines := []string{"FROM {base} AS one"}
	add := func(from, count int) {
		for i := range count {
			lines = append(lines, l.instruction(from+i))
		}
	}
	add(0, 1+l.IntN(4))
	lines = append(lines, "USER root", "RUN date >/one; od -An -N8 -tx8 /dev/urandom >>/one", l.of("FROM {base} AS two", "FROM one AS two"))
	add(10, l.IntN(4))
	lines = append(lines, "USER root", l.of("COPY --from=one /one /from-one", "RUN --mount=from=one,target=/o cat /o/one >/from-one", "RUN cat /one >/from-one || true"))
	lines = append(lines, l.of("FROM {base}", "FROM one"))
	add(20, 1+l.IntN(4))
	lines = append(lines, l.of("COPY --from=two /from-one /result", "COPY --link --from=two /from-one /result", "RUN true"))
	add(30, l.IntN(3))
	return strings.Join(lines, "\n") + "\n"
}

// ignore is a random ignore file; the Dockerfile, which changes, may be in the context.
func (l lottery) ignore() string {
	return l.of(".git\n", ".git\nDockerfile\n.dockerignore\n", ".git\nDockerfile*\na/y.md\n", "*\n!a\n!b/x\n!top.txt\n", ".git\n**/*.md\n", ".git/objects\nDockerfile\n")
}

// edit changes a file.
func (l lottery) edit(t *tree) {
	name := l.of("a/x", "a/y.md", "a/sub/deep", "b/x", "top.txt", "other.txt", "b/only.md")
	switch l.IntN(6) {
	case 0:
		if err := os.Remove(t.at(name)); err != nil && !os.IsNotExist(err) {
			t.fail(err)
		}
		t.write("a/x", "always\n") // what is copied must be there
		t.write("b/x", "always\n")
		t.write("top.txt", "always\n")
		t.write("a/sub/deep", "always\n")
	case 1:
		if err := os.Chmod(t.at(name), 0o755); err != nil && !os.IsNotExist(err) {
			t.fail(err)
		}
	default:
		t.write(name, fmt.Sprintln(l.IntN(3)))
	}
}

// randomHistory is a history that a seed makes again.
func randomHistory(seed uint64, commits int) []step {
	l := lottery{rand.New(rand.NewPCG(seed, 1))}
	text := l.dockerfile()
	steps := []step{{what: "begin", edit: func(t *tree) {
		for _, name := range []string{"a/x", "a/sub/deep", "b/x", "top.txt"} {
			t.write(name, "0\n")
		}
		t.write("Dockerfile", text)
		t.write(".dockerignore", l.ignore())
	}}}
	for i := 1; i < commits; i++ {
		steps = append(steps, step{what: fmt.Sprint("commit ", i), edit: func(t *tree) {
			switch l.IntN(8) {
			case 0:
				t.write(".dockerignore", l.ignore())
			case 1, 2:
				lines := strings.Split(text, "\n")
				at := 1 + l.IntN(3)
				if !strings.Contains(lines[at], "EOF") && !strings.HasPrefix(lines[at], "text") {
					text = strings.Join(append(append(append([]string{}, lines[:at]...), l.instruction(50+i)), lines[at:]...), "\n")
				}
				t.write("Dockerfile", text)
			default:
				l.edit(t)
			}
		}})
	}
	return steps
}
