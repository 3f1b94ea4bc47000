package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tree is the repository, with its work tree.
type tree struct {
	ctx  context.Context
	dir  string
	base string // the base image
	err  error  // the first one
}

func (t *tree) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

func (t *tree) git(args ...string) string {
	if t.err != nil {
		return ""
	}
	cmd := exec.CommandContext(t.ctx, "git", append([]string{"-C", t.dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.fail(fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out))
	}
	return strings.TrimSpace(string(out))
}

func (t *tree) commit(what string) {
	t.git("add", "-A")
	t.git("commit", "-q", "--allow-empty", "-m", what)
}

func (t *tree) write(path, text string) {
	p := filepath.Join(t.dir, path)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.fail(err)
	}
	if err := os.WriteFile(p, []byte(strings.ReplaceAll(text, "{base}", t.base)), 0o644); err != nil {
		t.fail(err)
	}
}

func (t *tree) replace(path, old, text string) {
	data, err := os.ReadFile(filepath.Join(t.dir, path))
	if err != nil {
		t.fail(err)
		return
	}
	if !strings.Contains(string(data), old) {
		t.fail(fmt.Errorf("%s has no %q", path, old))
	}
	t.write(path, strings.Replace(string(data), old, text, 1))
}

func (t *tree) do(err error) {
	if err != nil {
		t.fail(err)
	}
}

func (t *tree) at(path string) string { return filepath.Join(t.dir, path) }

// step is one commit of the history: what it does to the work tree. Those that
// commit by themselves have made it.
type step struct {
	what string
	edit func(t *tree)
	made bool
}

const first = `# syntax-less: the builder's own frontend
FROM {base} AS build
WORKDIR /app
RUN nap 0.3 && echo tools >/tools
COPY package.json package-lock.json ./
RUN nap 0.9 && mkdir -p /deps && cp package-lock.json /deps/
COPY scripts scripts
COPY src src
RUN nap 0.7 && sh scripts/build.sh

FROM build AS check
COPY test test
RUN nap 0.3 && ls test >/tested

FROM {base}
WORKDIR /srv
RUN nap 0.4 && echo user >/etc/user
COPY conf /etc/app
COPY --from=build /out /srv
COPY --from=check /tested /srv/
RUN nap 0.05 && ls /srv >/srv/list
ARG COMMIT
RUN nap 0.1 && echo "$COMMIT" >/srv/version
`

