package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

func adviseCommand(env pipeline.Env) *cobra.Command {
	var o pipeline.AdviseOptions
	c := &cobra.Command{
		Use:   "advise [flags] [CONTEXT]",
		Short: "Suggest edits for a repository, replayed over its history",
		Long: `Suggest edits that would have kept the cache, and say what each would have saved.

The last commits are replayed from git, without a builder and without touching the
work tree: which steps each would have executed, before and after each edit. Seconds
are those of earlier builds in the history, where there are any, else estimates.`,
		Example: `  layercause advise
  layercause advise --commits 200 --explain-rules
  layercause advise --write && git diff`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("one build context is looked at, but %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Context = "."; len(args) == 1 {
				o.Context = args[0]
			}
			o.CommitsGiven = cmd.Flags().Changed("commits")
			return pipeline.Advise(cmd.Context(), env, o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "", "the Dockerfile (default CONTEXT/Dockerfile)")
	f.StringVar(&o.Target, "target", "", "the stage that is built")
	f.StringArrayVar(&o.Platforms, "platform", nil, "platforms, OS/ARCH[,OS/ARCH]; the first one is replayed")
	f.StringArrayVar(&o.BuildArgs, "build-arg", nil, "build argument, NAME=VALUE or NAME")
	f.StringArrayVar(&o.BuildContexts, "build-context", nil, "named context, NAME=PATH|URL|docker-image://…|oci-layout://…")
	f.IntVar(&o.Commits, "commits", 0, "how many of the last commits are replayed (default 50, or as .github/layercause.yml says)")
	f.StringVar(&o.History, "history", "", "folder of earlier records (default in the user's cache folder)")
	f.StringVar(&o.Format, "format", "text", "text, json, markdown, patch or sarif")
	f.StringArrayVar(&o.Rules, "rule", nil, "ask this rule alone; may be given several times")
	f.BoolVar(&o.ExplainRules, "explain-rules", false, "say of every rule why it suggests nothing")
	f.BoolVar(&o.Write, "write", false, "apply the suggestions to the files")
	f.BoolVar(&o.Verify, "verify", false, "build with the suggestions first, and measure what they save; needs a builder")
	f.StringVar(&o.Builder, "builder", "", "for --verify: unix://, tcp://, docker-container://NAME or a buildx builder's name")
	f.StringArrayVar(&o.Secrets, "secret", nil, "for --verify: secret for the builds, id=ID[,src=FILE|,env=NAME]")
	f.StringArrayVar(&o.SSH, "ssh", nil, "for --verify: SSH agent or keys, ID[=SOCKET|KEY[,KEY]]")
	f.StringVar(&o.TLS.CA, "tlscacert", "", "certificate of the authority, for tcp://")
	f.StringVar(&o.TLS.Cert, "tlscert", "", "own certificate, for tcp://")
	f.StringVar(&o.TLS.Key, "tlskey", "", "own key, for tcp://")
	return c
}
