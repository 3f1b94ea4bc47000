package dockerfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/layercause/layercause/internal/dockerfile"
)

func parse(t *testing.T, text string) *dockerfile.File {
	t.Helper()
	f, err := dockerfile.Parse("Dockerfile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseStages(t *testing.T) {
	f := parse(t, `# syntax=docker/dockerfile:1
# escape=\
ARG GO=1.26
FROM golang:${GO} AS Base
RUN true
FROM base AS build
FROM --platform=$BUILDPLATFORM build
FROM base-$X
FROM 0
COPY --from=BUILD --link /a /b
`)
	want := []dockerfile.Stage{
		{Name: "base", Base: "golang:${GO}", Parent: -1, From: 1},
		{Name: "build", Base: "base", Parent: 0, From: 3},
		{Name: "2", Base: "build", Parent: 1, From: 4},
		{Name: "3", Base: "base-$X", Parent: -1, From: 5},
		{Name: "4", Base: "0", Parent: -1, From: 6},
	}
	if diff := cmp.Diff(want, f.Stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if got := f.Instructions[0].Stage; got != -1 {
		t.Errorf("the ARG above the first FROM has stage %d", got)
	}
	if f.Syntax != "docker/dockerfile:1" || len(f.Directives) != 2 {
		t.Errorf("syntax %q, directives %v", f.Syntax, f.Directives)
	}
	last := f.Instructions[len(f.Instructions)-1]
	from, ok := last.Flag("from")
	if i := f.StageNamed(from); !ok || i != 1 {
		t.Errorf("--from=%s is stage %d", from, i)
	}
	if i := f.StageNamed("3"); i != 3 {
		t.Errorf("stage 3 is found at %d", i)
	}
	if i := f.StageNamed("alpine"); i != -1 {
		t.Errorf("an image is taken for stage %d", i)
	}
	if got := f.StageEnd(0); got != 3 {
		t.Errorf("stage 0 ends at %d", got)
	}
}

func TestParseInstruction(t *testing.T) {
	tests := []struct {
		name string
		text string // follows "FROM a\n"
		want dockerfile.Instruction
	}{
		{"continuation with comments and a blank line", "RUN a \\\n  # why\n\n  && b", dockerfile.Instruction{
			Command: "RUN", Text: "RUN a   && b", Line: 2, EndLine: 5, Args: []string{"a   && b"}}},
		{"CRLF", "RUN a \\\r\n\t&& b\r\n", dockerfile.Instruction{
			Command: "RUN", Text: "RUN a \t&& b", Line: 2, EndLine: 3, Args: []string{"a \t&& b"}}},
		{"heredocs", "RUN <<A <<-B\none\nA\n\ttwo $X\n\tB\n", dockerfile.Instruction{
			Command: "RUN", Text: "RUN <<A <<-B\none\nA\n\ttwo $X\nB", Line: 2, EndLine: 6, Args: []string{"<<A <<-B"},
			Variables: []string{"X"},
			Heredocs:  []dockerfile.Heredoc{{Name: "A", Expand: true, Body: "one\n"}, {Name: "B", Expand: true, Body: "two $X\n"}}}},
		{"heredoc with CRLF and quotes", "COPY <<\"E\" /x\r\n$a\r\nE\r\n", dockerfile.Instruction{
			Command: "COPY", Text: "COPY <<\"E\" /x\n$a\r\nE", Line: 2, EndLine: 4, Args: []string{"<<\"E\"", "/x"},
			Variables: []string{"a"}, Heredocs: []dockerfile.Heredoc{{Name: "E", Body: "$a\n"}}}},
		{"JSON", `copy ["a b", "/x y/"]`, dockerfile.Instruction{
			Command: "COPY", Text: `copy ["a b", "/x y/"]`, Line: 2, EndLine: 2, JSON: true, Args: []string{"a b", "/x y/"}}},
		{"flags, one unknown", "RUN --mount=type=cache,target=/c --future=1 --flag cmd --not-a-flag", dockerfile.Instruction{
			Command: "RUN", Text: "RUN --mount=type=cache,target=/c --future=1 --flag cmd --not-a-flag", Line: 2, EndLine: 2,
			Flags: []dockerfile.Flag{{Name: "mount", Value: "type=cache,target=/c"}, {Name: "future", Value: "1"}, {Name: "flag"}},
			Args:  []string{"cmd --not-a-flag"}}},
		{"ARG", "ARG A B=$C D=\"x y\"", dockerfile.Instruction{
			Command: "ARG", Text: "ARG A B=$C D=\"x y\"", Line: 2, EndLine: 2,
			Names: []string{"A", "B", "D"}, Variables: []string{"C"}, Args: []string{"A", "B=$C", "D=\"x y\""}}},
		{"ENV", "ENV A=1 B=${A:-$Z}", dockerfile.Instruction{
			Command: "ENV", Text: "ENV A=1 B=${A:-$Z}", Line: 2, EndLine: 2, Names: []string{"A", "B"}, Variables: []string{"A", "Z"}}},
		{"old ENV", "ENV A some words", dockerfile.Instruction{
			Command: "ENV", Text: "ENV A some words", Line: 2, EndLine: 2, Names: []string{"A"}}},
		{"ONBUILD", "ONBUILD COPY --chown=1 . /x", dockerfile.Instruction{
			Command: "ONBUILD", Text: "ONBUILD COPY --chown=1 . /x", Line: 2, EndLine: 2, Trigger: "COPY", Args: []string{".", "/x"},
			Flags: []dockerfile.Flag{{Name: "chown", Value: "1"}}}},
		{"tabs", "\tRUN\tx", dockerfile.Instruction{
			Command: "RUN", Text: "RUN\tx", Line: 2, EndLine: 2, Args: []string{"x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := parse(t, "FROM a\n"+tt.text)
			got := f.Instructions[1]
			diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(got, "Bytes", "Block"))
			if diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if s := string(f.Data[got.Bytes.Start:got.Bytes.End]); s != tt.text {
				t.Errorf("bytes are %q, want %q", s, tt.text)
			}
		})
	}
}

func TestParseBacktick(t *testing.T) {
	f := parse(t, "# escape=`\r\nFROM a\r\nWORKDIR C:\\app\\\r\nRUN dir `\r\n  C:\\\r\nCOPY a C:\\b\\\r\n")
	if f.Escape != '`' {
		t.Errorf("escape is %q", f.Escape)
	}
	var got []string
	for _, in := range f.Instructions {
		got = append(got, in.Text)
	}
	want := []string{"FROM a", `WORKDIR C:\app\`, `RUN dir   C:\`, `COPY a C:\b\`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestInstructionAt(t *testing.T) {
	f := parse(t, "# c\nFROM a\n\nRUN b \\\n  c\n# end\nCMD d")
	for line, want := range []int{-1, -1, 0, -1, 1, 1, -1, 2, -1} {
		if got := f.InstructionAt(line); got != want {
			t.Errorf("line %d is in instruction %d, want %d", line, got, want)
		}
	}
}

func TestBlock(t *testing.T) {
	f := parse(t, "#!/usr/bin/env docker\n# syntax=x\n# about a\nFROM a\nRUN <<E\n# in it\nE\n# about b\n  # more\nRUN b\n\n# apart\n\nRUN c\n")
	var got []string
	for _, in := range f.Instructions {
		got = append(got, string(f.Data[in.Block.Start:in.Block.End]))
	}
	want := []string{"# about a\nFROM a\n", "RUN <<E\n# in it\nE\n", "# about b\n  # more\nRUN b\n", "RUN c\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPathsAndMounts(t *testing.T) {
	f := parse(t, "FROM a\nCOPY a <<E b /d\nx\nE\nRUN --mount=target=/s --mount=type=cache,\"target=/a,b\" --mount=from=x,src=/y,dst=/z,ro c\n")
	src, dest, ok := f.Instructions[1].Paths()
	if !ok || dest != "/d" || !cmp.Equal(src, []string{"a", "b"}) {
		t.Errorf("paths are %q, %q, %v", src, dest, ok)
	}
	if _, _, ok := f.Instructions[0].Paths(); ok {
		t.Error("a FROM has paths")
	}
	want := []dockerfile.Mount{{Type: "bind", Target: "/s"}, {Type: "cache", Target: "/a,b"}, {Type: "bind", From: "x", Source: "/y", Target: "/z"}}
	// BuildKit's parser takes the quotes of a flag away.
	want[1].Target = "/a"
	if diff := cmp.Diff(want, f.Instructions[2].Mounts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReads(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"RUN echo $V", true},
		{"RUN echo ${V:-x}", true},
		{"RUN echo ${W:-${V}}", true},
		{"RUN echo '$V'", true},
		{"RUN echo \\$V", true},
		{"RUN python -c 'import os; os.getenv(\"V\")'", true},
		{"RUN echo %V%", true},
		{"RUN printenv V", true},
		{"RUN env | sort", true},
		{"RUN printenv", true},
		{"RUN set > /vars", true},
		{"RUN n=V; echo ${!n}", true},
		{"RUN n=X; echo ${!n}", true},
		{"RUN <<E\nset -e\nexport -p\nE", true},
		{"RUN [\"sh\", \"-c\", \"env\"]", true},
		{"RUN python -c 'print(os.environ)'", true},
		{"RUN set -eux; apt-get install -y curl", false},
		{"RUN /usr/bin/env bash -c 'npm ci'", false},
		{"RUN echo $VERSION ${V2} XV V_1", false},
		{"RUN env A=1 make", false},
		{"RUN export A=1 && make", false},
		{"COPY V /x", false},
		{"COPY a$V /x", true},
		{"COPY <<E /x\n$V\nE", true},
		{"ENV V=1", false},
		{"LABEL a=$V", true},
		{"WORKDIR /$V", true},
		{"ONBUILD RUN echo V", true},
	}
	for _, tt := range tests {
		f := parse(t, "FROM a\n"+tt.text+"\n")
		if got := f.Instructions[1].Reads("V"); got != tt.want {
			t.Errorf("%s: Reads(V) is %v", tt.text, got)
		}
	}
}

func TestParseError(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", `parsing Dockerfile "Dockerfile": file with no instructions`},
		{"only comments", "# a\n\n# b\n", `file with no instructions`},
		{"no FROM", "ARG A\n", `"Dockerfile": no FROM instruction`},
		{"unknown", "FROM a\n\nRUM b\n", `line 3: unknown instruction: RUM`},
		{"above FROM", "ARG A\nRUN b\nFROM c\n", `line 2: RUN stands above the first FROM`},
		{"FROM without a base", "FROM\n", `line 1: FROM takes a base image`},
		{"FROM with two", "FROM a b\n", `line 1: FROM takes a base image`},
		{"open heredoc", "FROM a\nRUN <<E\nx\n", `line 2: unterminated heredoc`},
		{"escape", "# syntax=x\n# escape=x\nFROM a\n", "line 2: escape directive \"x\" is neither"},
		{"directive twice", "# syntax=x\n# syntax=y\nFROM a\n", "line 2: only one syntax parser directive"},
		{"ENV", "FROM a\nENV A\n", "line 2: ENV must have two arguments"},
		{"ONBUILD", "FROM a\nONBUILD\n", "line 2: ONBUILD needs an instruction"},
		{"a line too long", "FROM a\nRUN " + strings.Repeat("x", 1<<17), "line 2: dockerfile line greater than max allowed size"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := dockerfile.Parse("Dockerfile", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestUnknownInstructionOfAFrontend(t *testing.T) {
	f := parse(t, "# syntax=example/more\nFROM a\nINCLUDE b\n")
	if got := f.Instructions[1]; got.Command != "INCLUDE" || got.Cacheable() {
		t.Errorf("got %+v", got)
	}
}
