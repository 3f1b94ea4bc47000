package report

import (
	"slices"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// Bounds on what a report tells of earlier builds.
const (
	trendBuilds = 20
	worstRows   = 5
)

// Past is one build of several, as its record tells.
type Past struct {
	StartedAt   string  `json:"startedAt"` // RFC 3339, UTC
	Commit      string  `json:"commit"`
	Branch      string  `json:"branch"`
	Status      string  `json:"status"` // succeeded or failed
	WallSeconds float64 `json:"wallSeconds"`
	// Figures is nil, and its keys are absent, for a record of an earlier version,
	// which kept no findings.
	*Figures
	// TopCause is the costliest cause of misses; absent if there was none.
	TopCause *TopCause `json:"topCause,omitempty"`
}

// Figures are what layercause made of a build.
type Figures struct {
	Hits              int     `json:"hits"`
	Misses            int     `json:"misses"`
	HitRate           float64 `json:"hitRate"`
	SavedSeconds      float64 `json:"savedSeconds"`
	SavedIsLowerBound bool    `json:"savedIsLowerBound"`
	LostSeconds       float64 `json:"lostSeconds"`
	NetSavedSeconds   float64 `json:"netSavedSeconds"`
}

// TopCause is a cause as a list of builds names it.
type TopCause struct {
	Kind        string  `json:"kind"`
	File        string  `json:"file"`
	Line        int     `json:"line"`
	Instruction string  `json:"instruction"`
	Subject     string  `json:"subject"`
	LostSeconds float64 `json:"lostSeconds"`
}

// Worst is what several builds together saved and lost, and to what.
type Worst struct {
	// Builds is how many builds are counted: those whose records have findings.
	Builds            int     `json:"builds"`
	SavedSeconds      float64 `json:"savedSeconds"`
	SavedIsLowerBound bool    `json:"savedIsLowerBound"`
	LostSeconds       float64 `json:"lostSeconds"`
	NetSavedSeconds   float64 `json:"netSavedSeconds"`
	Cost              *Cost   `json:"cost,omitempty"`
	// Files and Instructions come with the worst first.
	Files        []WorstFile        `json:"files"`
	Instructions []WorstInstruction `json:"instructions"`
}

// WorstFile is a file and what was lost whenever it changed.
type WorstFile struct {
	Path string `json:"path"`
	// LostSeconds are those of the causes in which the file took part, AloneSeconds
	// those of causes in which nothing else did.
	LostSeconds  float64 `json:"lostSeconds"`
	AloneSeconds float64 `json:"aloneSeconds"`
	Builds       int     `json:"builds"`
	MeanSeconds  float64 `json:"meanSeconds"` // of a build in which it took part
	// LostCost is in the currency of the cost beside it.
	LostCost float64 `json:"lostCost,omitempty"`
}

// WorstInstruction is an instruction and what was lost at it.
type WorstInstruction struct {
	// File and Line are where it stood in the last build that named it.
	File        string  `json:"file"`
	Line        int     `json:"line"`
	Instruction string  `json:"instruction"`
	LostSeconds float64 `json:"lostSeconds"`
	Builds      int     `json:"builds"`
	MeanSeconds float64 `json:"meanSeconds"`
	LostCost    float64 `json:"lostCost,omitempty"`
}

// SetPast adds what the last builds tell. The records are this build's and those
// before it, the newest first; of fewer than two with findings no trend is told.
func (r *Report) SetPast(records []*record.Record) {
	if len(records) > 0 {
		r.BaseBranch = newBaseBranch(records[0], records[1:])
	}
	known := slices.DeleteFunc(slices.Clone(records), func(x *record.Record) bool { return x.Findings == nil })
	if len(known) < 2 {
		return
	}
	for _, x := range slices.Backward(known[:min(len(known), trendBuilds)]) {
		r.Trend = append(r.Trend, newPast(x))
	}
	w := newWorst(known, r.price(), worstRows)
	r.Worst = &w
}

func newPast(x *record.Record) Past {
	p := Past{
		StartedAt: x.StartedAt.UTC().Format(time.RFC3339), Commit: x.Commit.SHA,
		Branch: x.Commit.Branch, Status: string(x.Status), WallSeconds: tidy(x.Seconds),
	}
	if p.Branch == "" {
		p.Branch = shortRef(x.Commit.Ref)
	}
	f := x.Findings
	if f == nil {
		return p
	}
	p.Figures = &Figures{
		Hits: f.Hits, Misses: f.Misses, HitRate: hitRate(f.Hits, f.Misses), SavedSeconds: tidy(f.Saved),
		SavedIsLowerBound: f.SavedIsBound, LostSeconds: tidy(f.Lost), NetSavedSeconds: tidy(f.Net),
	}
	if len(f.Causes) > 0 {
		c := f.Causes[0]
		p.TopCause = &TopCause{
			Kind: c.Kind, File: c.File, Line: c.Line, Instruction: c.Instruction, Subject: c.Subject, LostSeconds: tidy(c.Lost),
		}
	}
	return p
}

// newWorst sums up records and ranks what lost the most, in so many rows.
func newWorst(records []*record.Record, p timing.Price, rows int) Worst {
	sum := timing.Sum(records)
	files, instructions := timing.Worst(records)
	w := Worst{
		Builds: sum.Builds, SavedSeconds: tidy(sum.Saved), SavedIsLowerBound: sum.SavedIsBound,
		LostSeconds: tidy(sum.Lost), NetSavedSeconds: tidy(sum.Net), Cost: newCost(p, sum.Saved, sum.Lost, sum.Net),
		Files: []WorstFile{}, Instructions: []WorstInstruction{},
	}
	for _, f := range files[:min(len(files), rows)] {
		w.Files = append(w.Files, WorstFile{
			Path: f.Path, LostSeconds: tidy(f.Lost), AloneSeconds: tidy(f.Alone), Builds: f.Builds,
			MeanSeconds: tidy(f.Lost / float64(f.Builds)), LostCost: cents(p.Of(f.Lost)),
		})
	}
	for _, in := range instructions[:min(len(instructions), rows)] {
		w.Instructions = append(w.Instructions, WorstInstruction{
			File: in.File, Line: in.Line, Instruction: in.Text, LostSeconds: tidy(in.Lost), Builds: in.Builds,
			MeanSeconds: tidy(in.Lost / float64(in.Builds)), LostCost: cents(p.Of(in.Lost)),
		})
	}
	return w
}

// minute is when a build began, to the minute: 2026-11-20 09:30.
func (p *Past) minute() string {
	t, err := time.Parse(time.RFC3339, p.StartedAt)
	if err != nil {
		return "?"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// short is the short hash of the commit, or nothing.
func (p *Past) short() string {
	if !isHash(p.Commit) {
		return ""
	}
	return strings.ToLower(p.Commit[:7])
}

// cause is the costliest cause in a line: what kind, at which line, what changed.
func (p *Past) cause() sentence {
	c := p.TopCause
	if c == nil {
		return nil
	}
	s := words(kindName(cause.Kind(c.Kind)))
	if c.Line > 0 {
		s = s.say(", line " + itoa(c.Line))
	}
	if c.Subject != "" {
		s = s.say(": ").code(c.Subject, nameLimit)
	}
	return s
}
