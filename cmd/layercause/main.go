// Command layercause runs a BuildKit build and says which line of the Dockerfile
// lost the cache, why, and what it cost.
package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

// version is set by the linker.
var version = "dev"

func main() {
	// A build's garbage is small and soon gone with the program: to let it lie
	// costs less than to collect it.
	debug.SetGCPercent(400)
	env := pipeline.SystemEnv(version)
	root := &cobra.Command{
		Use:           "layercause",
		Short:         "Run a BuildKit build and explain its cache misses",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(adviseCommand(env), buildCommand(env), cleanupCommand(env), commentCommand(env), explainCommand(env),
		historyCommand(env), versionCommand(env))
	if filepath.Base(os.Args[0]) == cleanup {
		root.SetArgs([]string{cleanup})
	}
	os.Exit(pipeline.ExitCode(os.Stderr, root.ExecuteContext(context.Background())))
}
