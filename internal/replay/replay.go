package replay

import "time"

// Commit is one commit of a [History].
type Commit struct {
	SHA  string
	Time time.Time // of the committer
}

// Recipe says how each commit is built. The zero value builds the Dockerfile that
// each commit has, without arguments.
type Recipe struct {
	Target   string
	Platform string // OS/ARCH[/VARIANT]; empty is linux/amd64
	// Args are the values of build arguments. Of those named in Every the value is
	// another one at each commit, as that of the commit's hash or of a date is.
	Args  map[string]string
	Every []string
	// Edits are changes of files that say how to build, by their path in the
	// repository. An edit is carried over to what the file was at each commit; where
	// it does not fit, that commit is built as it was.
	Edits map[string]Edit
	// Memory is which earlier results a build finds.
	Memory Memory
	// Today builds every commit with the newest one's Dockerfile and ignore file: what
	// an edit of them brought in the past may be none of today's concern.
	Today bool
}

// Edit is a change of one file: its text at the newest commit, nil if it is not
// there, and the text that it would have.
type Edit struct{ Before, After []byte }

// Memory is which earlier results a build finds.
type Memory int

// The memories of a cache.
const (
	// Everything: a builder that keeps its store, or a cache that is added to.
	Everything Memory = iota
	// LastBuild: a cache with mode=max that each build writes anew.
	LastBuild
	// LastImage: one with mode=min or an inline one, which holds what the last
	// build's image is made of and nothing else.
	LastImage
)

// Result is what became of the commits.
type Result struct {
	// Builds has one entry a commit, the oldest first, without the first commit: it
	// is only what the second is compared with.
	Builds []Build
	// Unfit counts the builds that an edit did not fit, Unread those whose
	// Dockerfile was missing or could not be read; these miss nothing.
	Unfit, Unread int
}

// Build is one commit's build.
type Build struct {
	Commit Commit
	// Plan is nil if the commit's Dockerfile could not be read.
	Plan   *Plan
	Misses []Miss // in the order of the plan's steps
	// Unsure are steps that are no misses unless an earlier build's stage made the same
	// again: that build then hit without them, and so did not pass their results on.
	// There are none as long as everything is kept.
	Unsure []int
}

// Plan is what a Dockerfile is to build. Builds of the same text share one.
type Plan struct {
	// Current says that the plan is that of the newest commit's Dockerfile, with
	// the recipe's edits.
	Current bool
	// Steps are in the order of the file. They are the steps of a record: one for an
	// instruction that BuildKit can cache and that the target needs.
	Steps []Step
}

// Step is one instruction that BuildKit can cache.
type Step struct {
	// Text is the instruction's, as dockerfile.Instruction has it.
	Text          string
	Line, EndLine int
	Stage         string
	// Inputs are the steps whose results it needs, by their index.
	Inputs []int
}

// Miss is a step that was executed.
type Miss struct {
	Step int // index in the plan
	// Own says that the step itself changed: its text, an argument or its files. Of
	// the others only what they stand on did.
	Own bool
	// Files are the changed files that it takes, at most MissFiles of them and
	// sorted, and FileCount is how many there are.
	Files     []string
	FileCount int
	// Args are the arguments that changed it, sorted.
	Args []string
	// ByContent says that it is none if a stage made the same again: it only reads the
	// output of steps that were executed, or what reads its own finds a result by that.
	ByContent bool
}

// MissFiles is how many files a [Miss] names.
const MissFiles = 20
