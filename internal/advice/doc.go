// Package advice turns causes into suggestions that can be applied.
//
// In comes an [Input]: the record of a build, its causes and its ledger. Out come
// suggestions, ranked by the seconds they save, each with a patch that applies
// with git apply to the tree that was built. A rule lives in a file of its own,
// with a Dockerfile before and after in its comment, and speaks only on
// evidence: a miss of this build, what the record shows was taken from the
// build context, or what earlier builds lost to a base image or a cache. [Suggest]
// asks them all. What a rule says of a cache or a secret changes the workflow that
// builds, if that is in the repository.
//
// A rule keeps silent where it is not sure. It knows the commands that a RUN
// executes by their words (a shell parser tells them apart), and what it does not
// know it neither moves nor moves anything past. Every edit is parsed again: the
// instructions must be those of before, and those that the rule put in.
//
// The package is pure: values in, values out. What the files of the context hold
// is not in a record, so a rule that moves an install says what could be in them
// that needs the sources.
package advice
