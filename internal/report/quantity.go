package report

import (
	"fmt"
	"math"
	"strconv"
)

// duration writes seconds for people: "0.4 s", "41 s", "1m12s", "1h02m". Under
// ten seconds one decimal tells something, above it only distracts. What rounds
// to nothing is "0 s".
func duration(seconds float64) string {
	if seconds < 0 {
		return "-" + duration(-seconds)
	}
	switch {
	case seconds < 0.05:
		return "0 s"
	case seconds < 9.95:
		return strconv.FormatFloat(seconds, 'f', 1, 64) + " s"
	case seconds < 59.5:
		return strconv.FormatFloat(seconds, 'f', 0, 64) + " s"
	case seconds < 3599.5:
		s := int64(math.Round(seconds))
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case seconds < 1e12:
		m := int64(math.Round(seconds / 60))
		return fmt.Sprintf("%dh%02dm", m/60, m%60)
	}
	return "forever"
}

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
