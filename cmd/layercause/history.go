package main

import (
	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

func historyCommand(env pipeline.Env) *cobra.Command {
	var o pipeline.HistoryOptions
	c := &cobra.Command{
		Use:   "history [flags]",
		Short: "List earlier builds, and the files and instructions that lost the most time",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return pipeline.History(cmd.Context(), env, o) },
	}
	f := c.Flags()
	f.StringVar(&o.History, "history", "", "folder of earlier records (default in the user's cache folder)")
	f.StringVarP(&o.File, "file", "f", "", "only builds of this Dockerfile")
	f.StringVar(&o.Target, "target", "", "only builds of this stage")
	f.StringArrayVar(&o.Platforms, "platform", nil, "only builds for these platforms, OS/ARCH[,OS/ARCH]")
	f.IntVarP(&o.Limit, "limit", "n", pipeline.DefaultLimit, "how many builds to list; the sums are over all")
	f.StringVar(&o.Format, "format", "text", "text, json or markdown")
	f.StringVar(&o.CostPerMinute, "cost-per-minute", "", costUsage)
	return c
}
