package timing

import (
	"fmt"
	"math"
	"strconv"
)

// Duration writes seconds for people: "0.4 s", "41 s", "1m12s", "1h02m". Under
// ten seconds one decimal tells something, above it only distracts. What rounds
// to nothing is "0 s".
func Duration(seconds float64) string {
	if seconds < 0 {
		return "-" + Duration(-seconds)
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
