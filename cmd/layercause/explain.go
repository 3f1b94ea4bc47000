package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

func explainCommand(env pipeline.Env) *cobra.Command {
	var o pipeline.ExplainOptions
	c := &cobra.Command{
		Use:   "explain [flags] BASE HEAD",
		Short: "Explain one build's record against an earlier one's",
		Long: `Explain one build's record against an earlier one's.

BASE and HEAD are record.json.zst files that layercause build has left in its report
folder. They have to be of the same Dockerfile and made with the same --history.`,
		Example: `  layercause explain earlier/record.json.zst .layercause/record.json.zst`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("two records are compared, but %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Base, o.Head = args[0], args[1]
			return pipeline.Explain(cmd.Context(), env, o)
		},
	}
	c.Flags().StringVar(&o.ReportDir, "report-dir", "", "write the reports to this folder too")
	c.Flags().StringVar(&o.CostPerMinute, "cost-per-minute", "", costUsage)
	return c
}
