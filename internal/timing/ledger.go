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
}

// Step is one step's share of the ledger.
type Step struct {
	Saved    float64 // what its hit saved of its own execution time
	Critical bool    // on the critical path of the build
}
