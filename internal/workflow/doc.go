// Package workflow finds the steps of GitHub Actions workflows that build images,
// and edits what they are told.
//
// [Read] gives the steps of a file that use docker/build-push-action or
// layercause's action, with those inputs that say what is built and which caches
// are used. [Step.Replace], [Step.Add] and [Step.Remove] change one input of a
// step in the file's text. Every other byte stays: comments, indentation, quotes
// and line endings. An edit is read again, and refused if anything else means
// something else than before.
//
// Expressions, ${{ … }}, are not evaluated: [Fits] takes them for what any value
// can stand for, and [Step.EveryCommit] knows those that are another one at each
// commit.
package workflow
