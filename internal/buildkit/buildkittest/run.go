package buildkittest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

// Run stands in for a test where a program uses the helpers for tests, which end it
// with. It is begun with [NewRun], and [Run.End] is deferred.
type Run struct {
	testing.TB
	ctx      context.Context
	failed   bool
	cleanups []func()
}

// NewRun begins a run.
func NewRun(ctx context.Context) *Run { return &Run{ctx: ctx} }

// errStopped is the panic of a helper that gave up, after it said why.
var errStopped = errors.New("stopped")

func (r *Run) Helper()                   {}
func (r *Run) Context() context.Context  { return r.ctx }
func (r *Run) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *Run) Failed() bool              { return r.failed }
func (r *Run) Logf(f string, a ...any)   { fmt.Fprintf(os.Stderr, f+"\n", a...) }
func (r *Run) Errorf(f string, a ...any) { r.failed = true; r.Logf(f, a...) }
func (r *Run) Error(a ...any)            { r.Errorf("%s", fmt.Sprint(a...)) }
func (r *Run) Fatalf(f string, a ...any) { r.Errorf(f, a...); panic(errStopped) }
func (r *Run) Fatal(a ...any)            { r.Fatalf("%s", fmt.Sprint(a...)) }

// End runs what was put off until now, and turns a helper's panic into an error.
func (r *Run) End(err *error) {
	if p := recover(); p == errStopped {
		*err = errStopped
	} else if p != nil {
		defer panic(p)
	}
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}
