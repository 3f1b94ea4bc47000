package pipeline

import (
	"bytes"
	"errors"
	"strings"
	"testing"
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
