package report

import (
	"math"
	"strconv"

	"github.com/layercause/layercause/internal/timing"
)

// duration writes seconds for people.
func duration(seconds float64) string { return timing.Duration(seconds) }

// noTime says that a span rounds to "0 s".
func noTime(seconds float64) bool { return math.Abs(seconds) < 0.05 }

// size writes bytes for people, in decimal units: "512 B", "3.4 MB".
func size(bytes int64) string {
	const units = "kMGTPE"
	if bytes < 1000 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	v, u := float64(bytes)/1000, 0
	for v >= 999.5 && u < len(units)-1 {
		v, u = v/1000, u+1
	}
	decimals := 0
	if v < 9.95 {
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + " " + units[u:u+1] + "B"
}

// percent writes a rate of 0 to 1. Only all is 100 %, and only nothing is 0 %.
func percent(rate float64) string {
	p := math.Round(rate * 100)
	switch {
	case p >= 100 && rate < 1:
		p = 99
	case p <= 0 && rate > 0:
		p = 1
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}
