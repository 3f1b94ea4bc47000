package main

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// What the errors may be at most.
const (
	mostMedian = 0.05
	mostTail   = 0.15 // the 90th percentile
)

// off is how far the prediction is from what was measured, as a share of that.
func (p point) off() float64 {
	return math.Abs(p.Predicted-p.Measured) / p.Measured
}

// median of an even number is between the two in the middle.
func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	n := len(list)
	if n == 0 {
		return math.NaN()
	}
	return (list[(n-1)/2] + list[n/2]) / 2
}

// percentile is the smallest of the values that so many percent of them are not
// above (the nearest rank).
func percentile(list []float64, percent int) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return math.NaN()
	}
	rank := (percent*len(list) + 99) / 100
	return list[max(rank, 1)-1]
}

// offs are the errors of the points that are wanted.
func offs(points []point, want func(point) bool) []float64 {
	var out []float64
	for _, p := range points {
		if want(p) {
			out = append(out, p.off())
		}
	}
	return out
}

func ofCache(p point) bool { return p.Without == noCacheAtAll }
func ofCause(p point) bool { return !ofCache(p) }
func all(point) bool       { return true }

// writeHead and writeRow print the table line by line, in Markdown, as the cases
// end.
func writeHead(w io.Writer) {
	fmt.Fprintln(w, "| case | cache | build | without | predicted | measured | error |")
	fmt.Fprintln(w, "|---|---|--:|---|--:|--:|--:|")
}

func (p point) writeRow(w io.Writer) {
	without := p.Without
	if ofCache(p) {
		without = "any cache"
	} else {
		without = "`" + without + "`"
	}
	fmt.Fprintf(w, "| %s | %s | %.1f s | %s | %.2f s | %.2f s | %.1f %% |\n", p.Shape, p.Place, p.Head, without, p.Predicted, p.Measured, 100*p.off())
}

// writeSummary prints what the errors come to.
func writeSummary(w io.Writer, points []point) {
	fmt.Fprintln(w, "| predictions | | error: median | 90th percentile | largest |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|")
	for _, row := range []struct {
		label string
		want  func(point) bool
	}{{"without any cache", ofCache}, {"without one cause", ofCause}, {"**all**", all}} {
		list := offs(points, row.want)
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(w, "| %s | %d | %.1f %% | %.1f %% | %.1f %% |\n", row.label, len(list),
			100*median(list), 100*percentile(list, 90), 100*slices.Max(list))
	}
}

// good says that the errors are at most what they may be.
func good(points []point) bool {
	list := offs(points, all)
	return len(list) > 0 && median(list) <= mostMedian && percentile(list, 90) <= mostTail
}
