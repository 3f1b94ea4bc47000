package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/report"
)

const sample = `ARG TAG=1
FROM base:$TAG AS settings
ARG REGION
ENV ZONE=${REGION}-a PLAIN=x
# a comment
FROM settings AS build
WORKDIR app
COPY a.txt ./
COPY --link b.txt /b
RUN make \
    -j 2
USER nobody
RUN <<EOF
make
EOF
SHELL ["/bin/sh", "-ec"]
RUN ["make", "exec"]
FROM build AS other
ENV ZONE=here
RUN make other
FROM scratch
COPY --from=build /out /$ZONE
`

func at(t *testing.T, d *dockerfile, line int) *instruction {
	t.Helper()
	for in, n := range d.lines() {
		if n == line {
			return in
		}
	}
	t.Fatalf("nothing starts at line %d", line)
	return nil
}

func linesOf(d *dockerfile, list []*instruction) []int {
	lines := d.lines()
	var out []int
	for _, in := range list {
		out = append(out, lines[in])
	}
	return out
}

func TestParse(t *testing.T) {
	d := parse(sample)
	if d.String() != sample {
		t.Errorf("written again it is\n%s", d)
	}
	if got := at(t, d, 10).text; got != "RUN make \\\n    -j 2" {
		t.Errorf("line 10 is %q", got)
	}
	if got := at(t, d, 13).text; got != "RUN <<EOF\nmake\nEOF" {
		t.Errorf("line 13 is %q", got)
	}
	want := []variable{{"ZONE", "${REGION}-a", true}, {"PLAIN", "x", true}}
	if diff := cmp.Diff(want, at(t, d, 4).variables(), cmp.AllowUnexported(variable{})); diff != "" {
		t.Errorf("the variables of line 4:\n%s", diff)
	}
	var built []string
	for _, s := range d.built("") {
		built = append(built, s.name)
	}
	if want := []string{"", "build", "settings"}; !slices.Equal(built, want) {
		t.Errorf("built are %q, want %q", built, want)
	}
}

func TestReached(t *testing.T) {
	d := parse(sample)
	for _, c := range []struct {
		name string
		line int
		taint
		want []int
	}{
		{"an ARG, in the stages that start from its own too", 3, taint{args: map[string]bool{"REGION": true}}, []int{10, 13, 17, 20}},
		{"a variable until another line sets it", 4, taint{env: map[string]bool{"ZONE": true}}, []int{10, 13, 17}},
		{"a variable that nothing sets again", 4, taint{env: map[string]bool{"PLAIN": true}}, []int{10, 13, 17, 20}},
		{"the folder, for what is relative to it", 4, taint{cwd: true}, []int{7, 8, 10, 13, 17, 20}},
		{"the user, until another one", 4, taint{user: true}, []int{7, 10}},
		{"the shell, for what uses one, until another one", 4, taint{shell: true}, []int{10, 13}},
		{"the new shell, for what uses one", 16, taint{shell: true}, []int{20}},
	} {
		if got := linesOf(d, d.reached(at(t, d, c.line), c.taint, nil)); !slices.Equal(got, c.want) {
			t.Errorf("%s: reached are %v, want %v", c.name, got, c.want)
		}
	}
}

func TestBelow(t *testing.T) {
	d := parse(sample)
	if got, want := linesOf(d, d.below(d.stages()[0])), []int{7, 8, 10, 13, 17, 20}; !slices.Equal(got, want) {
		t.Errorf("below the first FROM are %v, want %v", got, want)
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		patterns, path string
		want           bool
	}{
		{"./", "a/b.txt", true}, {"./", "@theme/a.txt", false}, {"@theme/", "@theme/a.txt", true},
		{"src/", "src/a/b.go", true}, {"src/", "src.go", false},
		{"*.json", "a.json", true}, {"*.json", "b/a.json", false},
		{"**/*.md", "a/b.md", true}, {"**/*.md", "b.md", true},
		{"./ !src/", "src/a.go", false}, {"./ !src/ src/a.go", "src/a.go", true},
	} {
		if got := match(strings.Fields(c.patterns), c.path); got != c.want {
			t.Errorf("%q matches %s: %v, want %v", c.patterns, c.path, got, c.want)
		}
	}
}

