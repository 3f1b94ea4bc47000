package action

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// InputError is an input of the action that cannot be used. Hint says what to
// write instead and is printed on a line of its own.
type InputError struct {
	Input   string // the name under "with:"
	Problem string
	Hint    string
}

// Error names the input and what is wrong with it, without the hint.
func (e *InputError) Error() string {
	return fmt.Sprintf("input %s: %s", e.Input, e.Problem)
}

// shorten keeps a message readable when somebody pasted a file into an input.
func shorten(v string) string {
	const most = 60
	v, _, cut := strings.Cut(v, "\n")
	for i := range v {
		if utf8.RuneCountInString(v[:i]) == most {
			v, cut = v[:i], true
			break
		}
	}
	if cut {
		v += "…"
	}
	return v
}
