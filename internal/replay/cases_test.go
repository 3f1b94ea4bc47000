package replay_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/replay"
)

func TestDockerfileThatMoves(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", short, "src/a", "1")
	r.commit("src/a", "2")
	r.git("mv", "Dockerfile", "Service.dockerfile")
	r.commit()
	r.commit("src/a", "3")
	r.commit("Service.dockerfile", "", "build/Service.dockerfile", "FROM example.com/base\nCOPY src src\nRUN make all\n")
	check(t, r.read(replay.Options{Dockerfile: "build/Service.dockerfile"}), replay.Recipe{},
		"2!(src/a) 3", "", "2!(src/a) 3", "3!")
}

func TestDockerfileThatCannotBeRead(t *testing.T) {
	r := newRepository(t)
	r.commit("src/a", "1")
	r.commit("Dockerfile", short)
	r.commit("Dockerfile", "FROM\n")
	r.commit("Dockerfile", short, "src/a", "2")
	r.commit("Dockerfile", "")
	r.commit("src/a", "3")
	r.commit("Dockerfile", short)
	res := check(t, r.read(replay.Options{}), replay.Recipe{}, "2! 3!", "unread", "2!(src/a) 3", "unread", "unread", "2!(src/a) 3")
	if res.Unread != 3 {
		t.Errorf("%d unread", res.Unread)
	}
	check(t, r.read(replay.Options{Commits: 4}), replay.Recipe{Target: "gone"}, "unread", "unread", "unread", "unread")
}

func TestTargetThatIsNew(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", short, "src/a", "1")
	r.commit("Dockerfile", strings.Replace(short, "base\n", "base AS app\n", 1)+"FROM scratch AS last\nCOPY --from=app / /\n")
	r.commit("src/a", "2")
	check(t, r.read(replay.Options{}), replay.Recipe{Target: "app"}, "2! 3!", "2!(src/a) 3")
	check(t, r.read(replay.Options{}), replay.Recipe{Target: "APP"}, "2! 3!", "2!(src/a) 3")
	check(t, r.read(replay.Options{}), replay.Recipe{}, "5!", "2!(src/a) 3 5~")
}

func TestArguments(t *testing.T) {
	const text = `ARG TAG=1
FROM example.com/base:$TAG
ARG DATE
WORKDIR /app
RUN one
ARG COMMIT
RUN two
COPY src $DATE
`
	r := newRepository(t)
	r.commit("Dockerfile", text, "src/a", "1")
	r.commit("README", "1")
	r.commit("Dockerfile", strings.Replace(text, "TAG=1", "TAG=2", 1))
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "", "4 5 7 8")
	check(t, h, replay.Recipe{Every: []string{"COMMIT"}}, "7![COMMIT] 8", "4 5 7![COMMIT] 8")
	check(t, h, replay.Recipe{Every: []string{"DATE", "COMMIT"}, Args: map[string]string{"DATE": "today"}},
		"5![DATE] 7![COMMIT,DATE] 8![DATE]", "4 5![DATE] 7![COMMIT,DATE] 8![DATE]")
	check(t, h, replay.Recipe{Every: []string{"TAG"}}, "4 5 7 8", "4 5 7 8")
	check(t, h, replay.Recipe{Every: []string{"UNUSED", "SOURCE_DATE_EPOCH"}},
		"4![SOURCE_DATE_EPOCH] 5 7 8", "4![SOURCE_DATE_EPOCH] 5 7 8")
}

// A context below the repository, and a Dockerfile beside it.
func TestContextBelow(t *testing.T) {
	r := newRepository(t)
	r.commit("docker/Dockerfile", "FROM example.com/base\nCOPY . .\nRUN make\n", "app/a", "1", "app/.dockerignore", "*.md\n", "other/x", "1", ".dockerignore", "*\n")
	r.commit("app/a", "2")
	r.commit("other/x", "2")
	r.commit("app/b.md", "1")
	r.commit("app/.dockerignore", "*.txt\n")
	r.commit("docker/Dockerfile.dockerignore", ".dockerignore\n")
	h := r.read(replay.Options{Context: "app", Dockerfile: "docker/Dockerfile"})
	check(t, h, replay.Recipe{}, "2!(a) 3", "", "", "2!(.dockerignore,b.md) 3", "2!(.dockerignore) 3")
}

