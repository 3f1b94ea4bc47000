package pipeline

import (
	"context"
	"path/filepath"

	"github.com/layercause/layercause/internal/action"
)

// publishRecords does what the input records asks for, in place of a build. That there
// is no record is no fault: the build may not have come that far.
func (r *runner) publishRecords(ctx context.Context, env Env, o BuildOptions) error {
	var paths []string
	for _, pattern := range r.records {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return &action.InputError{Input: "records", Problem: "a pattern is wrong: " + pattern, Hint: "write paths, with * for any part of a name"}
		}
		if len(found) == 0 {
			r.log.Warning("records: there is nothing at " + pattern)
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		return nil
	}
	return comment(ctx, env, CommentOptions{
		Records: paths, GitHubToken: r.token, Comment: string(r.comment), ReportDir: o.ReportDir, CostPerMinute: o.CostPerMinute,
	})
}
