package main

import (
	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

// cleanup is the name that the action's post stage calls the program by.
const cleanup = "cleanup"

func cleanupCommand(env pipeline.Env) *cobra.Command {
	return &cobra.Command{
		Use:    cleanup,
		Short:  "Remove the builder that this job made (the action's post stage)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(cmd *cobra.Command, _ []string) error { return pipeline.Cleanup(cmd.Context(), env) },
	}
}
