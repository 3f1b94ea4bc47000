package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/moby/buildkit/client"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/util/progress/progressui"
	"github.com/tonistiigi/fsutil"
)

// parts are what this program does as a process of its own, so that its start
// counts as that of the others does.
var parts = map[string]func(context.Context, []string) error{
	"plain": buildPlainly,
	"hash":  hashTree,
}

// plain builds with the client that only builds.
func (b *bench) plain(ctx context.Context) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	return b.command(ctx, self, "plain", b.daemon.address, b.path("context"))
}

// buildPlainly does what layercause asks of the daemon and shows its progress, but
// looks at nothing: the same build without us.
func buildPlainly(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("plain takes an address and a folder")
	}
	c, err := client.New(ctx, args[0])
	if err != nil {
		return err
	}
	defer c.Close()
	fs, err := fsutil.NewFS(args[1])
	if err != nil {
		return err
	}
	display, err := progressui.NewDisplay(os.Stderr, progressui.PlainMode)
	if err != nil {
		return err
	}
	status := make(chan *client.SolveStatus)
	shown := make(chan error, 1)
	go func() {
		_, err := display.UpdateFrom(ctx, status)
		shown <- err
	}()
	_, err = c.Build(ctx, client.SolveOpt{
		FrontendAttrs: map[string]string{},
		LocalMounts:   map[string]fsutil.FS{"context": fs, "dockerfile": fs},
	}, "bench", func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		return c.Solve(ctx, gateway.SolveRequest{Frontend: "dockerfile.v0"})
	}, status)
	return errors.Join(err, <-shown)
}