// history is what a service sees in a month.
var history = []step{
	{what: "begin", edit: func(t *tree) {
		t.write("Dockerfile", first)
		t.write(".dockerignore", ".git\n.github\n**/*.md\n!conf/motd.md\nDockerfile*\n.dockerignore\n")
		t.write("package.json", "{}\n")
		t.write("package-lock.json", "1\n")
		t.write("scripts/build.sh", "mkdir -p /out && grep -hv '^//' src/*.js >/out/app.js && touch -d 2026-01-01 /out /out/*\n")
		t.write("src/a.js", "a\n")
		t.write("src/b.js", "b\n")
		t.write("test/a.test.js", "a\n")
		t.write("conf/app.conf", "a\n")
		t.write("conf/motd.md", "hello\n")
		t.write("README.md", "one\n")
	}},
	{what: "a source", edit: func(t *tree) { t.write("src/a.js", "a2\n") }},
	{what: "the lock file", edit: func(t *tree) { t.write("package-lock.json", "2\n") }},
	{what: "documents only", edit: func(t *tree) { t.write("README.md", "two\n"); t.write("docs/guide.md", "one\n") }},
	{what: "a comment in the Dockerfile", edit: func(t *tree) { t.replace("Dockerfile", "# syntax-less", "# still syntax-less") }},
	{what: "the mode of a script", edit: func(t *tree) { t.do(os.Chmod(t.at("scripts/build.sh"), 0o755)) }},
	{what: "a new source", edit: func(t *tree) { t.write("src/c.js", "c\n") }},
	{what: "a source is renamed", edit: func(t *tree) { t.do(os.Rename(t.at("src/c.js"), t.at("src/d.js"))) }},
	{what: "that is reverted", edit: func(t *tree) { t.git("revert", "--no-edit", "HEAD") }, made: true},
	{what: "tests only", edit: func(t *tree) { t.write("test/a.test.js", "a2\n") }},
	{what: "a comment in a source", edit: func(t *tree) { t.write("src/b.js", "// what b does\nb\n") }},
	{what: "a merge of two commits", edit: func(t *tree) {
		t.git("checkout", "-q", "-b", "side")
		t.write("src/e.js", "e\n")
		t.commit("side 1")
		t.write("conf/app.conf", "b\n")
		t.commit("side 2")
		t.git("checkout", "-q", "main")
		t.git("merge", "-q", "--no-ff", "--no-edit", "side")
	}, made: true},
	{what: "a link is added", edit: func(t *tree) { t.do(os.Symlink("a.js", t.at("src/link.js"))) }},
	{what: "the link leads elsewhere", edit: func(t *tree) {
		t.do(os.Remove(t.at("src/link.js")))
		t.do(os.Symlink("b.js", t.at("src/link.js")))
	}},
	{what: "the configuration", edit: func(t *tree) { t.write("conf/app.conf", "c\n") }},
	{what: "a step is edited", edit: func(t *tree) { t.replace("Dockerfile", "echo tools", "echo more tools") }},
	{what: "a step is added", edit: func(t *tree) {
		t.replace("Dockerfile", "COPY scripts", "RUN nap 0.2 && echo cache >/cache\nCOPY scripts")
	}},
	{what: "a variable is added", edit: func(t *tree) { t.replace("Dockerfile", "COPY conf", "ENV MODE=production\nCOPY conf") }},
	{what: "the workflow, which is kept out", edit: func(t *tree) { t.write(".github/workflows/ci.yml", "on: push\n") }},
	{what: "nothing at all", edit: func(*tree) {}},
	{what: "a rule keeps tests out", edit: func(t *tree) {
		t.write("test/fixtures/big.txt", "big\n")
		t.replace(".dockerignore", ".github", ".github\ntest/fixtures")
	}},
	{what: "a fixture, kept out", edit: func(t *tree) { t.write("test/fixtures/big.txt", "bigger\n") }},
	{what: "a file that a rule lets in", edit: func(t *tree) { t.write("conf/motd.md", "good day\n") }},
	{what: "a folder of documents in the sources", edit: func(t *tree) { t.write("src/notes/x.md", "x\n") }},
	{what: "a source becomes a folder", edit: func(t *tree) {
		t.do(os.Remove(t.at("src/e.js")))
		t.write("src/e.js/part.txt", "e\n")
		t.write("scripts/build.sh", "mkdir -p /out && cat src/[abc].js >/out/app.js && touch -d 2026-01-01 /out /out/*\n")
	}},
	{what: "sources are removed", edit: func(t *tree) { t.do(os.RemoveAll(t.at("src/e.js"))); t.do(os.RemoveAll(t.at("src/notes"))) }},
	{what: "COPY --link and a document in place", edit: func(t *tree) {
		t.replace("Dockerfile", "COPY conf /etc/app", "COPY --link conf /etc/app\nCOPY <<EOF /etc/issue\nwelcome\nEOF")
	}},
	{what: "the document is edited", edit: func(t *tree) { t.replace("Dockerfile", "welcome\n", "welcome back\n") }},
	{what: "a step above a linked one", edit: func(t *tree) { t.replace("Dockerfile", "echo user", "echo users") }},
	{what: "a mount instead of a COPY", edit: func(t *tree) {
		t.replace("Dockerfile", "COPY test test\nRUN nap 0.3 && ls test", "RUN --mount=type=bind,source=test,target=test nap 0.3 && ls test")
	}},
	{what: "a mounted file", edit: func(t *tree) { t.write("test/b.test.js", "b\n") }},
	{what: "all is copied, and so is .git", edit: func(t *tree) {
		t.replace(".dockerignore", ".git\n", "")
		t.replace("Dockerfile", "RUN nap 0.05 && ls /srv", "COPY . /all\nRUN nap 0.05 && ls /srv")
	}},
	{what: "documents, with .git", edit: func(t *tree) { t.write("README.md", "three\n") }},
	{what: "an ignore file of the Dockerfile's own", edit: func(t *tree) { t.write("Dockerfile.dockerignore", ".git\nREADME.md\ntest/fixtures\nDockerfile*\n") }},
	{what: "documents, kept out again", edit: func(t *tree) { t.write("README.md", "four\n") }},
	{what: "a wildcard and a bare file", edit: func(t *tree) {
		t.replace("Dockerfile", "COPY package.json package-lock.json ./", "COPY package*.json ./")
	}},
	{what: "a file that the wildcard takes", edit: func(t *tree) { t.write("package-extra.json", "1\n") }},
	{what: "an excluded part", edit: func(t *tree) { t.replace("Dockerfile", "COPY src src", "COPY --exclude=*.md --exclude=gen src src") }},
	{what: "what is excluded", edit: func(t *tree) { t.write("src/x.md", "x\n"); t.write("src/gen/y.js", "y\n") }},
	{what: "a script in a RUN, and a mode in a COPY", edit: func(t *tree) {
		t.replace("Dockerfile", "ARG COMMIT\n", "RUN <<EOF\nset -e\nnap 0.2\nls >/srv/all\nEOF\nCOPY --chmod=0644 conf/motd.md /etc/motd\nARG COMMIT\n")
	}},
	{what: "that script", edit: func(t *tree) { t.replace("Dockerfile", "ls >/srv/all", "ls / >/srv/all") }},
	{what: "two commits are undone at once", edit: func(t *tree) {
		t.git("revert", "--no-edit", "--no-commit", "HEAD", "HEAD~1")
		t.commit("revert")
	}, made: true},
	{what: "a source, again", edit: func(t *tree) { t.write("src/a.js", "a3\n") }},
}

// newTree begins the repository in a folder.
func newTree(ctx context.Context, dir, base string) *tree {
	t := &tree{ctx: ctx, dir: dir, base: base}
	t.do(os.MkdirAll(dir, 0o755))
	t.git("init", "-q", "-b", "main")
	return t
}

// make makes a commit and returns its hash.
func (t *tree) make(s step) (string, error) {
	// Two commits in one second could have the same hash.
	time.Sleep(10 * time.Millisecond)
	s.edit(t)
	if !s.made {
		t.commit(s.what)
	}
	sha := t.git("rev-parse", "HEAD")
	return sha, t.err
}
