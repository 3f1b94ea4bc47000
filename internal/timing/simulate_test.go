package timing

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// chance makes a graph of tasks and a machine.
func chance(rng *rand.Rand) ([]task, machine) {
	tasks := make([]task, 1+rng.IntN(25))
	for i := range tasks {
		t := &tasks[i]
		for j := range i {
			if rng.IntN(4) == 0 {
				t.deps = append(t.deps, j)
			}
		}
		if rng.IntN(3) > 0 {
			t.work = rng.Float64() * 10
		}
		if rng.IntN(2) == 0 {
			t.lag = rng.Float64()
		}
		if rng.IntN(2) == 0 {
			t.cores = rng.Float64() * 2
		}
		t.slot = rng.IntN(4) > 0
	}
	m := machine{}
	if rng.IntN(3) > 0 {
		m.cores = float64(2 + rng.IntN(3))
	}
	if rng.IntN(2) == 0 {
		m.slots = 1 + rng.IntN(4)
	}
	return tasks, m
}

// Whatever the graph and the machine: no task starts before its inputs have
// ended, nothing is faster than the longest path or slower than one after the
// other, and no more run at once than there are slots.
func TestSimulationIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		tasks, m := chance(rng)
		s := simulate(tasks, m)
		critical, sum := simulate(tasks, machine{}).wall, 0.0
		for _, x := range tasks {
			sum += x.lag + x.work
		}
		const noise = 1e-6
		if s.wall < critical-noise || s.wall > sum+noise || math.IsNaN(s.wall) {
			t.Fatalf("%v s, with a longest path of %v and a sum of %v: %+v on %+v", s.wall, critical, sum, tasks, m)
		}
		for i, x := range tasks {
			for _, d := range x.deps {
				if s.start[i] < s.end[d]+x.lag-noise {
					t.Fatalf("task %d starts at %v, before its input %d has ended at %v: %+v on %+v", i, s.start[i], d, s.end[d], tasks, m)
				}
			}
			if s.end[i]-s.start[i] < x.work-noise {
				t.Fatalf("task %d takes %v s, less than its work of %v", i, s.end[i]-s.start[i], x.work)
			}
			running := 0
			for j, y := range tasks {
				if y.slot && y.work > 0 && s.start[j] <= s.start[i] && s.end[j] > s.start[i]+noise {
					running++
				}
			}
			if m.slots > 0 && running > m.slots {
				t.Fatalf("%d tasks run at %v s in %d slots", running, s.start[i], m.slots)
			}
		}
	}
}

// The order in which the tasks are written down does not matter.
func TestSimulationHasNoOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2000 {
		tasks, m := chance(rng)
		to := rng.Perm(len(tasks))
		mixed := make([]task, len(tasks))
		for i, x := range tasks {
			x.deps = slices.Clone(x.deps)
			for n, d := range x.deps {
				x.deps[n] = to[d]
			}
			rng.Shuffle(len(x.deps), func(a, b int) { x.deps[a], x.deps[b] = x.deps[b], x.deps[a] })
			mixed[to[i]] = x
		}
		a, b := simulate(tasks, m), simulate(mixed, m)
		for i := range tasks {
			if math.Abs(a.end[i]-b.end[to[i]]) > 1e-6 {
				t.Fatalf("task %d ends at %v and, in another order, at %v: %+v on %+v", i, a.end[i], b.end[to[i]], tasks, m)
			}
		}
	}
}

func TestSimulationSharesProcessors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		tasks []task
		on    machine
		ends  []float64
	}{
		{"alone", []task{{work: 4, cores: 2}}, machine{cores: 2}, []float64{4}},
		{"two that fit", []task{{work: 4, cores: 1}, {work: 2, cores: 1}}, machine{cores: 2}, []float64{4, 2}},
		{"four on two", []task{{work: 1, cores: 1}, {work: 1, cores: 1}, {work: 1, cores: 1}, {work: 1, cores: 1}}, machine{cores: 2}, []float64{2, 2, 2, 2}},
		{"who waits is not slowed", []task{{work: 3}, {work: 1, cores: 1}, {work: 1, cores: 1}}, machine{cores: 1}, []float64{3, 2, 2}},
		{"who wants little gets it", []task{{work: 4, cores: 0.25}, {work: 3, cores: 1}}, machine{cores: 1}, []float64{4, 4}},
		{"the one that goes on speeds up", []task{{work: 1, cores: 1}, {work: 2, cores: 1}}, machine{cores: 1}, []float64{2, 3}},
		{"one slot", []task{{work: 2, slot: true}, {work: 3, slot: true}}, machine{slots: 1}, []float64{5, 3}},
		{"the longer way goes first", []task{{work: 1, slot: true}, {work: 1, slot: true}, {deps: []int{1}, work: 5}}, machine{slots: 1}, []float64{2, 1, 6}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := simulate(tc.tasks, tc.on)
			for i, want := range tc.ends {
				if math.Abs(s.end[i]-want) > 1e-6 {
					t.Errorf("task %d ends at %v, want %v", i, s.end[i], want)
				}
			}
		})
	}
}
