package record

import "time"

// Schema names the format of a [Record].
const Schema = "layercause.record/v1"

// Record is one build as it was observed. Manifests stands last so that a
// reader that only wants the steps can stop before it ([ReadSteps]).
type Record struct {
	Schema string `json:"schema"`
	// ID is 32 random hexadecimal digits.
	ID string `json:"id"`
	// SaltID names the key of the keyed digests; digests of records with
	// different SaltIDs cannot be compared.
	SaltID     string      `json:"saltId"`
	StartedAt  time.Time   `json:"startedAt"`
	Seconds    float64     `json:"seconds"` // wall time of the build
	Status     BuildStatus `json:"status"`
	Failure    *Failure    `json:"failure,omitempty"`
	Invocation Invocation  `json:"invocation"`
	Commit     Commit      `json:"commit"`
	// Job is the job of a workflow that ran the build; nil if none did.
	Job        *Job          `json:"job,omitempty"`
	Builder    Builder       `json:"builder"`
	Dockerfile Dockerfile    `json:"dockerfile"`
	Caches     []CacheAccess `json:"caches,omitempty"`
	Findings   *Findings     `json:"findings,omitempty"`
	// Checks are what BuildKit's own checks found in the Dockerfile, in its order.
	Checks   []Check  `json:"checks,omitempty"`
	Steps    []Step   `json:"steps"`
	Vertices []Vertex `json:"vertices"`
	// Phases are the work that is no operation of the graph, in order of start.
	Phases []Phase `json:"phases,omitempty"`
	// Load is how busy the builder's machine was; nil if it is not this one.
	Load      *Load      `json:"load,omitempty"`
	Warnings  []string   `json:"warnings,omitempty"`
	Manifests []Manifest `json:"manifests,omitempty"`
}

// BuildStatus says how a build ended.
type BuildStatus string

// The ways a build ends.
const (
	Succeeded BuildStatus = "succeeded"
	Failed    BuildStatus = "failed"
)

// Failure is where and why a build failed.
type Failure struct {
	Message string `json:"message"`
	// File and the lines are those of the failing instruction, when known.
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	EndLine int    `json:"endLine,omitempty"`
	Step    string `json:"step,omitempty"`
}

// Invocation is what the build was asked to do.
type Invocation struct {
	// Context is "." or a folder relative to the repository, or a URL without
	// credentials.
	Context    string `json:"context"`
	Dockerfile string `json:"dockerfile"`
	Target     string `json:"target,omitempty"`
	// Platforms are the requested ones, sorted; empty means the builder's own.
	Platforms []string `json:"platforms,omitempty"`
	// Machine is the platform of the machine that asked, where no platform was
	// requested; empty means linux/amd64.
	Machine string `json:"machine,omitempty"`
	// BuildArgs are sorted by name.
	BuildArgs     []Value  `json:"buildArgs,omitempty"`
	NamedContexts []string `json:"namedContexts,omitempty"`
	NoCache       bool     `json:"noCache,omitempty"`
	NoCacheFilter []string `json:"noCacheFilter,omitempty"`
	// Options are those that enter the keys of commands, such as hosts and limits,
	// sorted by name.
	Options []Value `json:"options,omitempty"`
}

// usualMachine is the one that records need not name.
const usualMachine = "linux/amd64"

// ForMachine returns the invocation as it is on a machine of a platform.
func (i Invocation) ForMachine(platform string) Invocation {
	i.Machine = ""
	if len(i.Platforms) == 0 && platform != usualMachine {
		i.Machine = platform
	}
	return i
}

// TargetPlatforms are those that tell a build from others: the requested ones, or else
// that of a machine which is not the usual one, since the runners of a matrix build
// each for its own.
func (i Invocation) TargetPlatforms() []string {
	if len(i.Platforms) == 0 && i.Machine != "" {
		return []string{i.Machine}
	}
	return i.Platforms
}

// Value is something that may be secret: its name, and a keyed digest.
type Value struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Commit is the state of the repository that was built.
type Commit struct {
	Repository string `json:"repository,omitempty"` // owner/name or the remote without credentials
	SHA        string `json:"sha,omitempty"`
	Ref        string `json:"ref,omitempty"`        // refs/heads/… or refs/pull/…
	Branch     string `json:"branch,omitempty"`     // the branch built; of a pull request its head
	BaseBranch string `json:"baseBranch,omitempty"` // the branch a pull request goes to
	Default    string `json:"defaultBranch,omitempty"`
}

// Job tells builds of one workflow apart that are otherwise alike.
type Job struct {
	Name string `json:"name,omitempty"` // its id in the workflow file
	// Matrix are the values that a matrix gave it, as in "node: 20, os: alpine".
	Matrix string `json:"matrix,omitempty"`
}

