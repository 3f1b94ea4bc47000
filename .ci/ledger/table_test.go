package main

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMedianAndPercentile(t *testing.T) {
	for _, c := range []struct {
		list           []float64
		median, ninety float64
	}{
		{[]float64{3}, 3, 3},
		{[]float64{4, 1}, 2.5, 4},
		{[]float64{9, 1, 5}, 5, 9},
		{[]float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5.5, 9},
		{[]float64{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 6, 10},
	} {
		if got := median(c.list); got != c.median {
			t.Errorf("the median of %v is %v, want %v", c.list, got, c.median)
		}
		if got := percentile(c.list, 90); got != c.ninety {
			t.Errorf("the 90th percentile of %v is %v, want %v", c.list, got, c.ninety)
		}
	}
	if !math.IsNaN(median(nil)) || !math.IsNaN(percentile(nil, 90)) {
		t.Error("nothing has a median or a percentile")
	}
}

// points have errors of so many percent, alternately of either kind and in either
// direction.
func pointsWith(percents ...float64) []point {
	var out []point
	for i, p := range percents {
		without, sign := noCacheAtAll, 1.0
		if i%2 == 1 {
			without, sign = "context-files a.txt", -1
		}
		out = append(out, point{Shape: "chain", Place: "here", Without: without, Head: 4, Measured: 2, Predicted: 2 * (1 + sign*p/100)})
	}
	return out
}

func TestTable(t *testing.T) {
	points := pointsWith(2, 4, 10, 1)
	var b strings.Builder
	writeHead(&b)
	for _, p := range points[:2] {
		p.writeRow(&b)
	}
	writeSummary(&b, points)
	want := `| case | cache | build | without | predicted | measured | error |
|---|---|--:|---|--:|--:|--:|
| chain | here | 4.0 s | any cache | 2.04 s | 2.00 s | 2.0 % |
| chain | here | 4.0 s | ` + "`context-files a.txt`" + ` | 1.92 s | 2.00 s | 4.0 % |
| predictions | | error: median | 90th percentile | largest |
|---|--:|--:|--:|--:|
| without any cache | 2 | 6.0 % | 10.0 % | 10.0 % |
| without one cause | 2 | 2.5 % | 4.0 % | 4.0 % |
| **all** | 4 | 3.0 % | 10.0 % | 10.0 % |
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestGood(t *testing.T) {
	for _, c := range []struct {
		percents []float64
		want     bool
	}{
		{[]float64{1, 4, 14}, true},
		{[]float64{1, 6, 7}, false},                         // the median
		{[]float64{1, 1, 16}, false},                        // the 90th percentile
		{[]float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 90}, true}, // one in eleven may be far off
		{nil, false},
	} {
		if got := good(pointsWith(c.percents...)); got != c.want {
			t.Errorf("errors of %v %%: good is %v", c.percents, got)
		}
	}
}
