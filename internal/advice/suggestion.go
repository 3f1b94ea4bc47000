package advice

// Suggestion is one edit that would have kept the cache.
type Suggestion struct {
	Rule  string
	Title string // one sentence, starts with a verb
	// File and the lines are where the edit starts.
	File    string
	Line    int
	EndLine int
	// Patch is a unified diff with paths relative to the repository, a/ and b/
	// prefixes, for git apply.
	Patch     string
	Predicted Prediction
	// Verified is nil as long as no build has proven the suggestion.
	Verified *Verification
}

// Prediction is what the edit would have changed in the builds it was replayed
// over.
type Prediction struct {
	Commits              int
	MissesBefore         int
	MissesAfter          int
	SecondsSavedPerBuild float64
}

// Verification is what a build of the patched tree measured.
type Verification struct {
	SecondsBefore float64
	SecondsAfter  float64
	SameFiles     bool
}
