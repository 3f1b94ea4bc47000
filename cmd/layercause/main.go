// Command layercause runs a BuildKit build and says which line of the Dockerfile
// lost the cache, why, and what it cost.
package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

var version = "dev" // set by the linker

func main() {
	// A build's garbage is small and soon gone with the program: to let it lie
	// costs less than to collect it.
	debug.SetGCPercent(400)
	env := pipeline.SystemEnv(version)
	root := &cobra.Command{
		Use: "layercause", Short: "Run a BuildKit build and explain its cache misses",
		SilenceErrors: true, SilenceUsage: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(adviseCommand(env), buildCommand(env), cleanupCommand(env), commentCommand(env), explainCommand(env),
		historyCommand(env), versionCommand(env))
	if filepath.Base(os.Args[0]) == cleanup {
		root.SetArgs([]string{cleanup})
	}
	cmd, err := root.ExecuteContextC(context.Background())
	if known := new(pipeline.Error); err != nil && !errors.As(err, &known) {
		err = &pipeline.Error{Code: pipeline.ExitUsage, Err: err, Hint: "run " + cmd.CommandPath() + " --help"}
	}
	os.Exit(pipeline.ExitCode(os.Stderr, err))
}
