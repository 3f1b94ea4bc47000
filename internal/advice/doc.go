// Package advice turns causes into suggestions that can be applied.
//
// In come the record, its causes and its ledger; out come suggestions, ranked
// by the seconds they save, each with a patch that applies with git apply. A
// rule lives in a file of its own and speaks only on evidence: a miss of this
// build, or what the record shows was sent to the daemon.
//
// The package is pure: values in, values out.
package advice
