package pipeline

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/buildkit"
)

// What a build failed with holds what its Dockerfile says. On a runner, standard
// error is a part of the log.
func TestErrorsAreNoCommands(t *testing.T) {
	for _, text := range []string{
		"x\n::error file=a::b", "x\r::error::b", "::warning::b", "  ::add-mask::b", `process "sh -c echo ##[set-output name=a]b"`,
		"\x1b[2J\x1b]0;title\x07x",
	} {
		for _, hint := range []string{"", text} {
			var b bytes.Buffer
			if code := ExitCode(&b, &Error{ExitUsage, errors.New(text), hint}); code != ExitUsage {
				t.Errorf("exit code %d", code)
			}
			out := b.String()
			if !strings.HasPrefix(out, "error: ") || (hint != "") != strings.Contains(out, "\nhint: ") {
				t.Errorf("%q is shown as %q", text, out)
			}
			for line := range strings.Lines(out) {
				if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") || strings.ContainsAny(line, "\x1b\x07\r") {
					t.Errorf("%q is shown as %q", text, out)
				}
			}
		}
	}
}

// TestErrorsShowNoCredential has addresses with passwords in flags and inputs where
// they do not belong.
func TestErrorsShowNoCredential(t *testing.T) {
	for _, o := range []BuildOptions{
		{Options: buildkit.Options{Context: ".", BuildContexts: []string{"https://me:SECRET@example.com/x"}}},
		{Options: buildkit.Options{Context: ".", File: "https://me:SECRET@example.com/Dockerfile"}},
		{Options: buildkit.Options{Context: ".", Tags: []string{"me:SECRET@example.com/x"}}},
		{Options: buildkit.Options{Context: "me:SECRET@example.com/x.git"}},
		{Options: buildkit.Options{Context: "."}, History: "s3://me:SECRET@example.com/x"},
		{Options: buildkit.Options{Context: "."}, Builder: "tcp://me:SECRET@example.com:1"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY . .\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if o.Context == "." {
			o.Context = dir
		}
		env := Env{LookupEnv: func(string) (string, bool) { return "", false }, Stdout: io.Discard, Stderr: io.Discard, Dir: dir}
		var out bytes.Buffer
		code := ExitCode(&out, Build(t.Context(), env, o))
		if code != ExitUsage || strings.Contains(out.String(), "SECRET") || !strings.Contains(out.String(), "***@example.com") {
			t.Errorf("%+v ends with %d: %s", o.Options, code, out.String())
		}
	}
}
