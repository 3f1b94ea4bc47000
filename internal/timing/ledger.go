package timing

// Ledger is what a build cost and what the cache saved. All times are in
// seconds of wall time, counted on the step graph.
type Ledger struct {
	Wall          float64
	Saved         float64
	SavedIsBound  bool // some hits have no measured execution: Saved is a lower bound
	Lost          float64
	ImportSeconds float64
	ExportSeconds float64
	ImportBytes   int64
	ExportBytes   int64
	NetSaved      float64
	Steps         map[string]Step    // by step ID
	CauseLost     map[string]float64 // by cause ID

	// Modelled is the wall time that the model gives for the build as it was, and
	// Residue what the measured one is longer.
	Modelled, Residue float64
	// WithoutCache is the wall time had no step hit and no cache been read or
	// written, WithoutMisses had nothing missed, and WithoutAvoidable had nothing
	// missed that an edit or a setting can avoid.
	WithoutCache, WithoutMisses, WithoutAvoidable float64
	// DownloadSeconds is what loading the layers of hits cost.
	DownloadSeconds float64
	DownloadBytes   int64
	Phases          []Phase
	// Verdicts say of each cache of the record whether it pays, in a sentence.
	Verdicts []string
	// Warnings tell of times that could not be used.
	Warnings []string
}

// PhaseKind is the kind of a [Phase].
type PhaseKind string

// The kinds of phases, in the order in which they begin.
const (
	PhaseLoad        PhaseKind = "load"         // the Dockerfile, .dockerignore, image metadata
	PhaseImport      PhaseKind = "import"       // of a cache
	PhaseContext     PhaseKind = "context"      // sending files to the daemon
	PhasePull        PhaseKind = "pull"         // of a base image
	PhaseDownload    PhaseKind = "download"     // of layers that a hit reuses
	PhaseExport      PhaseKind = "export"       // of the image or files
	PhasePush        PhaseKind = "push"         // of the image
	PhaseCacheExport PhaseKind = "cache-export" // of a cache
)

// Phase is work of the build that is no step's own.
type Phase struct {
	Kind PhaseKind
	// Name is what BuildKit calls it, or the cache's reference.
	Name string
	// Instruction is the index of the instruction it is for, or -1.
	Instruction int
	// Start and End are in seconds since the start of the build.
	Start, End float64
	Bytes      int64
	Critical   bool // on the critical path
}

// Step is one step's share of the ledger.
type Step struct {
	Saved    float64 // what its hit saved of its own execution time
	Critical bool    // on the critical path of the build
}
