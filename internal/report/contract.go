package report

import "github.com/layercause/layercause/internal/cause"

// Schema names the format of [Report].
const Schema = "layercause.report/v1"

// Report is the one value behind every rendering. Its JSON is report.json.
type Report struct {
	Schema      string       `json:"schema"`
	Build       Build        `json:"build"`
	Totals      Totals       `json:"totals"`
	Steps       []Step       `json:"steps"`
	Causes      []Cause      `json:"causes"`
	Caches      []Cache      `json:"caches"`
	Phases      []Phase      `json:"phases,omitempty"`
	Suggestions []Suggestion `json:"suggestions"`
	// BestSet are the suggestions that save most together; absent if that is no more
	// than one. Silences say where a rule looked and made none.
	BestSet  *BestSet  `json:"bestSet,omitempty"`
	Silences []Silence `json:"silences,omitempty"`
	// Checks are what BuildKit's own checks found in the Dockerfile.
	Checks   []Check  `json:"checks,omitempty"`
	Gates    []Gate   `json:"gates"`
	Warnings []string `json:"warnings"`
	// BaseBranch is absent unless this is a build of a pull request and builds of the
	// branch that it goes into are known.
	BaseBranch *BaseBranch `json:"baseBranch,omitempty"`
	// CacheChoice says what "cache: auto" chose and why; absent without it.
	CacheChoice string `json:"cacheChoice,omitempty"`
	// Trend are the last builds, this one too, the oldest first, and Worst is what
	// the builds of the history lost the most to. Both are absent where there is no
	// earlier build.
	Trend []Past `json:"trend,omitempty"`
	Worst *Worst `json:"worst,omitempty"`
	// OtherSuggestions is how many suggestions of other jobs stand on the lines of the
	// pull request; they are no finding either.
	OtherSuggestions int `json:"-"`
	// Links are set by who knows where the report is read; they are no finding.
	Links Links `json:"-"`
}

// Build says what was built and what it was compared with.
type Build struct {
	Ref         string   `json:"ref"`
	Dockerfile  string   `json:"dockerfile"`
	Target      string   `json:"target"`
	Platforms   []string `json:"platforms"`
	Commit      string   `json:"commit"`
	Base        Base     `json:"base"`
	StartedAt   string   `json:"startedAt"` // RFC 3339, UTC
	WallSeconds float64  `json:"wallSeconds"`
	Status      string   `json:"status"`            // succeeded or failed
	Failure     *Failure `json:"failure,omitempty"` // of a failed build
}

// Failure is where a failed build stopped.
type Failure struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	EndLine int    `json:"endLine,omitempty"`
}

// Base is the earlier build that was compared with.
type Base struct {
	Ref    string `json:"ref"`
	Commit string `json:"commit"`
	// Why is nearest, imported-index, branch, default-branch or none.
	Why string `json:"why"`
}

// Totals are the sums of a build. Times are seconds of wall time.
type Totals struct {
	Steps             int     `json:"steps"`
	Hits              int     `json:"hits"`
	Misses            int     `json:"misses"`
	NotRun            int     `json:"notRun"`
	HitRate           float64 `json:"hitRate"` // hits / (hits + misses), 0 to 1
	SavedSeconds      float64 `json:"savedSeconds"`
	SavedIsLowerBound bool    `json:"savedIsLowerBound"`
	LostSeconds       float64 `json:"lostSeconds"`
	ImportSeconds     float64 `json:"importSeconds"`
	ExportSeconds     float64 `json:"exportSeconds"`
	ImportBytes       int64   `json:"importBytes"`
	ExportBytes       int64   `json:"exportBytes"`
	NetSavedSeconds   float64 `json:"netSavedSeconds"`
	// DownloadSeconds is what loading the layers of hits cost. What was saved, less
	// import, export and this, is the net.
	DownloadSeconds float64 `json:"downloadSeconds"`
	DownloadBytes   int64   `json:"downloadBytes"`
	// The wall time had there been no cache, had nothing missed, and had nothing
	// missed that can be avoided.
	WithoutCacheSeconds     float64 `json:"withoutCacheSeconds"`
	WithoutMissesSeconds    float64 `json:"withoutMissesSeconds"`
	WithoutAvoidableSeconds float64 `json:"withoutAvoidableSeconds"`
	// ResidueSeconds is how much longer the build took than its model says.
	ResidueSeconds float64 `json:"residueSeconds"`
	// Cost is absent unless somebody said what a minute costs.
	Cost *Cost `json:"cost,omitempty"`
}

// Step is one cacheable instruction on one platform.
type Step struct {
	ID              string   `json:"id"`
	Stage           string   `json:"stage"`
	Platform        string   `json:"platform"`
	Instruction     string   `json:"instruction"`
	File            string   `json:"file"`
	Line            int      `json:"line"`
	EndLine         int      `json:"endLine"`
	Status          string   `json:"status"` // hit, miss, not-run or failed
	Seconds         float64  `json:"seconds"`
	TransferSeconds float64  `json:"transferSeconds"`
	SavedSeconds    float64  `json:"savedSeconds"`
	Critical        bool     `json:"critical"`
	Causes          []string `json:"causes"`
	// Intervals draw the waterfall: seconds since the start of the build.
	Intervals []Interval `json:"intervals,omitempty"`
}

