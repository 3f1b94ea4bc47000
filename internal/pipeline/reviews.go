package pipeline

import (
	"cmp"
	"context"
	"slices"

	"github.com/layercause/layercause/internal/github"
	"github.com/layercause/layercause/internal/report"
)

// suggest puts the suggestions that the pull request's diff has lines for on these
// lines, and notes in the report where each one stands. Most bounds how many of
// ours the pull request carries.
func (r *runner) suggest(ctx context.Context, c *github.Client, number int, rep *report.Report, most int) error {
	review := github.Review{
		Repository: r.event.Repository, Number: number, Commit: cmp.Or(r.event.HeadSHA, r.event.SHA), Most: most,
	}
	index := map[string]int{}
	for i, g := range rep.Suggestions {
		rep.Suggestions[i].Placed = "" // it may stand on another pull request
		change, ok := github.ReplacementOf(g.Patch)
		if !ok || g.Refuted {
			continue
		}
		key := github.SuggestionKey(g.Rule, change)
		if _, double := index[key]; double {
			continue // the same lines stand in the file twice
		}
		index[key] = i
		review.Suggestions = append(review.Suggestions, github.Suggested{Key: key, Replacement: change, Note: report.NoteOf(*rep, i)})
	}
	out, err := c.Suggest(ctx, review)
	for _, key := range slices.Concat(out.Posted, out.Known) {
		rep.Suggestions[index[key]].Placed = report.OnLines
	}
	for _, key := range out.Dismissed {
		rep.Suggestions[index[key]].Placed = report.Dismissed
	}
	rep.OtherSuggestions = out.Others
	return err
}
