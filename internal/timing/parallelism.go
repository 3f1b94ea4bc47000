package timing

import (
	"cmp"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// slotted says that an operation counts towards BuildKit's max-parallelism
// (solver/llbsolver/ops: Acquire of ExecOp, FileOp and SourceOp).
func (m *model) slotted(v int) bool {
	switch m.r.Vertices[v].Kind {
	case record.OpExec, record.OpFile, record.OpSource:
		return true
	}
	return false
}

// Bounds for telling a wait for a slot from other delays, in seconds: how long
// the wait was at least, and how soon after the end of another operation it ended.
const (
	longWait = 0.1
	soon     = 0.05
)

// parallelism finds the builder's bound on parallel operations, which no builder
// tells: an operation whose inputs were there waited while as many ran as ever
// did, and started when one of them ended. Without such a wait there is no bound
// that mattered, and the answer is 0. The waits are taken off the lags.
func (m *model) parallelism() int {
	var ran []int
	for v, did := range m.did {
		if did && m.slotted(v) && m.ran[v].seconds() > 0 {
			ran = append(ran, v)
		}
	}
	if len(ran) < 2 {
		return 0
	}
	at, running, most := m.concurrency(ran)
	ends := make([]float64, 0, len(ran))
	for _, v := range ran {
		ends = append(ends, m.ran[v].end)
	}
	slices.Sort(ends)
	bound := 0
	for _, v := range ran {
		if m.lag[v] < longWait {
			continue
		}
		start, from := m.ran[v].start, m.ran[v].start-m.lag[v]
		n, _ := slices.BinarySearch(ends, start+touch)
		if n == 0 || ends[n-1] < start-soon || ends[n-1] <= from {
			continue // no end freed a slot for it
		}
		freed, full := ends[n-1], true
		for n, _ := slices.BinarySearch(at, from+touch); n < len(at)-1 && at[n] < freed-touch && full; n++ {
			full = running[n] == most || at[n+1]-at[n] < soon
		}
		if full {
			m.lag[v] = max(0, start-freed)
			bound = most
		}
	}
	return bound
}

// concurrency is how many of some vertices ran from each change on, and the most.
func (m *model) concurrency(ran []int) (at []float64, running []int, most int) {
	type change struct {
		at float64
		by int
	}
	var changes []change
	for _, v := range ran {
		changes = append(changes, change{m.ran[v].start, 1}, change{m.ran[v].end, -1})
	}
	// What ends when something starts ended before.
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), a.by-b.by) })
	n := 0
	for _, c := range changes {
		n += c.by
		at, running = append(at, c.at), append(running, n)
		most = max(most, n)
	}
	return at, running, most
}