func TestMoreKindsOfSteps(t *testing.T) {
	const text = `FROM example.com/base AS lib
ONBUILD COPY shared /shared
ONBUILD RUN prepare
FROM lib AS app
COPY <<EOF /etc/motd
hello
EOF
ADD https://example.com/x.tar /x
ADD https://example.com/y.git#main /y
COPY --link conf /conf
RUN --mount=type=bind,source=test,target=/t --mount=type=cache,target=/c check
COPY --parents --exclude=**/*.md a/*/x* /out/
`
	r := newRepository(t)
	r.commit("Dockerfile", text, "shared/a", "1", "conf/a", "1", "test/a", "1", "a/1/x1", "1", "a/1/y", "1")
	r.commit("conf/a", "2")
	r.commit("test/a", "2")
	r.commit("a/1/y", "2", "a/1/x.md", "1")
	r.commit("a/1/x2", "2")
	r.commit("shared/a", "2")
	r.commit("Dockerfile", strings.Replace(text, "hello", "good day", 1))
	r.commit("Dockerfile", strings.Replace(text, "y.git#main", "y.git#other", 1))
	h := r.read(replay.Options{})
	res := check(t, h, replay.Recipe{},
		"10!(conf/a) 11 12", "11!(test/a) 12", "", "12!(a/1/x2)", "4!(shared/a) 4 5 8 9 11 12", "5! 8 9 11 12", "9! 11 12")
	var texts []string
	for _, s := range res.Builds[0].Plan.Steps {
		texts = append(texts, fmt.Sprintf("%s:%d-%d%v", s.Stage, s.Line, s.EndLine, s.Inputs))
	}
	want := "app:4-4[] app:4-4[0] app:5-7[1] app:8-8[2] app:9-9[3] app:10-10[4] app:11-11[5] app:12-12[6]"
	if got := strings.Join(texts, " "); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
}

// A merge is what it brings to its first parent.
func TestMerges(t *testing.T) {
	r := few(t, 2)
	r.git("checkout", "-q", "-b", "side", "HEAD~1")
	r.commit("src/b", "1")
	r.commit("src/b", "2")
	r.git("checkout", "-q", "main")
	r.git("merge", "-q", "--no-edit", "side")
	r.commit("other", "1")
	check(t, r.read(replay.Options{}), replay.Recipe{}, "2!(src/a) 3", "2!(src/b) 3", "")
	check(t, r.read(replay.Options{Ref: "side"}), replay.Recipe{}, "2!(src/b) 3", "2!(src/b) 3")
}

func TestThousandsOfSources(t *testing.T) {
	r := newRepository(t)
	var words, files []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf("src/%d/f", i))
		files = append(files, fmt.Sprintf("src/%d/f", i), "1")
	}
	r.commit(append(files, "Dockerfile", "FROM example.com/base\nCOPY "+strings.Join(words, " \\\n  ")+" /src/\nRUN make\n")...)
	r.commit("src/1999/f", "2")
	r.commit("src/1999/g", "2")
	check(t, r.read(replay.Options{}), replay.Recipe{}, "2!(src/1999/f) 2002", "")
}

// Many changed files are counted, and some are named.
func TestManyFiles(t *testing.T) {
	r := newRepository(t)
	files := func(text string) (out []string) {
		for i := range 50 {
			out = append(out, fmt.Sprintf("src/%02d", i), text)
		}
		return out
	}
	r.commit(append(files("1"), "Dockerfile", short)...)
	r.commit(files("2")...)
	res, err := r.read(replay.Options{}).Replay(replay.Recipe{})
	if err != nil {
		t.Fatal(err)
	}
	m := res.Builds[0].Misses[0]
	if m.FileCount != 50 || len(m.Files) != replay.MissFiles || m.Files[19] != "src/19" {
		t.Errorf("%d files, %q", m.FileCount, m.Files)
	}
}

// Modes and links count; folders do as a checkout makes and removes them.
func TestKindsOfChanges(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", "FROM example.com/base\nCOPY --exclude=**/*.md src src\nRUN make\n", "src/a", "1", "src/docs/x.md", "1", "lib/a", "1", ".dockerignore", ".git\n")
	r.git("update-index", "--chmod=+x", "src/a")
	r.git("commit", "-q", "-m", "mode")
	r.git("checkout", "-q", "--", ".")
	r.commit("src/docs/y.md", "1")
	r.commit("src/more/z.md", "1")
	r.commit("src/more/z.md", "")
	r.link("../lib", "src/lib")
	r.commit("lib/a", "2")
	r.link("../other", "src/lib")
	r.commit("src/a", "")
	r.commit("src/a/b", "1")
	check(t, r.read(replay.Options{}), replay.Recipe{},
		"2!(src/a) 3", "", "2!(src/more/) 3", "", "2!(src/lib) 3", "", "2!(src/lib) 3", "2!(src/a) 3", "2!(src/a/b) 3")
}

// A checkout's .git is another one at each commit, as far as it is in the context.
func TestDotGit(t *testing.T) {
	for ignore, want := range map[string]string{
		"x":                        "2!(.git) 3",
		".git/objects":             "2!(.git) 3",
		".git":                     "",
		".git/":                    "",
		"**/.git":                  "",
		".git/*":                   "",
		"*\n!src":                  "",
		".git/*\n!.git/HEAD":       "2!(.git) 3",
		".git\n!.git/refs\n!other": "2!(.git) 3",
	} {
		r := newRepository(t)
		r.commit("Dockerfile", "FROM example.com/base\nCOPY . .\nRUN make\n", ".dockerignore", ignore+"\n", "src/a", "1")
		r.commit()
		t.Run(ignore, func(t *testing.T) { check(t, r.read(replay.Options{}), replay.Recipe{}, want) })
	}
	r := newRepository(t)
	r.commit("app/Dockerfile", "FROM example.com/base\nCOPY . .\n", "app/a", "1")
	r.commit()
	check(t, r.read(replay.Options{Context: "app"}), replay.Recipe{}, "")
}

