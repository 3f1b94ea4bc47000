package history

import (
	"context"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// Made returns the keys of the steps that the last build of the head's branch had
// results of: what the head's build could have taken, had that one exported its
// cache. There are none if there was no such build, or if it failed. A fork's branch
// may have the name of one of ours, but does not go to the same.
func (s *Store) Made(ctx context.Context, head *record.Record) map[string]bool {
	if head.Commit.Branch == "" {
		return nil
	}
	found, _, err := s.Candidates(ctx, KeyOf(head))
	if err != nil {
		return nil // who compares with the history says so
	}
	for _, c := range found {
		r := c.Record
		// What began later, or on a machine whose clock is ahead, is not known to be before.
		if r.ID == head.ID || !r.StartedAt.Before(head.StartedAt) || r.SaltID != head.SaltID || r.Commit.Branch != head.Commit.Branch || r.Commit.BaseBranch != head.Commit.BaseBranch {
			continue
		}
		if r.Status != record.Succeeded {
			return nil
		}
		keys := map[string]bool{}
		for step := range strings.SplitSeq(c.steps, " ") {
			if step != "" {
				keys[step[1:]] = true
			}
		}
		return keys
	}
	return nil
}