func TestTwins(t *testing.T) {
	d := parse(`FROM base AS a
WORKDIR /app
COPY x ./
ENV A=1
RUN make
FROM base AS b
LABEL b=b
WORKDIR /app
COPY x ./
RUN make
FROM other
WORKDIR /app
COPY --from=a /out /
COPY --from=b /out /
`)
	w := &world{shape: &shape{}, doc: d}
	lines := d.lines()
	got := map[int]int{}
	for in, first := range w.twins(w.builtSteps()) {
		got[lines[in]] = lines[first]
	}
	if diff := cmp.Diff(map[int]int{8: 2, 9: 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCauses(t *testing.T) {
	s := &shape{dockerfile: "Dockerfile", excluded: []string{"docs/"}, doc: parse("FROM base AS build\nCOPY . .\nRUN make\n")}
	at(t, s.doc, 2).takes = []string{"./"}
	w := newWorld(s, "mark")
	run := at(t, w.doc, 3)
	run.text = "RUN make all"
	w.edited(run, []*instruction{run})
	w.changes = []fileChange{{path: "a", change: "content"}, {path: "docs/b", change: "content"}, {path: "c", change: "added", rules: true}}
	edited := expected{kind: "instruction-changed", lines: []int{3}, subjects: []string{"RUN"}}
	files := expected{kind: "context-files", lines: []int{2}, files: []fileChange{{path: "Dockerfile", change: "content"}, {path: "a", change: "content"}}}
	rules := expected{kind: "context-rules", lines: []int{2}, files: []fileChange{{path: "c", change: "added", rules: true}}}
	for _, c := range []struct {
		name   string
		o      observed
		want   []expected
		doubts []string
	}{
		{"all of them", observed{2: {"miss"}, 3: {"miss"}}, []expected{edited, files, rules}, nil},
		{"on one of two platforms", observed{2: {"hit", "miss"}, 3: {"hit", "miss"}}, []expected{edited, files, rules}, nil},
		{"a step that had to miss", observed{2: {"hit"}, 3: {"miss"}}, []expected{edited}, []string{"COPY . ."}},
	} {
		got, doubts := w.causes(s.doc.String(), c.o)
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(expected{}, fileChange{})); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
		if !slices.Equal(doubts, c.doubts) {
			t.Errorf("%s: doubts are %q, want %q", c.name, doubts, c.doubts)
		}
	}
}

func TestJudge(t *testing.T) {
	found := func(kind cause.Kind, line int, subject string, files ...string) report.Cause {
		c := report.Cause{Kind: kind, Line: line, Subject: subject}
		for _, f := range files {
			c.Evidence.Files = append(c.Evidence.Files, cause.FileChange{Path: f, Change: "content"})
		}
		return c
	}
	files := func(names ...string) (out []fileChange) {
		for _, n := range names {
			out = append(out, fileChange{path: n, change: "content"})
		}
		return out
	}
	arg := expected{kind: "build-arg", lines: []int{2, 3}, subjects: []string{"A"}}
	for _, c := range []struct {
		name string
		want []expected
		got  []report.Cause
		is   verdict
	}{
		{"nothing", nil, nil, right},
		{"the cause at one of its lines", []expected{arg}, []report.Cause{found("build-arg", 3, "A")}, right},
		{"another line", []expected{arg}, []report.Cause{found("build-arg", 4, "A")}, wrong},
		{"another subject", []expected{arg}, []report.Cause{found("build-arg", 2, "B")}, wrong},
		{"another kind", []expected{arg}, []report.Cause{found("env", 2, "A")}, wrong},
		{"none", []expected{arg}, nil, wrong},
		{"one too many", []expected{arg}, []report.Cause{found("build-arg", 2, "A"), found("build-arg", 3, "A")}, wrong},
		{"given up", []expected{arg}, []report.Cause{found("unexplained", 5, "")}, unexplained},
		{"given up without need", nil, []report.Cause{found("unexplained", 5, "")}, unexplained},
		{"the files", []expected{{kind: "context-files", lines: []int{1}, files: files("a", "b")}}, []report.Cause{found("context-files", 1, "a", "a", "b")}, right},
		{"a file too few", []expected{{kind: "context-files", lines: []int{1}, files: files("a", "b")}}, []report.Cause{found("context-files", 1, "a", "a")}, wrong},
		{"a file too many", []expected{{kind: "context-files", lines: []int{1}, files: files("a")}}, []report.Cause{found("context-files", 1, "a", "a", "b")}, wrong},
	} {
		if got := judge(c.want, c.got).overall; got != c.is {
			t.Errorf("%s: %s, want %s", c.name, got, c.is)
		}
	}
}

// TestMutations applies each mutation to each shape: it says itself whether it
// could, and what it did can be told.
func TestMutations(t *testing.T) {
	shapes, err := readShapes("../../testdata/shapes")
	if err != nil {
		t.Fatal(err)
	}
	if len(shapes) < 40 {
		t.Errorf("there are %d shapes", len(shapes))
	}
	for _, m := range mutations() {
		applied := 0
		for _, s := range shapes {
			for n := range uint64(2) {
				before, after := newWorld(s, "mark"), newWorld(s, "mark")
				if !m.apply(after, rand.New(rand.NewPCG(n, 1))) {
					continue
				}
				applied++
				if before.doc.String() != s.doc.String() {
					t.Fatalf("%s changed the shape %s itself", m.name, s.name)
				}
				if parse(after.doc.String()).String() != after.doc.String() {
					t.Errorf("%s made a file of %s that cannot be read again", m.name, s.name)
				}
			}
		}
		if applied == 0 {
			t.Errorf("%s suits no shape", m.name)
		}
	}
}
