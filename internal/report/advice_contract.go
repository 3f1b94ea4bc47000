package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/layercause/layercause/internal/advice"
)

// AdviceSchema names the format of [Advice].
const AdviceSchema = "layercause.advice/v1"

// Advice is what layercause advise says of a repository. Its JSON is the output of
// --format json.
type Advice struct {
	Schema     string  `json:"schema"`
	Dockerfile string  `json:"dockerfile"`
	Context    string  `json:"context"`
	Target     string  `json:"target"`
	Commits    Commits `json:"commits"`
	// MeasuredBy is the build whose times were taken; absent if there is none.
	MeasuredBy *Measurement `json:"measuredBy,omitempty"`
	// Estimated says that seconds which were never measured count: those of the model
	// of costs.
	Estimated   bool         `json:"estimated"`
	Suggestions []Suggestion `json:"suggestions"`
	// BestSet are the suggestions that save most together; absent if that is no more
	// than one. Chosen is what --write applies; absent if that is nothing.
	BestSet *BestSet `json:"bestSet,omitempty"`
	Chosen  *Chosen  `json:"chosen,omitempty"`
	// Silences are there with --explain-rules: where each rule looked and made no
	// suggestion.
	Silences []Silence `json:"silences,omitempty"`
	// Builds are the replayed ones, the oldest first, with the files as they are.
	Builds   []Replayed `json:"builds"`
	Warnings []string   `json:"warnings"`
	Hints    []string   `json:"hints"`

	edits [][]advice.FileEdit // by suggestion, for SARIF
}

// Commits says how much of the history was replayed.
type Commits struct {
	Asked    int `json:"asked"`
	Replayed int `json:"replayed"`
	// Shallow says that the clone ends before as many as were asked for.
	Shallow bool `json:"shallow"`
	// Oldest is the first commit that was replayed.
	Oldest string `json:"oldest"`
	Since  string `json:"since"` // its time, RFC 3339, UTC
}

// Measurement is the build whose times were taken.
type Measurement struct {
	Commit    string `json:"commit"`
	StartedAt string `json:"startedAt"` // RFC 3339, UTC
}

// Chosen is what --write applies.
type Chosen struct {
	Suggestions []int  `json:"suggestions"` // their indexes
	Patch       string `json:"patch"`
}

// Replayed is what one commit's build would have executed.
type Replayed struct {
	Commit  string  `json:"commit"`
	Seconds float64 `json:"seconds"`
	Misses  []Rerun `json:"misses"`
	// Unread says that the commit's Dockerfile was not there or could not be read.
	Unread bool `json:"unread"`
}

// Rerun is a step that was executed again.
type Rerun struct {
	Line        int    `json:"line"`
	Instruction string `json:"instruction"`
	// Own says that the step itself changed, else Because is the line of the step it
	// stands on that did. ByContent says that it only reads what executed steps wrote.
	Own       bool     `json:"own"`
	Because   int      `json:"because"`
	ByContent bool     `json:"byContent"`
	Files     []string `json:"files"`
	FileCount int      `json:"fileCount"`
	Args      []string `json:"args"`
	Seconds   float64  `json:"seconds"`
	Measured  bool     `json:"measured"`
}

// Advised is what an [Advice] is made of.
type Advised struct {
	Dockerfile, Context, Target string
	Commits                     Commits
	MeasuredBy                  *Measurement
	Advice                      advice.Advice
	// Rules are the names of the rules that were asked, for --explain-rules; nil
	// leaves the silences out.
	Rules []string
	// Chosen are the indexes of what --write applies, and Patch is that change.
	Chosen          []int
	Patch           string
	Warnings, Hints []string
}

// NewAdvice puts the advice together.
func NewAdvice(in Advised) Advice {
	a := Advice{
		Schema: AdviceSchema, Dockerfile: in.Dockerfile, Context: in.Context, Target: in.Target,
		Commits: in.Commits, MeasuredBy: in.MeasuredBy,
		Suggestions: newSuggestions(in.Advice.Suggestions), BestSet: newBestSet(in.Advice.Best),
		Builds: newReplayed(in.Advice.Builds), Warnings: append([]string{}, in.Warnings...), Hints: append([]string{}, in.Hints...),
	}
	if in.Patch != "" {
		a.Chosen = &Chosen{Suggestions: append([]int{}, in.Chosen...), Patch: in.Patch}
	}
	if in.Rules != nil {
		a.Silences = allSilences(in.Rules, in.Advice)
	}
	for _, g := range in.Advice.Suggestions {
		a.edits = append(a.edits, g.Edits)
	}
	measured, guessed := a.seconds()
	a.Estimated = guessed > 0.1*(measured+guessed)
	return a
}

// allSilences are those of the rules, with a word for each rule that looked at
// nothing.
func allSilences(rules []string, a advice.Advice) []Silence {
	out := newSilences(a.Silences)
	for _, name := range rules {
		said := slices.ContainsFunc(a.Suggestions, func(g advice.Suggestion) bool { return g.Rule == name }) ||
			slices.ContainsFunc(a.Silences, func(s advice.Silence) bool { return s.Rule == name })
		if !said {
			out = append(out, Silence{Rule: name, Why: "nothing to say here"})
		}
	}
	slices.SortStableFunc(out, func(a, b Silence) int {
		switch {
		case a.Rule != b.Rule && a.Rule < b.Rule:
			return -1
		case a.Rule != b.Rule:
			return 1
		}
		return a.Line - b.Line
	})
	return out
}

func newReplayed(in []advice.Replayed) []Replayed {
	out := make([]Replayed, 0, len(in))
	for _, b := range in {
		x := Replayed{Commit: b.Commit, Seconds: tidy(b.Seconds), Misses: []Rerun{}, Unread: b.Unread}
		for _, m := range b.Reruns {
			x.Misses = append(x.Misses, Rerun{
				Line: m.Line, Instruction: m.Text, Own: m.Own, Because: m.Because, ByContent: m.ByContent, FileCount: m.FileCount,
				Files: append([]string{}, m.Files...), Args: append([]string{}, m.Args...),
				Seconds: tidy(m.Seconds), Measured: m.Measured,
			})
		}
		out = append(out, x)
	}
	return out
}

// seconds are those of all steps that were executed again, measured and by the
// model.
func (a *Advice) seconds() (measured, guessed float64) {
	for _, b := range a.Builds {
		for _, m := range b.Misses {
			if m.Measured {
				measured += m.Seconds
			} else {
				guessed += m.Seconds
			}
		}
	}
	return measured, guessed
}

// AdviceJSON writes the advice as JSON, indented.
func AdviceJSON(w io.Writer, a Advice) error {
	if err := encode(w, a); err != nil {
		return fmt.Errorf("writing the advice: %w", err)
	}
	return nil
}
