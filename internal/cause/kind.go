package cause

import "github.com/layercause/layercause/internal/record"

// Kind names what invalidated a step.
type Kind string

// The complete list of kinds; the documentation of causes lists them with the
// line that each names and its evidence.
const (
	FirstBuild          Kind = "first-build"
	InstructionChanged  Kind = "instruction-changed"
	InstructionAdded    Kind = "instruction-added"
	BuildArg            Kind = "build-arg"
	Env                 Kind = "env"
	ContextFiles        Kind = "context-files"
	ContextRules        Kind = "context-rules"
	BaseImageMoved      Kind = "base-image-moved"
	BaseImageChanged    Kind = "base-image-changed"
	RemoteSource        Kind = "remote-source"
	NamedContext        Kind = "named-context"
	StageOutput         Kind = "stage-output"
	Platform            Kind = "platform"
	StepOptions         Kind = "step-options"
	FrontendChanged     Kind = "frontend-changed"
	NoCache             Kind = "no-cache"
	CacheEvicted        Kind = "cache-evicted"
	CacheOverwritten    Kind = "cache-overwritten"
	CacheNotExported    Kind = "cache-not-exported"
	CacheImportFailed   Kind = "cache-import-failed"
	CacheEmpty          Kind = "cache-empty"
	CacheBlobMissing    Kind = "cache-blob-missing"
	PreviousBuildFailed Kind = "previous-build-failed"
	RerunForChild       Kind = "rerun-for-child"
	Unexplained         Kind = "unexplained"
)

// Cause is one reason for misses.
type Cause struct {
	ID   string // c1, c2, … in the order of the lines named
	Kind Kind
	// File, Line, EndLine and Instruction are the place to look at: the
	// instruction that lost the cache, or that brought the change.
	File        string
	Line        int
	EndLine     int
	Instruction string
	// Subject is the file, argument, image or flag that is to blame.
	Subject string
	// Detail is one sentence without a line break.
	Detail   string
	Evidence Evidence
	// Context names the local source that the files of the evidence lie in:
	// "context", or a named context.
	Context string
	// Steps are the IDs of the steps of the head record that missed because of
	// this cause, in the order of the file.
	Steps []string

	files fileSet // all files, of which the evidence lists some
}

// Evidence is what a cause rests on. Only the fields that apply are set.
type Evidence struct {
	// Files are by path; of more than 20 they are the most telling ones, and
	// FileCount is how many there are and Folders where they lie.
	Files     []FileChange `json:"files,omitempty"`
	FileCount int          `json:"fileCount,omitempty"`
	Folders   []Folder     `json:"folders,omitempty"`
	// Name is the argument, variable or option that changed.
	Name string `json:"name,omitempty"`
	// Before and After are texts, references or digests; of a value that may be
	// secret they are keyed digests.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// NeededBy are the IDs of the steps that missed and asked for the output.
	NeededBy []string `json:"neededBy,omitempty"`
	// Compared lists what was compared and found equal.
	Compared []string `json:"compared,omitempty"`
	// Searched says where an earlier record was looked for.
	Searched []string `json:"searched,omitempty"`
	// Cache is the type and the reference of the cache that is to blame; Before and
	// After are then digests of its index.
	Cache string `json:"cache,omitempty"`
	// Writer is the build that wrote the cache last.
	Writer *record.Writer `json:"writer,omitempty"`
	// Error is the importer's or loader's error.
	Error string `json:"error,omitempty"`
}

// FileChange is one context file that differs.
type FileChange struct {
	Path string `json:"path"`
	// Change is content, mode, type, link, xattr, added or removed.
	Change string `json:"change"`
	// RenamedFrom is the removed file that an added one was before, RenamedTo the
	// added one that a removed file is now. Both stand in the list, as far as it
	// goes.
	RenamedFrom string `json:"renamedFrom,omitempty"`
	RenamedTo   string `json:"renamedTo,omitempty"`
	// Commit is the last one since the base that changed the file, if that is known.
	Commit string `json:"commit,omitempty"`
}

// Folder sums up the changed files of a folder, "." of the top one. Those of its
// folders count too, unless they have a summary of their own.
type Folder struct {
	Path string `json:"path"`
	// Changes counts the files by what changed of them.
	Changes map[string]int `json:"changes"`
	Files   int            `json:"files"`
}