// Builder is the daemon that ran the build.
type Builder struct {
	Name   string `json:"name"`
	Driver string `json:"driver"` // unix, tcp, docker-container, docker, child
	// Worker is the ID of the daemon's store of results: two builds with the same
	// one could use each other's.
	Worker  string `json:"worker,omitempty"`
	Version string `json:"version,omitempty"`
	// Cores is how many processors the builder can use; 0 is unknown.
	Cores float64 `json:"cores,omitempty"`
}

// Dockerfile is the file that was built, with credentials in URLs struck out.
type Dockerfile struct {
	Path         string        `json:"path"` // as shown, relative to the repository
	Text         string        `json:"text"`
	Stages       []Stage       `json:"stages"`
	Instructions []Instruction `json:"instructions"`
	// Syntax is the image that read the file; nil if the builder read it itself.
	Syntax *Frontend `json:"syntax,omitempty"`
}

// Frontend is an image that makes operations of a Dockerfile.
type Frontend struct {
	// Ref is the reference as the syntax line has it. It is empty, and Line 0, if
	// a build argument names the image.
	Ref  string `json:"ref,omitempty"`
	Line int    `json:"line,omitempty"`
	// Digest is what the reference resolved to, or empty if that was not seen.
	Digest string `json:"digest,omitempty"`
}

// Stage is one FROM and what follows it.
type Stage struct {
	// Name is the AS name, or the stage's number in decimal.
	Name string `json:"name"`
	// Base is the FROM's reference as written.
	Base string `json:"base"`
	// Parent is the index of the stage that Base names, or -1.
	Parent int `json:"parent"`
	// From is the index of the FROM instruction.
	From int `json:"from"`
}

// Instruction is one Dockerfile instruction, with its own text: never with
// build args expanded.
type Instruction struct {
	// Stage is the index in Dockerfile.Stages; -1 for an ARG above the first FROM.
	Stage   int    `json:"stage"`
	Command string `json:"command"` // upper case
	// Text has line continuations joined and comments dropped; a heredoc's body
	// follows after a newline.
	Text    string `json:"text"`
	Line    int    `json:"line"`
	EndLine int    `json:"endLine"`
	// Names are the variables that an ARG or ENV declares, in order.
	Names []string `json:"names,omitempty"`
	// Trigger says that the FROM of the same line brings the instruction: an
	// ONBUILD of its image, or of the stage that it starts from. Command is what the
	// trigger does, and Text starts with ONBUILD.
	Trigger bool `json:"trigger,omitempty"`
}

// StepStatus says what became of a step.
type StepStatus string

// What becomes of a step.
const (
	Hit        StepStatus = "hit"
	Miss       StepStatus = "miss"
	NotRun     StepStatus = "not-run"
	StepFailed StepStatus = "failed"
)

// Step is one cacheable instruction on one platform.
type Step struct {
	ID          string `json:"id"` // s1, s2, … in the order of the file
	Instruction int    `json:"instruction"`
	// Stage names the stage that the step belongs to.
	Stage    string     `json:"stage"`
	Platform string     `json:"platform"`
	Status   StepStatus `json:"status"`
	// Seconds is execution time, TransferSeconds the time for loading layers.
	Seconds         float64 `json:"seconds"`
	TransferSeconds float64 `json:"transferSeconds,omitempty"`
	// Key is a keyed digest over the step's whole cache key; equal keys mean that
	// BuildKit would take one step's result for the other.
	Key string `json:"key"`
	// Earlier is the last measured execution of the same step, carried over from
	// earlier records.
	Earlier *Measurement `json:"earlier,omitempty"`
	// Vertices are indexes into Record.Vertices, in order of execution.
	Vertices []int `json:"vertices"`
}

// Measurement is a duration and the record it was measured in.
type Measurement struct {
	Seconds float64 `json:"seconds"`
	Record  string  `json:"record"`
	// Key is the step's key in that record, and Worker the store that its result
	// went to.
	Key    string `json:"key,omitempty"`
	Worker string `json:"worker,omitempty"`
	// Cores is how many processors it kept busy, and Alone what it would have taken
	// with all of them to itself; 0 is unknown.
	Cores float64 `json:"cores,omitempty"`
	Alone float64 `json:"alone,omitempty"`
	// Export is its share of writing the image.
	Export float64 `json:"export,omitempty"`
}

// OpKind is the kind of a vertex.
type OpKind string

// The kinds of vertices.
const (
	OpExec   OpKind = "exec"
	OpFile   OpKind = "file"
	OpSource OpKind = "source"
	OpMerge  OpKind = "merge"
	OpDiff   OpKind = "diff"
	OpOther  OpKind = "other"
)

