package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/layercause/layercause/internal/pipeline"
)

const costUsage = "show saved and lost time as money: the price of a minute, AMOUNT[CURRENCY] (default currency USD)"

func buildCommand(env pipeline.Env) *cobra.Command {
	var o pipeline.BuildOptions
	var quiet bool
	c := &cobra.Command{
		Use:   "build [flags] CONTEXT",
		Short: "Run the build, explain it, report it",
		Long: `Run a build, explain every step that missed the cache, and report it.

The flags are those of docker buildx build, and a few of our own. In a GitHub
Actions job the report goes to the pull request, the job's summary and the lines
of the Dockerfile; elsewhere to the terminal and to --report-dir.`,
		Example: `  layercause build .
  layercause build --cache-from type=registry,ref=example.com/app:cache \
      --cache-to type=registry,ref=example.com/app:cache,mode=max --push -t example.com/app .`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("a build has one context, but %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Context = args[0]
			}
			if quiet && cmd.Flags().Changed("progress") && o.Progress != "quiet" {
				return fmt.Errorf("--quiet and --progress %s exclude each other", o.Progress)
			}
			if quiet {
				o.Progress = "quiet"
			}
			return pipeline.Build(cmd.Context(), env, o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.File, "file", "f", "", "the Dockerfile (default CONTEXT/Dockerfile)")
	f.StringVar(&o.Target, "target", "", "the stage to build")
	f.StringArrayVarP(&o.Tags, "tag", "t", nil, "name of the image, NAME[:TAG]")
	f.StringArrayVar(&o.BuildArgs, "build-arg", nil, "build argument, NAME=VALUE or NAME")
	f.StringArrayVar(&o.BuildContexts, "build-context", nil, "named context, NAME=PATH|URL|docker-image://…|oci-layout://…")
	f.StringArrayVar(&o.Secrets, "secret", nil, "secret for the build, id=ID[,src=FILE|,env=NAME]")
	f.StringArrayVar(&o.SSH, "ssh", nil, "SSH agent or keys, ID[=SOCKET|KEY[,KEY]]")
	f.StringArrayVar(&o.Platforms, "platform", nil, "platforms, OS/ARCH[,OS/ARCH]")
	f.StringArrayVarP(&o.Outputs, "output", "o", nil, "where the result goes, type=TYPE[,KEY=VALUE] or a folder")
	f.BoolVar(&o.Push, "push", false, "push the image")
	f.BoolVar(&o.Load, "load", false, "load the image into the Docker engine")
	f.StringArrayVar(&o.CacheFrom, "cache-from", nil, "cache to import, type=TYPE,KEY=VALUE or a reference")
	f.StringArrayVar(&o.CacheTo, "cache-to", nil, "cache to export, type=TYPE,KEY=VALUE")
	f.StringVar(&o.Cache, "cache", "", "auto chooses what --cache-from and --cache-to do not name; off (default) nothing")
	f.BoolVar(&o.NoCache, "no-cache", false, "ignore the cache")
	f.StringArrayVar(&o.NoCacheFilter, "no-cache-filter", nil, "ignore the cache for these stages")
	f.StringArrayVar(&o.Labels, "label", nil, "label of the image, KEY=VALUE")
	f.StringArrayVar(&o.Annotations, "annotation", nil, "annotation of the image, [TYPE:]KEY=VALUE")
	f.StringArrayVar(&o.Attests, "attest", nil, "attestation, type=sbom|provenance[,KEY=VALUE]")
	f.StringVar(&o.Provenance, "provenance", "", "short for --attest type=provenance")
	f.StringVar(&o.SBOM, "sbom", "", "short for --attest type=sbom")
	f.StringVar(&o.MetadataFile, "metadata-file", "", "write the result's metadata to this file")
	f.StringVar(&o.ImageIDFile, "iidfile", "", "write the image's ID to this file")
	f.StringVar(&o.Progress, "progress", "auto", "progress display: auto, tty, plain, rawjson, quiet, none")
	f.BoolVarP(&quiet, "quiet", "q", false, "short for --progress quiet, which prints the image's ID alone")
	f.StringArrayVar(&o.AddHosts, "add-host", nil, "entry of /etc/hosts, NAME=IP")
	f.StringVar(&o.Network, "network", "", "network of RUN steps: default, host, none")
	f.StringArrayVar(&o.Ulimits, "ulimit", nil, "limit of RUN steps, NAME=SOFT[:HARD]")
	f.StringVar(&o.ShmSize, "shm-size", "", "size of /dev/shm in RUN steps")
	f.StringArrayVar(&o.Allow, "allow", nil, "entitlement: network.host, security.insecure, device")
	f.StringVar(&o.CgroupParent, "cgroup-parent", "", "parent cgroup of RUN steps")
	f.BoolVar(&o.Pull, "pull", false, "resolve base images anew")
	f.StringVar(&o.Builder, "builder", "", "unix://, tcp://, docker-container://NAME or a buildx builder's name")
	f.StringVar(&o.TLS.CA, "tlscacert", "", "certificate of the authority, for tcp://")
	f.StringVar(&o.TLS.Cert, "tlscert", "", "own certificate, for tcp://")
	f.StringVar(&o.TLS.Key, "tlskey", "", "own key, for tcp://")
	f.StringVar(&o.History, "history", "", "where earlier records are: a folder (default in the user's cache folder), gha, or oci://REGISTRY/NAME[:TAG]")
	f.StringVar(&o.ReportDir, "report-dir", "", "folder for the reports (default "+pipeline.DefaultReportDir+")")
	f.StringVar(&o.BaseRecord, "base-record", "", "compare with this record instead of the nearest in the history")
	f.StringVar(&o.GitHubToken, "github-token", "", "token for the pull request comment (default $GITHUB_TOKEN)")
	f.StringVar(&o.Comment, "comment", "", "pull request comment: always, on-loss, never (default on-loss)")
	f.BoolVar(&o.Verify, "verify", false, "build with the suggestions before they are made, and measure what they save")
	f.StringVar(&o.CostPerMinute, "cost-per-minute", "", costUsage)
	return c
}