// A platform is an argument like others, but for the stages that it is meant for.
func TestPlatform(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", "# syntax=example.com/other:1\nFROM example.com/base\nARG TARGETARCH\nCOPY src/$TARGETARCH /\n", "src/amd64/a", "1", "src/arm64/a", "1")
	r.commit("src/amd64/a", "2")
	r.commit("src/arm64/a", "2")
	h := r.read(replay.Options{})
	check(t, h, replay.Recipe{}, "4!(src/amd64/a)", "")
	check(t, h, replay.Recipe{Platform: "linux/arm64/v8"}, "", "4!(src/arm64/a)")
	if len(h.Notes) != 1 || !strings.Contains(h.Notes[0].Text, `"example.com/other:1"`) {
		t.Errorf("notes: %q", h.Notes)
	}
}

// BuildKit follows a link to the ignore file, and takes it for one of the context
// wherever it points.
func TestLinkedIgnoreFile(t *testing.T) {
	r := newRepository(t)
	r.commit("app/Dockerfile", "FROM example.com/base\nCOPY . .\nRUN make\n", "app/rules/ignore", "*.md\nrules\n", "app/a", "1", "app/b.md", "1")
	r.link("rules/ignore", "app/.dockerignore")
	r.commit("app/b.md", "2")
	r.link("/rules/ignore", "app/.dockerignore")
	r.link("../../rules/ignore", "app/.dockerignore")
	r.commit("app/a", "2")
	r.link("../../elsewhere", "app/.dockerignore")
	h := r.read(replay.Options{Context: "app"})
	check(t, h, replay.Recipe{}, "2!(.dockerignore,b.md,rules/ignore) 3", "", "2!(.dockerignore) 3", "2!(.dockerignore) 3", "2!(a) 3", "2!(.dockerignore,b.md,rules/ignore) 3")
	r.link("rules/ignore", "app/.dockerignore")
	r.commit("app/a", "3")
	edit := map[string]replay.Edit{"app/rules/ignore": {Before: []byte("*.md\nrules\n"), After: []byte("*.md\nrules\na\n")}}
	if res := check(t, r.read(replay.Options{Context: "app", Commits: 1}), replay.Recipe{Edits: edit}, ""); res.Unfit != 0 {
		t.Errorf("%d unfit: an edit is one of the file that the link leads to", res.Unfit)
	}
	r.link(".dockerignore", "app/.dockerignore")
	r.commit("app/b.md", "3")
	check(t, r.read(replay.Options{Context: "app", Commits: 1}), replay.Recipe{}, "2!(b.md) 3")
}

// With core.autocrlf an edit is one of a file with other ends of lines than git keeps.
func TestCheckoutWithCRLF(t *testing.T) {
	r := newRepository(t)
	r.commit("Dockerfile", plainService, ".dockerignore", ".git\nREADME\n", "package.json", "1", "a", "1", "README", "1")
	r.commit("a", "2")
	r.commit("README", "2")
	crlf := func(text string) []byte { return []byte(strings.ReplaceAll(text, "\n", "\r\n")) }
	edit := map[string]replay.Edit{"Dockerfile": {Before: crlf(plainService), After: crlf(betterService)}}
	h := r.read(replay.Options{CRLF: true})
	check(t, h, replay.Recipe{}, "2!(a) 3 4", "")
	if res := check(t, h, replay.Recipe{Edits: edit}, "4!(a) 5", ""); res.Unfit != 0 {
		t.Errorf("%d unfit", res.Unfit)
	}
	r.commit("Dockerfile", string(crlf(plainService)))
	check(t, r.read(replay.Options{CRLF: true}), replay.Recipe{}, "2!(a) 3 4", "", "2!(Dockerfile) 3 4")
}
