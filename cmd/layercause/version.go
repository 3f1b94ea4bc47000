package main

import (
	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

func versionCommand(env pipeline.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return pipeline.Version(env) },
	}
}
