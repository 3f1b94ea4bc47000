package timing

import "github.com/layercause/layercause/internal/record"

// Again is how much shorter a build would have been, in seconds, had those of its
// missed steps hit whose keys are among some: those that another build made and did
// not leave where this one looked.
func Again(r *record.Record, keys map[string]bool) float64 {
	steps := map[string]bool{}
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Status == record.Miss && keys[s.Key] {
			steps[s.ID] = true
		}
	}
	if len(steps) == 0 {
		return 0
	}
	return newModel(r).without(steps)
}
