package buildkit

import (
	"context"
	"fmt"
	"io"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/progress/progressui"
)

// display starts BuildKit's own progress display and returns its channel.
func (b *Build) display(ctx context.Context, out io.Writer) (chan<- *client.SolveStatus, func(), error) {
	ch := make(chan *client.SolveStatus)
	done := make(chan struct{})
	if b.options.Progress == "none" {
		go func() {
			defer close(done)
			for range ch {
			}
		}()
		return ch, func() { <-done }, nil
	}
	mode := progressui.DisplayMode(b.options.Progress)
	if mode == "" {
		mode = progressui.AutoMode
	}
	d, err := progressui.NewDisplay(out, mode)
	if err != nil {
		return nil, nil, &UsageError{fmt.Sprintf("--progress %s: %v", mode, err), "use --progress plain where there is no terminal"}
	}
	go func() {
		defer close(done)
		// The display must drain its channel even when the build is cancelled.
		d.UpdateFrom(context.WithoutCancel(ctx), ch)
		for range ch {
		}
	}()
	return ch, func() { <-done }, nil
}
