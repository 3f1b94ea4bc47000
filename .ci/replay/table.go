package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// maxError is how much the seconds may be off in the median.
const maxError = 0.10

// write prints a table and says whether it is as it must be.
func write(w io.Writer, rows []row, seconds bool) bool {
	fmt.Fprintln(w, "| commit | said to run | may hit | hit | wrong | predicted | measured | error |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|")
	wrong, may, hit, steps := 0, 0, 0, 0
	var errors []float64
	for _, r := range rows {
		off := math.Abs(r.seconds-r.wall) / r.wall
		predicted, share := fmt.Sprintf("%.2f s", r.seconds), fmt.Sprintf("%.1f %%", off*100)
		if r.known {
			errors = append(errors, off)
		} else {
			predicted, share = "", "" // a step that no earlier build measured
		}
		fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %s | %.2f s | %s |\n",
			r.what, len(r.predicted.Misses), r.may, r.hit, len(r.wrong), predicted, r.wall, share)
		wrong, may, hit, steps = wrong+len(r.wrong), may+r.may, hit+r.hit, steps+len(r.observed.Steps)
	}
	fmt.Fprintln(w)
	for _, r := range rows {
		if len(r.wrong) > 0 {
			fmt.Fprintf(w, "wrong at %q: %s\n", r.what, strings.Join(r.wrong, "; "))
		}
	}
	median := 1.0
	if len(errors) > 0 {
		median = middle(errors)
	}
	fmt.Fprintf(w, "%d of %d steps are as said; of %d that depend on what a stage makes, %d hit.\n", steps-wrong, steps, may, hit)
	fmt.Fprintf(w, "Seconds are off by %.1f %% in the median of %d builds.\n\n", median*100, len(errors))
	return wrong == 0 && (!seconds || median <= maxError)
}
