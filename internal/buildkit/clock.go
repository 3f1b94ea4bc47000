package buildkit

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// timeline puts the times of the status stream, which are the builder's, on the
// clock of this machine. Whatever the builder's clock says, what comes out lies
// between the build's start and its end.
type timeline struct {
	start time.Time
	wall  float64 // of the build
	shift float64 // what is added to the builder's times
	// jumped: the builder's times contradict each other.
	jumped bool
}

// noticed is what a clock may be off, in seconds, before anything is said.
const noticed = 1.0

// timeline finds how far the builder's clock is from ours. Nothing happens after
// it was seen, and what belongs to this build alone begins no earlier than the build.
func (o *observer) timeline(start, end time.Time) *timeline {
	t := &timeline{start: start, wall: seconds(end.Sub(start))}
	if o.delay == math.MaxInt64 {
		return t // it told of no time
	}
	early := 0.0
	if !o.first.IsZero() {
		early = start.Sub(o.first).Seconds()
	}
	t.shift = min(max(0, early), o.delay.Seconds())
	t.jumped = !o.first.IsZero() && early-t.shift > noticed
	return t
}

// isOwn says that a vertex is never shared with a build that began earlier.
func isOwn(name string) bool {
	return strings.HasPrefix(name, "[internal] load ") || strings.HasPrefix(name, exportPrefix)
}

// at is a moment in seconds since the build's start.
func (t *timeline) at(x time.Time) float64 {
	s := x.Sub(t.start).Seconds() + t.shift
	return microseconds(min(max(0, s), t.wall))
}

// span is a start and an end. What has no end went on until the build's.
func (t *timeline) span(start, end time.Time) (from, to float64) {
	from, to = t.at(start), t.wall
	if end.IsZero() {
		return from, to
	}
	if end.Before(start) {
		t.jumped = true
	}
	return from, max(from, t.at(end))
}

// warnings say once what was wrong with the builder's clock.
func (t *timeline) warnings() []string {
	var out []string
	if math.Abs(t.shift) > noticed {
		way := "behind"
		if t.shift < 0 {
			way = "ahead of"
		}
		out = append(out, fmt.Sprintf("the builder's clock is %.0f s %s this machine's: the times of the steps were moved by as much", math.Abs(t.shift), way))
	}
	if t.jumped {
		out = append(out, "the builder's clock was set while it built: some times are not right, and were kept within the build's")
	}
	return out
}

// seconds rounds to microseconds, which keeps the record short. A clock that
// jumped back gives no negative time.
func seconds(d time.Duration) float64 {
	return max(0, float64(d.Microseconds())/1e6)
}

// microseconds takes the noise of addition off a time in seconds.
func microseconds(s float64) float64 { return math.Round(s*1e6) / 1e6 }
