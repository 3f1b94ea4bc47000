// Package record holds the model of one observed build: a single versioned
// value with everything the later stages need, so that they never have to ask
// the daemon, the file system or the clock.
//
// In comes what package buildkit observed; out goes one JSON document
// (schema "layercause.record/v1", zstd on disk), written by [Write] and read by
// [Read].
//
// A record is made to be shown to strangers: forks read the caches of their
// base repository. It holds no build-arg value, no secret and no credential.
// Where two builds must be compared by a value that may be secret, it holds a
// keyed digest of the value ([Salt]); the key stays with the history and never
// enters a record.
package record
