package record

// Findings is what layercause made of a build when it ended. It is kept with
// the record, so that a history can be listed without explaining every build
// anew. Times are in seconds of wall time.
type Findings struct {
	Hits     int     `json:"hits"`
	Misses   int     `json:"misses"`
	NotRun   int     `json:"notRun,omitempty"`
	Saved    float64 `json:"saved"`
	Lost     float64 `json:"lost"`
	Import   float64 `json:"import,omitempty"`
	Export   float64 `json:"export,omitempty"`
	Download float64 `json:"download,omitempty"`
	Net      float64 `json:"net"`
	// Again is what steps lost that the build before of the same branch had made: an
	// export of its cache would have saved so much.
	Again float64 `json:"again,omitempty"`
	// SavedIsBound says that Saved and Net are lower bounds.
	SavedIsBound bool `json:"savedIsBound,omitempty"`
	// Causes are the causes of misses, the costliest first.
	Causes []Finding `json:"causes,omitempty"`
	// Withdrawn are the suggestions that builds refuted: who makes them anew of the record
	// alone must not say them.
	Withdrawn []Withdrawn `json:"withdrawn,omitempty"`
}

// Withdrawn names a suggestion by its rule and where its edit starts.
type Withdrawn struct {
	Rule string `json:"rule"`
	File string `json:"file"`
	Line int    `json:"line"`
}

// Finding is one cause of misses.
type Finding struct {
	Kind        string `json:"kind"`
	File        string `json:"file,omitempty"`
	Line        int    `json:"line,omitempty"`
	Instruction string `json:"instruction,omitempty"`
	Subject     string `json:"subject,omitempty"`
	// Files are the changed files, at most FindingFiles of them.
	Files []string `json:"files,omitempty"`
	// Steps is how many steps missed.
	Steps int     `json:"steps,omitempty"`
	Lost  float64 `json:"lost"`
}

// FindingFiles is how many changed files a [Finding] names.
const FindingFiles = 20
