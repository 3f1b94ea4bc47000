// Package operation reads the graph of operations that BuildKit's frontend makes of
// a Dockerfile: which instruction each operation comes from, its own cache key, and
// what it reads of its inputs.
//
// In comes a definition, as the frontend hands it to the daemon or as
// dockerfile2llb makes it here; the keys are those of BuildKit's own code.
package operation
