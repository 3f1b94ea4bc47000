package timing

import (
	"cmp"
	"math"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// maxSeconds bounds every time that is counted with: GitHub ends a job after
// five days at the latest, and a number beyond this is none that was measured.
const maxSeconds = 30 * 24 * 3600.0

// span is some time, in seconds since the start of the build.
type span struct{ start, end float64 }

func (s span) seconds() float64 { return s.end - s.start }

// clock takes times out of a record and bounds those that cannot be.
type clock struct {
	wall    float64
	bounded bool // some time was out of range
}

// newClock takes the wall time from the record, or from its last event if the
// record has none.
func newClock(r *record.Record) *clock {
	c := &clock{wall: r.Seconds}
	if !(c.wall > 0) || c.wall > maxSeconds {
		c.wall = 0
		for i := range r.Vertices {
			for _, iv := range r.Vertices[i].Intervals {
				if iv.End > c.wall && iv.End <= maxSeconds {
					c.wall = iv.End
				}
			}
		}
		if r.Seconds != 0 || c.wall > 0 {
			c.bounded = true
		}
	}
	return c
}

// span bounds a span to the build. A quarter of a second of overhang is what two
// clocks differ in, and no fault.
func (c *clock) span(start, end float64) span {
	const overhang = 0.25
	s := span{c.at(start), c.at(end)}
	if math.IsNaN(start) || math.IsNaN(end) || end < start || start < -overhang || end > c.wall+overhang {
		c.bounded = true
	}
	s.end = max(s.start, s.end)
	return s
}

func (c *clock) at(t float64) float64 {
	if math.IsNaN(t) {
		return 0
	}
	return min(max(t, 0), c.wall)
}

// length bounds a duration that may stem from another build.
func (c *clock) length(seconds float64) float64 {
	if seconds >= 0 && seconds <= maxSeconds {
		return seconds
	}
	c.bounded = true
	return 0
}

func (c *clock) warnings() []string {
	if !c.bounded {
		return nil
	}
	return []string{"some times were out of range and are counted as far as the build goes; a clock may have jumped"}
}

// union is the time that is covered by any of the spans, in seconds. It sorts them.
func union(list []span) float64 {
	slices.SortFunc(list, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	sum, end := 0.0, math.Inf(-1)
	for _, s := range list {
		if s.end > end {
			sum += s.end - max(s.start, end)
			end = s.end
		}
	}
	return sum
}

// hull is from the first start to the last end.
func hull(list []span) span {
	if len(list) == 0 {
		return span{}
	}
	h := list[0]
	for _, s := range list[1:] {
		h.start, h.end = min(h.start, s.start), max(h.end, s.end)
	}
	return h
}

// overlap is how long two spans run beside each other, in seconds.
func overlap(a, b span) float64 { return max(0, min(a.end, b.end)-max(a.start, b.start)) }