// Vertex is one operation of BuildKit's graph. Inputs come before the vertices
// that use them.
type Vertex struct {
	// Step is the ID of the step it belongs to, or empty.
	Step string `json:"step,omitempty"`
	Kind OpKind `json:"kind"`
	// Instruction is the index of the instruction it came from, or -1; for a
	// source it is that of the FROM, COPY or ADD.
	Instruction int     `json:"instruction"`
	Platform    string  `json:"platform,omitempty"`
	Inputs      []Input `json:"inputs,omitempty"`
	// Parts are the components of the operation's own key, in a fixed order. What
	// BuildKit leaves out of the key is left out here.
	Parts  []Part  `json:"parts,omitempty"`
	Source *Source `json:"source,omitempty"`
	// Takes are the context files that the operation reads.
	Takes       []Take `json:"takes,omitempty"`
	IgnoreCache bool   `json:"ignoreCache,omitempty"`
	// Key is a keyed digest over Parts, Source, Takes and the keys of Inputs.
	Key       string     `json:"key"`
	Status    StepStatus `json:"status"`
	Intervals []Interval `json:"intervals,omitempty"`
	Error     string     `json:"error,omitempty"`
	// LoadError is why a result that was found could not be loaded.
	LoadError string `json:"loadError,omitempty"`
	// Bytes is what was sent to the daemon, or downloaded by it, for this operation.
	Bytes int64 `json:"bytes,omitempty"`
	// Layer is the layer that its result is kept as, if a cache's index tells.
	Layer *Layer `json:"layer,omitempty"`
	// Earlier is, of an image, the last measured download, carried over from earlier
	// records.
	Earlier *Measurement `json:"earlier,omitempty"`
}

// Layer is a layer as it is stored: compressed.
type Layer struct {
	Digest string `json:"digest"`
	Bytes  int64  `json:"bytes"`
}

// Input is one edge of the graph.
type Input struct {
	Vertex int `json:"vertex"`
	Output int `json:"output,omitempty"`
	// ByContent says that the key holds the content that is read from this input
	// and not how it was made.
	ByContent bool `json:"byContent,omitempty"`
}

// Part is one component of an operation's key: "args", "env:NAME", "cwd",
// "mount:/path", "network" and the like. "op" is always there and covers the
// whole operation.
type Part struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
	// Text is shown as evidence; only what can never hold a build-arg value has one.
	Text string `json:"text,omitempty"`
}

// SourceKind is where a source comes from.
type SourceKind string

// The kinds of sources.
const (
	SourceImage  SourceKind = "image"
	SourceLocal  SourceKind = "local"
	SourceGit    SourceKind = "git"
	SourceHTTP   SourceKind = "http"
	SourceLayout SourceKind = "oci-layout"
	SourceOther  SourceKind = "other"
)

// Source is an image, a context or a URL as it was resolved.
type Source struct {
	Kind SourceKind `json:"kind"`
	// Ref is what is shown. It is empty when the reference was made from a
	// variable, since it then shows a value.
	Ref string `json:"ref,omitempty"`
	// RefDigest is a keyed digest of the reference.
	RefDigest string `json:"refDigest"`
	// Digest is the image's digest, the commit, or the checksum.
	Digest string `json:"digest,omitempty"`
	// Context is the name of the named context that supplied it, if one did.
	Context string `json:"context,omitempty"`
}

// Take is what one operation reads of one local source.
type Take struct {
	// Manifest is an index into Record.Manifests.
	Manifest int `json:"manifest"`
	// Input is the index of the operation's input it is read from.
	Input int `json:"input"`
	// Paths are the source paths as in the operation; empty if they were made
	// from a variable.
	Paths []string `json:"paths,omitempty"`
	// Digest is BuildKit's content digest of what is taken, keyed.
	Digest string `json:"digest"`
	// Files are half-open ranges of indexes into the manifest's entries.
	Files [][2]int `json:"files"`
}

// Manifest is the list of entries of a local source that were sent or would be
// sent to the daemon, sorted by path. The slices run in parallel.
type Manifest struct {
	Name  string   `json:"name"` // "context", or the named context
	Paths []string `json:"paths"`
	// Digests are the first DigestSize bytes of BuildKit's per-file digest (over
	// mode, type, link, xattrs and data), one after the other.
	Digests []byte `json:"digests"`
	// Data are DataSize bytes each: a fast hash of the data alone, which tells a
	// changed content from a changed mode.
	Data  []byte   `json:"data"`
	Modes []uint32 `json:"modes"` // Go's fs.FileMode bits
	Sizes []int64  `json:"sizes"`
	// Links are link targets by entry index; few entries have one.
	Links map[int]string `json:"links,omitempty"`
	// Ignore is the .dockerignore that applied, line by line.
	Ignore []string `json:"ignore,omitempty"`
	// IgnorePath is the file that Ignore was read from.
	IgnorePath string `json:"ignorePath,omitempty"`
}

// Sizes of the entries in Manifest.Digests and Manifest.Data, in bytes.
const (
	DigestSize = 16
	DataSize   = 8
)

// Interval is a span of time, in seconds since Record.StartedAt.
type Interval struct {
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	// Transfer marks time spent on loading layers instead of executing.
	Transfer bool `json:"transfer,omitempty"`
}
