package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/layercause/layercause/internal/advice"
)

// together proves the best set, as one suggestion. It gives back the set, or nil if it
// does not stand.
func (t *trial) together(ctx context.Context, all advice.Advice) (*advice.Set, []string, error) {
	best := *all.Best
	g := advice.Suggestion{Edits: best.Edits, Predicted: best.Predicted}
	var rules []string
	for _, i := range best.Members {
		rules = append(rules, all.Suggestions[i].Rule)
		g.Declares = append(g.Declares, all.Suggestions[i].Declares...)
	}
	name := strings.Join(rules, ", ") + " together"
	var fault *unfounded
	switch err := t.patched(ctx, &g, name); {
	case errors.As(err, &fault):
		return nil, []string{fmt.Sprintf("%s are not suggested: %s", name, fault.why)}, nil
	case errors.Is(err, errUnverified):
		return &best, []string{fmt.Sprintf("%s are not verified: %v", name, err)}, nil
	case err != nil:
		return &best, nil, err
	}
	if all.NoGain(&g, t.v.commit, *g.Verified) {
		return nil, []string{fmt.Sprintf("%s are not suggested: a build with them took %.1f s instead of %.1f s",
			name, g.Verified.SecondsAfter, g.Verified.SecondsBefore)}, nil
	}
	best.Verified = g.Verified
	return &best, nil, nil
}
