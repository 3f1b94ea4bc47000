package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

func commentCommand(env pipeline.Env) *cobra.Command {
	var o pipeline.CommentOptions
	c := &cobra.Command{
		Use:   "comment [flags] RECORD...",
		Short: "Comment on a pull request from the records of builds",
		Long: `Comment on a pull request from the records that builds have left.

A RECORD is a record.json.zst, a folder that holds some, or the zip file of an
artifact. With base.json.zst beside it, which the build leaves there too, it is
explained anew. All of them share one comment.

In a GitHub Actions job the event says where to comment. For workflow_run it is the
pull request whose head was built, and nothing is taken from the records but what
they tell of the build. Elsewhere --repository and --pull-request say where; without
them the comment is printed.`,
		Example: `  layercause comment .layercause/record.json.zst
  layercause comment --repository acme/shop --pull-request 7 records`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("there is no record to comment on")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Records = args
			return pipeline.Comment(cmd.Context(), env, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.GitHubToken, "github-token", "", "token for the comment (default $GITHUB_TOKEN)")
	f.StringVar(&o.Repository, "repository", "", "OWNER/NAME of the pull request, outside of Actions")
	f.IntVar(&o.PullRequest, "pull-request", 0, "number of the pull request, outside of Actions")
	f.StringVar(&o.Commit, "commit", "", "full hash of the head that was built, outside of Actions (default the pull request's)")
	f.StringVar(&o.Workflow, "workflow", "", "name of the workflow whose comment it is, outside of Actions")
	f.StringVar(&o.Comment, "comment", "", "always, on-loss, never (default on-loss)")
	f.StringVar(&o.ReportDir, "report-dir", "", "write comment.md and summary.md to this folder too")
	f.StringVar(&o.CostPerMinute, "cost-per-minute", "", costUsage)
	return c
}
