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
	slices.SortFunc(ran, func(a, b int) int { return cmp.Compare(m.ran[a].start, m.ran[b].start) })
	var most int
	running := func(at float64) (n int) {
		for _, v := range ran {
			if m.ran[v].start > at {
				break
			}
			if m.ran[v].end > at {
				n++
			}
		}
		return n
	}
	var waited []int
	for _, v := range ran {
		most = max(most, running(m.ran[v].start))
		if m.lag[v] >= longWait {
			waited = append(waited, v)
		}
	}
	bound := 0
	for _, v := range waited {
		start, from := m.ran[v].start, m.ran[v].start-m.lag[v]
		freed := -1.0
		full := true
		for _, o := range ran {
			if e := m.ran[o].end; o != v && e <= start+touch && e > freed {
				freed = e
			}
		}
		for _, o := range ran {
			if s := m.ran[o]; o != v && s.end > from+touch && s.end < start-soon {
				full = full && running(s.end+touch) == most
			}
		}
		if freed >= start-soon && freed > from && full && running(from+touch) == most {
			m.lag[v] = max(0, start-freed)
			bound = most
		}
	}
	return bound
}
