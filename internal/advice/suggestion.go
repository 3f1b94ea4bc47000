package advice

import (
	"strings"

	"github.com/layercause/layercause/internal/dockerfile"
)

// Advice is what can be said of a build.
type Advice struct {
	// Suggestions are ranked: the one that saves most first. Each stands for itself:
	// its patch applies without the others.
	Suggestions []Suggestion
	// Best is the set that saves most together; nil if that is no more than one.
	Best *Set
	// Silences are the places where a rule looked and kept silent.
	Silences []Silence
	// Builds are those that were replayed, without an edit.
	Builds []Replayed
}

// Suggestion is one edit that would have kept the cache, or that makes the image
// better.
type Suggestion struct {
	Rule  string
	Title string // one sentence, starts with a verb
	// File and the lines are where the edit starts.
	File    string
	Line    int
	EndLine int
	Edits   []FileEdit
	// Patch is a unified diff of the edits with paths relative to the repository, a/
	// and b/ prefixes, for git apply. It is empty where no edit is safe.
	Patch     string
	Predicted Prediction
	// Sound says that it is worth making even if it saves no time.
	Sound bool
	// Assumes are what the prediction takes for granted, in sentences.
	Assumes []string
	// Declares is how the image may differ with the edit.
	Declares []Difference
	// Verified is nil as long as no build has proven the suggestion.
	Verified *Verification
}

// FileEdit is the change of one file of the repository. Before is nil for a file
// that is not there yet. Credentials in URLs are struck out of both.
type FileEdit struct {
	Path          string
	Before, After []byte
}

// Difference is a way in which the image with an edit differs from the one
// without it. Path is a pattern in the syntax of path.Match over absolute paths,
// where a trailing /** takes everything below; or "config." with the field of the
// image's configuration. Change is added, removed, type, mode, owner, content,
// link or xattr, or empty for any.
type Difference struct{ Path, Change string }

// Prediction is what the edit would have changed in the builds it was replayed
// over.
type Prediction struct {
	Commits              int
	MissesBefore         int
	MissesAfter          int
	SecondsSavedPerBuild float64 // the mean
	// CommitsSaved is how many of the builds it would have made faster.
	CommitsSaved int
	// Estimated says that seconds which count were never measured.
	Estimated bool
	// Gains are the seconds saved by build, as [Advice.Builds] are ordered. They are nil
	// where no builds of these commits would show them.
	Gains []float64
}

// Verification is what builds of the tree with and without the edit measured.
type Verification struct {
	SecondsBefore float64
	SecondsAfter  float64
	// NoGain says that the edit was to make this very build faster, and did not by any
	// time worth a word.
	NoGain bool
	// SameFiles says that the images with and without the edit hold the same files,
	// but for those that no two builds have the same of.
	SameFiles bool
	// Differences say what differs, as the rule declares it: the first of them, and
	// DifferenceCount is how many there are.
	Differences     []string
	DifferenceCount int
}

// Set is some of the suggestions, applied together.
type Set struct {
	Members   []int // indexes of the suggestions, ascending
	Edits     []FileEdit
	Patch     string
	Predicted Prediction
	// Verified is nil as long as no build has proven the set.
	Verified *Verification
}

// Silence is a place where a rule keeps silent, and why.
type Silence struct {
	Rule string
	Line int // of the Dockerfile; 0 is the whole file
	Why  string
}

// struck marks where the record has a credential struck out of a text.
const struck = "***"

// patchOf writes the edits as one patch. It reports false if a line of it holds a
// struck-out credential, since git apply compares it with the real file.
func patchOf(edits []FileEdit) (string, bool) {
	var b strings.Builder
	for _, e := range edits {
		b.WriteString(dockerfile.Diff(e.Path, e.Before, e.After))
	}
	return b.String(), b.Len() > 0 && !strings.Contains(b.String(), struck)
}
