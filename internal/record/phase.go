package record

// PhaseKind is the kind of a [Phase].
type PhaseKind string

// The kinds of phases.
const (
	// PhaseLoad is reading the Dockerfile and .dockerignore and resolving images.
	PhaseLoad PhaseKind = "load"
	// PhaseExport is making layers, manifests and files of the result, or unpacking
	// them.
	PhaseExport PhaseKind = "export"
	// PhasePush is pushing the image; it runs beside the exports of caches.
	PhasePush PhaseKind = "push"
	// PhasePrepare, PhaseLayer and PhaseIndex are parts of the export of a cache:
	// compressing layers, writing one layer, and writing what lists them.
	PhasePrepare PhaseKind = "prepare"
	PhaseLayer   PhaseKind = "layer"
	PhaseIndex   PhaseKind = "index"
)

// Phase is work of a build that is no operation of its graph.
type Phase struct {
	Kind PhaseKind `json:"kind"`
	// Name is what BuildKit calls it, with credentials and values struck out.
	Name string `json:"name"`
	// Start and End are in seconds since Record.StartedAt.
	Start float64 `json:"start"`
	End   float64 `json:"end"`
	// Bytes is what was sent: of a layer, nothing if the cache had it.
	Bytes int64 `json:"bytes,omitempty"`
	// Digest is that of a layer.
	Digest string `json:"digest,omitempty"`
}

// Load is how many processors were busy while the build ran, whoever used them.
// Where all were, it is how many could have been.
type Load struct {
	// Every is the length of a sample in seconds, Busy the mean of each.
	Every float64   `json:"every"`
	Busy  []float64 `json:"busy"`
}
