package timing

import (
	"slices"

	"github.com/layercause/layercause/internal/cause"
)

// alone lists the steps that would not have run without the cause: those that
// have no other, and those that ran only because such a step needed them. Of is how
// many causes each step has, needed are the causes with steps that others needed.
func alone(c cause.Cause, of map[string]int, needed []cause.Cause) map[string]bool {
	own, out := map[string]bool{}, map[string]bool{}
	for _, s := range c.Steps {
		if len(needed) > 0 {
			own[s] = true
		}
		if of[s] == 1 {
			out[s] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, x := range needed {
			if slices.ContainsFunc(x.Evidence.NeededBy, func(s string) bool { return !out[s] }) {
				continue
			}
			for _, s := range x.Steps {
				others := of[s]
				if own[s] {
					others--
				}
				if !out[s] && (others == 1 || x.ID == c.ID) {
					out[s], grown = true, true
				}
			}
		}
	}
	return out
}
