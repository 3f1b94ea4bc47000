package action

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckNames(t *testing.T) {
	tests := []struct {
		name    string
		environ []string
		input   string // of the error; empty is none
		hint    string
	}{
		{"all that is declared", nil, "", ""},
		{"what the runner always takes", []string{"INPUT_ARGS=build", "INPUT_ENTRYPOINT=/bin/sh"}, "", ""},
		{"other variables", []string{"INPUT=x", "INPUT_=x", "MY_INPUT_TAG=x", "PATH=/bin"}, "", ""},
		{"a singular", []string{"INPUT_TAG=app"}, "tag", "write tags"},
		{"a flag's name", []string{"INPUT_BUILD-ARG=A=1"}, "build-arg", "write build-args"},
		{"a slip", []string{"INPUT_CACHE-FORM=type=gha"}, "cache-form", "write cache-from"},
		{"another separator", []string{"INPUT_BUILD_ARGS=A=1"}, "build_args", "write build-args"},
		{"nothing like it", []string{"INPUT_COLOUR=red"}, "colour", "rename INPUT_COLOUR if it stands under env:"},
		{"the first of several", []string{"INPUT_ZEBRA=1", "INPUT_APPLE=1"}, "apple", "remove it"},
		{"a value is not repeated", []string{"INPUT_SECRETZ=planted"}, "secretz", "write secrets"},
		{"a name of several lines", []string{"INPUT_A\n::error::B=1"}, "a", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			environ := test.environ
			for _, s := range Specs() {
				environ = append(environ, variable(s.Name)+"="+s.Default)
			}
			err := CheckNames(environ)
			var e *InputError
			if test.input == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an error of the input %s", err, test.input)
			}
			text := e.Error() + "\n" + e.Hint
			if !strings.HasPrefix(e.Input, test.input) || !strings.Contains(e.Hint, test.hint) || strings.Contains(text, "planted") || strings.Count(text, "\n") != 1 {
				t.Errorf("got %q", text)
			}
		})
	}
}

// Another action that runs the program has inputs of its own.
func TestCheckNamesOfAnotherAction(t *testing.T) {
	if err := CheckNames([]string{"INPUT_COMMAND=layercause build", "INPUT_RETRIES=3"}); err != nil {
		t.Error(err)
	}
}
