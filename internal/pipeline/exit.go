package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/layercause/layercause/internal/action"
	"github.com/layercause/layercause/internal/buildkit"
	"github.com/layercause/layercause/internal/buildkit/builder"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/settings"
)

// The exit codes of the program.
const (
	ExitBuilt     = 0 // built
	ExitFailed    = 1 // the build failed
	ExitUsage     = 2 // wrong usage or input
	ExitGate      = 3 // a policy gate failed
	ExitNoBuilder = 4 // no builder could be reached
)

// Error is an error that the program ends with.
type Error struct {
	Code int
	Err  error
	Hint string // what to do next, or empty
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *Error) Unwrap() error { return e.Err }

func usage(hint, format string, args ...any) *Error {
	return &Error{Code: ExitUsage, Err: fmt.Errorf(format, args...), Hint: hint}
}

// classify gives an error its exit code and its hint.
func classify(err error) *Error {
	var (
		known   *Error
		option  *buildkit.UsageError
		address *builder.UsageError
		builder *builder.Error
		input   *action.InputError
		file    *settings.Error
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &option):
		return &Error{ExitUsage, err, option.Hint}
	case errors.As(err, &address):
		return &Error{ExitUsage, err, address.Hint}
	case errors.As(err, &input):
		return &Error{ExitUsage, err, input.Hint}
	case errors.As(err, &file):
		return &Error{ExitUsage, err, file.Hint}
	case errors.As(err, &builder):
		return &Error{ExitNoBuilder, err, builder.Hint}
	case errors.Is(err, context.Canceled):
		return &Error{ExitFailed, errors.New("the build was cancelled"), ""}
	}
	return &Error{ExitFailed, err, ""}
}

// ExitCode reports an error to the user and returns the code to exit with. What a build
// failed with holds text of its Dockerfile, and on a runner w is a part of the log.
func ExitCode(w io.Writer, err error) int {
	if err == nil {
		return ExitBuilt
	}
	e := classify(err)
	// What was given wrongly is quoted, and may be an address with a password.
	fmt.Fprintln(w, action.Harmless("error: "+record.RedactURLs(e.Error())))
	if e.Hint != "" {
		fmt.Fprintln(w, action.Harmless("hint: "+record.RedactURLs(e.Hint)))
	}
	return e.Code
}
