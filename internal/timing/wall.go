package timing

// Work is one piece of a build that is thought of and was not observed.
type Work struct {
	Inputs  []int // the work that must have ended before, by index
	Seconds float64
	// Cores is how many processors it keeps busy; 0 if that is not known.
	Cores float64
}

// WallOf gives the seconds that the work takes on a builder with that many
// processors, 0 being no bound. Inputs stand before the work that needs them.
func WallOf(work []Work, cores float64) float64 {
	tasks := make([]task, len(work))
	for i, w := range work {
		tasks[i] = task{deps: w.Inputs, work: w.Seconds, cores: w.Cores}
	}
	return simulate(tasks, machine{cores: cores}).wall
}
