package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

// The reasons why an earlier build was taken for the comparison.
const (
	WhyNearest       = "nearest"
	WhyImportedIndex = "imported-index"
	WhyBranch        = "branch"
	WhyDefaultBranch = "default-branch"
	WhyNone          = "none"
)

// Comparison names the earlier build that the head was compared with.
type Comparison struct {
	Ref    string // refs/heads/… or refs/pull/…
	Commit string // the commit that was built
	Why    string // WhyNearest, WhyImportedIndex, WhyBranch or WhyDefaultBranch
}

// New puts a report together. Base is nil when there was nothing to compare
// with. Steps come in the order of the file, causes by what they lost and then
// by line, suggestions in the order given, which is the rank that package advice
// gave them; warnings follow those of the record. Gates are empty: who runs a
// policy appends its verdicts.
//
// A step that failed did run, so it counts as a miss in the totals: hits, misses
// and steps not run always add up to all steps.
func New(head *record.Record, base *Comparison, causes []cause.Cause, ledger timing.Ledger, advised advice.Advice, warnings []string) Report {
	r := Report{
		Schema:      Schema,
		Build:       newBuild(head, base),
		Steps:       newSteps(head, ledger),
		Causes:      newCauses(causes, ledger),
		Caches:      newCaches(head, ledger),
		Phases:      newPhases(head, ledger),
		Suggestions: newSuggestions(advised.Suggestions),
		BestSet:     newBestSet(advised.Best),
		Silences:    newSilences(advised.Silences),
		Checks:      newChecks(head),
		Gates:       []Gate{},
		Warnings:    append(append(append([]string{}, head.Warnings...), ledger.Warnings...), warnings...),
	}
	if ledger.Wall > 0 {
		r.Build.WallSeconds = tidy(ledger.Wall) // a clock may have jumped
	}
	r.Totals = newTotals(r.Steps, ledger)
	linkCauses(r.Steps, r.Causes)
	return r
}

func newBuild(head *record.Record, base *Comparison) Build {
	b := Build{
		Ref:         head.Commit.Ref,
		Dockerfile:  dockerfilePath(head),
		Target:      head.Invocation.Target,
		Platforms:   append([]string{}, head.Invocation.Platforms...),
		Commit:      head.Commit.SHA,
		Base:        Base{Why: WhyNone},
		WallSeconds: tidy(head.Seconds),
		Status:      string(head.Status),
	}
	if !head.StartedAt.IsZero() {
		b.StartedAt = head.StartedAt.UTC().Format(time.RFC3339)
	}
	if b.Ref == "" {
		b.Ref = head.Commit.Branch
	}
	if len(b.Platforms) == 0 {
		for _, s := range head.Steps {
			if s.Platform != "" && !slices.Contains(b.Platforms, s.Platform) {
				b.Platforms = append(b.Platforms, s.Platform)
			}
		}
	}
	slices.Sort(b.Platforms)
	if base != nil {
		b.Base = Base(*base)
	}
	if f := head.Failure; f != nil {
		b.Failure = &Failure{Message: f.Message, File: f.File, Line: f.Line, EndLine: f.EndLine}
	}
	return b
}

func dockerfilePath(head *record.Record) string {
	if head.Dockerfile.Path != "" {
		return head.Dockerfile.Path
	}
	return head.Invocation.Dockerfile
}

func newSteps(head *record.Record, ledger timing.Ledger) []Step {
	steps := make([]Step, 0, len(head.Steps))
	for i := range head.Steps {
		s := &head.Steps[i]
		share := ledger.Steps[s.ID]
		step := Step{
			ID:              s.ID,
			Stage:           s.Stage,
			Platform:        s.Platform,
			File:            dockerfilePath(head),
			Status:          string(s.Status),
			Seconds:         tidy(s.Seconds),
			TransferSeconds: tidy(s.TransferSeconds),
			SavedSeconds:    tidy(share.Saved),
			Critical:        share.Critical || s.Status == record.StepFailed, // which ended the build
			Causes:          []string{},
			Intervals:       stepIntervals(head, s),
		}
		if n := s.Instruction; n >= 0 && n < len(head.Dockerfile.Instructions) {
			in := &head.Dockerfile.Instructions[n]
			step.Instruction, step.Line, step.EndLine = in.Text, in.Line, in.EndLine
		}
		steps = append(steps, step)
	}
	slices.SortStableFunc(steps, func(a, b Step) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return strings.Compare(a.Platform, b.Platform)
	})
	return steps
}

