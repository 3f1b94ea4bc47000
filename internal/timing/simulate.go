package timing

import (
	"cmp"
	"slices"
)

// task is a piece of a build's work that runs without a break.
type task struct {
	deps  []int   // what must have ended before
	lag   float64 // what passes between that and its start, in seconds
	work  float64 // seconds that it takes with all of the machine to itself
	cores float64 // processors that it keeps busy; 0 if it hardly uses any
	slot  bool    // it counts towards the builder's bound on parallel operations
}

// machine is what bounds how many tasks run at full speed. Zero is no bound.
type machine struct {
	cores float64
	slots int
}

// schedule is when the tasks ran, in seconds, and what each waited for last: a
// task, or -1.
type schedule struct {
	start, end []float64
	after      []int
	wall       float64
}

// simulate runs the tasks as BuildKit's scheduler does: whatever has its inputs
// starts, if a slot is free, in the order in which it became ready. Tasks that
// together want more processors than there are share them evenly, as the kernel
// does; one that wants less than its share gets what it wants.
//
// The order of the tasks does not matter. Of tasks that became ready at once the
// one with the longest way to the end goes first.
func simulate(tasks []task, m machine) schedule {
	r := &run{tasks: tasks, machine: m}
	r.link()
	if m.cores > 0 || m.slots > 0 {
		r.events()
	} else {
		r.unbounded()
	}
	for _, e := range r.end {
		r.wall = max(r.wall, e)
	}
	return r.schedule
}

// run is a simulation under way.
type run struct {
	tasks []task
	machine
	schedule
	users [][]int // who waits for a task
	order []int   // inputs before users
	way   []float64
	// rates and wants are used over and over.
	rates, wants []float64
}

func (r *run) link() {
	n := len(r.tasks)
	r.start, r.end, r.after = make([]float64, n), make([]float64, n), make([]int, n)
	r.users = make([][]int, n)
	missing := make([]int, n)
	for i, t := range r.tasks {
		r.after[i] = -1
		missing[i] = len(t.deps)
		for _, d := range t.deps {
			r.users[d] = append(r.users[d], i)
		}
	}
	r.order = make([]int, 0, n)
	for i := range r.tasks {
		if missing[i] == 0 {
			r.order = append(r.order, i)
		}
	}
	for at := 0; at < len(r.order); at++ {
		for _, u := range r.users[r.order[at]] {
			if missing[u]--; missing[u] == 0 {
				r.order = append(r.order, u)
			}
		}
	}
}

// ready is when a task's inputs have ended and its lag has passed, and the input
// that it waited for.
func (r *run) ready(i int) (at float64, last int) {
	last = -1
	for _, d := range r.tasks[i].deps {
		if last < 0 || r.end[d] > at {
			at, last = r.end[d], d
		}
	}
	return at + r.tasks[i].lag, last
}

// unbounded is the longest path.
func (r *run) unbounded() {
	for _, i := range r.order {
		r.start[i], r.after[i] = r.ready(i)
		r.end[i] = r.start[i] + r.tasks[i].work
	}
}

// instant is below what a clock tells apart, in seconds.
const instant = 1e-9

// events goes from one start or end to the next.
func (r *run) events() {
	r.way = make([]float64, len(r.tasks))
	for _, i := range slices.Backward(r.order) {
		for _, u := range r.users[i] {
			r.way[i] = max(r.way[i], r.way[u])
		}
		r.way[i] += r.tasks[i].lag + r.tasks[i].work
	}
	missing := make([]int, len(r.tasks))
	left := make([]float64, len(r.tasks))
	at := make([]float64, len(r.tasks)) // when ready
	var waiting, running []int
	first := func(a, b int) int {
		return cmp.Or(cmp.Compare(at[a], at[b]), cmp.Compare(r.way[b], r.way[a]), cmp.Compare(r.tasks[b].work, r.tasks[a].work))
	}
	for i, t := range r.tasks {
		left[i], missing[i] = t.work, len(t.deps)
		if missing[i] == 0 {
			at[i], r.after[i] = r.ready(i)
			waiting = append(waiting, i)
		}
	}
	slots, now, freed := 0, 0.0, -1
	var ended []int
	for len(waiting)+len(running) > 0 {
		if len(waiting) > 1 {
			slices.SortStableFunc(waiting, first)
		}
		next := waiting[:0]
		for _, i := range waiting {
			t := &r.tasks[i]
			if at[i] > now+instant || t.slot && t.work > 0 && r.slots > 0 && slots == r.slots {
				next = append(next, i)
				continue
			}
			if now > at[i]+instant && freed >= 0 {
				r.after[i] = freed // it waited for a slot
			}
			r.start[i] = max(now, at[i])
			running = append(running, i)
			if t.slot && t.work > 0 {
				slots++
			}
		}
		waiting = next
		step, rates := r.advance(running, left)
		for _, i := range waiting {
			if wait := at[i] - now; wait > instant {
				step = min(step, wait)
			}
		}
		now += step
		still := running[:0]
		ended = ended[:0]
		for n, i := range running {
			if left[i] -= step * rates[n]; left[i] > instant {
				still = append(still, i)
				continue
			}
			r.end[i] = now
			ended = append(ended, i)
			if t := &r.tasks[i]; t.slot && t.work > 0 {
				slots--
				freed = i
			}
		}
		running = still
		for _, i := range ended {
			for _, u := range r.users[i] {
				if missing[u]--; missing[u] == 0 {
					at[u], r.after[u] = r.ready(u)
					waiting = append(waiting, u)
				}
			}
		}
	}
}

// advance is how long nothing ends, and how fast each running task goes.
func (r *run) advance(running []int, left []float64) (step float64, rates []float64) {
	rates = r.rates[:0]
	wanted := 0.0
	for _, i := range running {
		rates = append(rates, 1)
		wanted += r.tasks[i].cores
	}
	if r.cores > 0 && wanted > r.cores {
		share := r.share(running)
		for n, i := range running {
			if c := r.tasks[i].cores; c > share {
				rates[n] = share / c
			}
		}
	}
	r.rates = rates
	step = -1
	for n, i := range running {
		if s := max(0, left[i]) / rates[n]; step < 0 || s < step {
			step = s
		}
	}
	if step < 0 {
		step = maxSeconds // nothing runs: the next start counts
	}
	return step, rates
}

// share is how many processors each task gets that wants more than its share.
func (r *run) share(running []int) float64 {
	wants := r.wants[:0]
	for _, i := range running {
		if c := r.tasks[i].cores; c > 0 {
			wants = append(wants, c)
		}
	}
	r.wants = wants
	slices.Sort(wants)
	free := r.cores
	for n, w := range wants {
		even := free / float64(len(wants)-n)
		if w > even {
			return even
		}
		free -= w
	}
	return r.cores
}
