package pipeline

import (
	"slices"
	"unicode/utf8"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// Bounds on what the record keeps of the report.
const (
	findingCauses = 100
	findingText   = 4 << 10 // bytes
)

// findings is what the record keeps of its report, so that both say the same.
func findings(r report.Report) *record.Findings {
	t := r.Totals
	f := &record.Findings{
		Hits: t.Hits, Misses: t.Misses, NotRun: t.NotRun,
		Saved: max(0, t.SavedSeconds), Lost: max(0, t.LostSeconds),
		Import: max(0, t.ImportSeconds), Export: max(0, t.ExportSeconds), Download: max(0, t.DownloadSeconds),
		Net: t.NetSavedSeconds, SavedIsBound: t.SavedIsLowerBound,
	}
	for _, c := range r.Causes[:min(len(r.Causes), findingCauses)] {
		x := record.Finding{
			Kind: string(c.Kind), File: clip(c.File), Line: max(0, c.Line), Instruction: clip(c.Instruction), Subject: clip(c.Subject),
			Steps: len(c.Steps), Lost: max(0, c.LostSeconds),
		}
		for _, file := range c.Evidence.Files[:min(len(c.Evidence.Files), record.FindingFiles)] {
			x.Files = append(x.Files, clip(file.Path))
		}
		f.Causes = append(f.Causes, x)
	}
	return f
}

// withdrawn are the suggestions that did not stand when they were built.
func withdrawn(made, stand []advice.Suggestion) (out []record.Withdrawn) {
	for i := range made {
		g := &made[i]
		same := func(x advice.Suggestion) bool {
			return x.Rule == g.Rule && x.File == g.File && x.Line == g.Line && !x.Refuted()
		}
		if !slices.ContainsFunc(stand, same) && len(out) < mostWithdrawn {
			out = append(out, record.Withdrawn{Rule: g.Rule, File: clip(g.File), Line: g.Line})
		}
	}
	return out
}

// mostWithdrawn is more than are verified.
const mostWithdrawn = 20

// clip bounds a text of the repository.
func clip(s string) string {
	if len(s) <= findingText {
		return s
	}
	n := findingText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