// stepIntervals joins the work of a step's vertices, so that a step of several
// vertices is drawn as the spans in which any of them worked.
func stepIntervals(head *record.Record, s *record.Step) []Interval {
	var spans []Interval
	for _, n := range s.Vertices {
		if n < 0 || n >= len(head.Vertices) {
			continue
		}
		for _, iv := range head.Vertices[n].Intervals {
			if iv.End >= iv.Start {
				spans = append(spans, Interval{tidy(iv.Start), tidy(iv.End), iv.Transfer})
			}
		}
	}
	slices.SortFunc(spans, func(a, b Interval) int {
		switch {
		case a.Transfer != b.Transfer && a.Transfer:
			return 1
		case a.Transfer != b.Transfer:
			return -1
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	var joined []Interval
	for _, iv := range spans {
		if last := len(joined) - 1; last >= 0 && joined[last].Transfer == iv.Transfer && iv.Start <= joined[last].End {
			joined[last].End = max(joined[last].End, iv.End)
			continue
		}
		joined = append(joined, iv)
	}
	return joined
}

func newCauses(causes []cause.Cause, ledger timing.Ledger) []Cause {
	out := make([]Cause, 0, len(causes))
	for _, c := range causes {
		out = append(out, Cause{
			ID: c.ID, Kind: c.Kind, File: c.File, Line: c.Line, EndLine: c.EndLine,
			Instruction: c.Instruction, Subject: c.Subject, Detail: c.Detail,
			Evidence:    c.Evidence,
			Steps:       append([]string{}, c.Steps...),
			LostSeconds: tidy(ledger.CauseLost[c.ID]),
		})
	}
	// Where each is lost for another's sake as well, what somebody asked for comes
	// first: without that flag there is more to be had than without an edit.
	asked := func(c Cause) int {
		if c.Kind == cause.NoCache {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b Cause) int {
		return cmp.Or(
			cmp.Compare(b.LostSeconds, a.LostSeconds), asked(a)-asked(b), len(b.Steps)-len(a.Steps), a.Line-b.Line,
		)
	})
	return out
}

// linkCauses writes into each step the causes that name it, the costliest first.
func linkCauses(steps []Step, causes []Cause) {
	byID := make(map[string]*Step, len(steps))
	for i := range steps {
		byID[steps[i].ID] = &steps[i]
	}
	for _, c := range causes {
		for _, id := range c.Steps {
			s := byID[id]
			if s == nil {
				continue
			}
			if n := len(s.Causes); n == 0 || s.Causes[n-1] != c.ID {
				s.Causes = append(s.Causes, c.ID)
			}
		}
	}
	for i := range causes {
		for _, id := range causes[i].Steps {
			if s := byID[id]; s != nil && len(s.Causes) > 1 {
				causes[i].StillLost++
			}
		}
	}
}

func newTotals(steps []Step, l timing.Ledger) Totals {
	t := Totals{
		Steps:             len(steps),
		SavedSeconds:      tidy(l.Saved),
		SavedIsLowerBound: l.SavedIsBound,
		LostSeconds:       tidy(l.Lost),
		ImportSeconds:     tidy(l.ImportSeconds),
		ExportSeconds:     tidy(l.ExportSeconds),
		ImportBytes:       l.ImportBytes,
		ExportBytes:       l.ExportBytes,
		NetSavedSeconds:   tidy(l.NetSaved),

		DownloadSeconds:         tidy(l.DownloadSeconds),
		DownloadBytes:           l.DownloadBytes,
		WithoutCacheSeconds:     tidy(l.WithoutCache),
		WithoutMissesSeconds:    tidy(l.WithoutMisses),
		WithoutAvoidableSeconds: tidy(l.WithoutAvoidable),
		ResidueSeconds:          tidy(l.Residue),
	}
	for _, s := range steps {
		switch record.StepStatus(s.Status) {
		case record.Hit:
			t.Hits++
		case record.Miss, record.StepFailed:
			t.Misses++
		default:
			t.NotRun++
		}
	}
	t.HitRate = hitRate(t.Hits, t.Misses)
	return t
}

// hitRate has four digits, which are enough for any gate and keep the JSON
// readable.
func hitRate(hits, misses int) float64 {
	if hits+misses == 0 {
		return 0
	}
	return math.Round(float64(hits)/float64(hits+misses)*1e4) / 1e4
}

func newCaches(head *record.Record, l timing.Ledger) []Cache {
	out := make([]Cache, 0, len(head.Caches))
	for i, c := range head.Caches {
		a := Cache{
			Direction: string(c.Direction), Type: c.Type, Ref: c.Ref,
			Seconds: tidy(c.Seconds), Bytes: c.Bytes, Error: c.Error, Start: tidy(c.Start),
			Chosen: c.Chosen,
		}
		if i < len(l.Verdicts) {
			a.Verdict = l.Verdicts[i]
		}
		out = append(out, a)
	}
	return out
}

func newPhases(head *record.Record, l timing.Ledger) []Phase {
	out := make([]Phase, 0, len(l.Phases))
	for _, p := range l.Phases {
		x := Phase{
			Kind: string(p.Kind), Name: p.Name, Start: tidy(p.Start), End: tidy(p.End), Bytes: p.Bytes, Critical: p.Critical,
		}
		if n := p.Instruction; n >= 0 && n < len(head.Dockerfile.Instructions) {
			x.Line = head.Dockerfile.Instructions[n].Line
		}
		out = append(out, x)
	}
	return out
}

// tidy rounds seconds to milliseconds, and makes what JSON cannot hold zero.
func tidy(seconds float64) float64 {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return 0
	}
	return math.Round(seconds*1000) / 1000
}

// count writes "1 step", "3 steps".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}

func itoa(n int) string { return strconv.Itoa(n) }