// Interval is one span of a step's work.
type Interval struct {
	Start    float64 `json:"start"`
	End      float64 `json:"end"`
	Transfer bool    `json:"transfer,omitempty"`
}

// Cause is one reason for misses.
type Cause struct {
	ID          string         `json:"id"`
	Kind        cause.Kind     `json:"kind"`
	File        string         `json:"file"`
	Line        int            `json:"line"`
	EndLine     int            `json:"endLine"`
	Instruction string         `json:"instruction"`
	Subject     string         `json:"subject"`
	Detail      string         `json:"detail"`
	Evidence    cause.Evidence `json:"evidence"`
	Steps       []string       `json:"steps"`
	LostSeconds float64        `json:"lostSeconds"`
	// StillLost is how many of the steps have other causes too, so that fixing this
	// one alone does not bring them back.
	StillLost int `json:"stillLost,omitempty"`
}

// Cache is one cache import or export.
type Cache struct {
	Direction string  `json:"direction"` // import or export
	Type      string  `json:"type"`
	Ref       string  `json:"ref"`
	Seconds   float64 `json:"seconds"`
	Bytes     int64   `json:"bytes"`
	Error     string  `json:"error"`
	Verdict   string  `json:"verdict"`
	// Chosen says that "cache: auto" chose it.
	Chosen bool `json:"chosen,omitempty"`
	// Start is in seconds since the start of the build.
	Start float64 `json:"start,omitempty"`
}

// Phase is work of the build that is no step's own.
type Phase struct {
	// Kind is load, import, context, pull, download, export, push or cache-export.
	Kind string `json:"kind"`
	Name string `json:"name"`
	Line int    `json:"line,omitempty"` // of the instruction it is for
	// Start and End are in seconds since the start of the build.
	Start    float64 `json:"start"`
	End      float64 `json:"end"`
	Bytes    int64   `json:"bytes,omitempty"`
	Critical bool    `json:"critical"`
}

// Suggestion is one edit that would have kept the cache.
type Suggestion struct {
	Rule      string    `json:"rule"`
	Title     string    `json:"title"`
	File      string    `json:"file"`
	Line      int       `json:"line"`
	EndLine   int       `json:"endLine"`
	Patch     string    `json:"patch"`
	Predicted Predicted `json:"predicted"`
	// Assumes are what the prediction takes for granted.
	Assumes  []string      `json:"assumes,omitempty"`
	Verified *Verification `json:"verified,omitempty"`
	// Refuted says that it was to save time, and that a build has shown that it saves
	// none. It is not made.
	Refuted bool `json:"refuted,omitempty"`
	// Placed says where the suggestion stands on the pull request already; it is no
	// finding.
	Placed Placement `json:"-"`
}

// Placement is where a suggestion stands on the pull request.
type Placement string

// Where a suggestion can stand. Empty is nowhere but in the comment.
const (
	OnLines   Placement = "lines"     // a review suggestion on the lines of the diff
	Dismissed Placement = "dismissed" // somebody does not want it
)

// Check is a finding of BuildKit's own checks.
type Check struct {
	Rule        string `json:"rule"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	File        string `json:"file,omitempty"`
	Line        int    `json:"line,omitempty"`
	EndLine     int    `json:"endLine,omitempty"`
	Message     string `json:"message"`
}

// Predicted is what the edit would have changed over the builds replayed.
type Predicted struct {
	Commits              int     `json:"commits"`
	MissesBefore         int     `json:"missesBefore"`
	MissesAfter          int     `json:"missesAfter"`
	SecondsSavedPerBuild float64 `json:"secondsSavedPerBuild"` // the mean
	// CommitsSaved is how many of the builds it would have made faster.
	CommitsSaved int `json:"commitsSaved"`
	// Estimated says that some of the seconds were never measured.
	Estimated bool `json:"estimated,omitempty"`
}

// BestSet is some of the suggestions, applied together.
type BestSet struct {
	Suggestions []int         `json:"suggestions"` // their indexes
	Patch       string        `json:"patch"`
	Predicted   Predicted     `json:"predicted"`
	Verified    *Verification `json:"verified,omitempty"`
}

// Silence is a place where a rule made no suggestion, and why.
type Silence struct {
	Rule string `json:"rule"`
	Line int    `json:"line,omitempty"` // of the Dockerfile
	Why  string `json:"why"`
}

// Verification is what a build of the patched tree measured.
type Verification struct {
	SecondsBefore float64 `json:"secondsBefore"`
	SecondsAfter  float64 `json:"secondsAfter"`
	SameFiles     bool    `json:"sameFiles"`
	// NoGain says that it was to make this build faster, and did not.
	NoGain bool `json:"noGain,omitempty"`
	// Differences of the images, as the rule declares them: the first 20.
	Differences     []string `json:"differences,omitempty"`
	DifferenceCount int      `json:"differenceCount,omitempty"`
}

// Gate is one verdict of the policy.
type Gate struct {
	Gate   string `json:"gate"`
	Status string `json:"status"` // pass or fail
	Detail string `json:"detail"`
}
