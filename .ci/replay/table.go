package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// maxError is how much the seconds may be off in the median.
const maxError = 0.10

// writeTable prints a line a commit.
func writeTable(w io.Writer, rows []row) {
	fmt.Fprintln(w, "| commit | said to run | may hit | hit | wrong | predicted | measured | error |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range rows {
		predicted, share := "", "" // where a step runs that no earlier build measured
		if r.known {
			predicted, share = fmt.Sprintf("%.2f s", r.seconds), fmt.Sprintf("%.1f %%", r.off()*100)
		}
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %s | %.2f s | %s |\n",
			r.what, len(r.predicted.Misses), r.may, r.hit, len(r.wrong), predicted, r.wall, share)
	}
	fmt.Fprintln(w)
}

// off is how far the seconds are off, as a share of the measured ones.
func (r row) off() float64 { return math.Abs(r.seconds-r.wall) / r.wall }

// judge sums the rows up and says whether they are as they must be.
func judge(w io.Writer, rows []row, seconds bool) bool {
	wrong, may, hit, steps := 0, 0, 0, 0
	var errors []float64
	for _, r := range rows {
		if len(r.wrong) > 0 {
			fmt.Fprintf(w, "wrong at %q: %s\n", r.what, strings.Join(r.wrong, "; "))
		}
		if r.known {
			errors = append(errors, r.off())
		}
		wrong, may, hit, steps = wrong+len(r.wrong), may+r.may, hit+r.hit, steps+len(r.observed.Steps)
	}
	fmt.Fprintf(w, "%d of %d steps are as said; of %d that depend on what a stage makes, %d hit.\n", steps-wrong, steps, may, hit)
	median := 1.0
	if len(errors) > 0 {
		median = middle(errors)
		fmt.Fprintf(w, "Seconds are off by %.1f %% in the median of %d builds.\n", median*100, len(errors))
	}
	fmt.Fprintln(w)
	return wrong == 0 && (!seconds || median <= maxError)
}
