package builder

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/moby/buildkit/client"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	dockerclient "github.com/moby/moby/client"
)

const (
	// bootWindow is how long a container may take until buildkitd in it listens.
	bootWindow = 20 * time.Second
	bootPoll   = 50 * time.Millisecond
)

// connectContainer connects to buildkitd in a container of the current engine.
func connectContainer(ctx context.Context, o Options, a address) (*Builder, error) {
	e, engine, err := currentEngine(o)
	if err != nil {
		return nil, err
	}
	return inContainer(ctx, o, e, engine, a.rest, a.String())
}

// currentEngine makes a client of the engine that docker's command would take.
func currentEngine(o Options) (endpoint, *dockerclient.Client, error) {
	e, err := findEndpoint(o, "")
	if err != nil {
		return e, nil, &UsageError{
			Problem: "the current docker context cannot be used",
			Hint:    "select another with DOCKER_CONTEXT, or set DOCKER_HOST",
			Err:     err,
		}
	}
	engine, err := e.client()
	return e, engine, err
}

// inContainer connects to buildkitd in the container called name, which is
// started if it is not running. It takes over engine.
func inContainer(ctx context.Context, o Options, e endpoint, engine *dockerclient.Client, name, shown string) (*Builder, error) {
	c, err := dialContainer(ctx, e, engine, name, shown)
	if err != nil {
		engine.Close()
		return nil, err
	}
	return &Builder{
		Client: c, Name: shown, Driver: DriverContainer,
		opts: o, engine: engine, local: e.isLocal(), container: name,
	}, nil
}

func dialContainer(ctx context.Context, e endpoint, engine *dockerclient.Client, name, shown string) (*client.Client, error) {
	found, err := engine.ContainerInspect(ctx, name, dockerclient.ContainerInspectOptions{})
	if cerrdefs.IsNotFound(err) {
		return nil, unreachable(shown, fmt.Sprintf("the Docker engine at %s has no such container; docker ps -a lists them", e),
			fmt.Errorf("there is no container %s", name))
	}
	if err != nil {
		return nil, engineUnreachable(e, err)
	}
	state := found.Container.State
	if state == nil || !state.Running {
		if _, err := engine.ContainerStart(ctx, name, dockerclient.ContainerStartOptions{}); err != nil {
			return nil, unreachable(shown, "docker logs "+name+" may tell more", fmt.Errorf("starting its container: %w", err))
		}
		state = &container.State{Running: true, StartedAt: time.Now().UTC().Format(time.RFC3339Nano)}
	}
	return awaitContainer(ctx, engine, name, shown, state)
}

// awaitContainer connects, and tries again only while the container is so young
// that buildkitd may not listen yet.
func awaitContainer(ctx context.Context, engine *dockerclient.Client, name, shown string, state *container.State) (*client.Client, error) {
	deadline := time.Now()
	if started, err := time.Parse(time.RFC3339Nano, state.StartedAt); err == nil {
		deadline = started.Add(bootWindow)
	}
	for {
		c, err := newClient(ctx, dialStdio(engine, name))
		if err == nil {
			if err = answers(ctx, c); err == nil {
				return c, nil
			}
			c.Close()
		}
		stranger := strings.Contains(err.Error(), "executable file not found")
		if stranger || ctx.Err() != nil || time.Now().After(deadline) || !isRunning(ctx, engine, name) {
			hint := "docker logs " + name + " may tell more"
			if stranger {
				hint = "the container has no buildctl; it has to be one of BuildKit's own image"
			}
			if said := containerLog(ctx, engine, name); said != "" {
				err = fmt.Errorf("%w; its last words: %s", err, said)
			}
			return nil, unreachable(shown, hint, err)
		}
		select {
		case <-time.After(bootPoll):
		case <-ctx.Done():
		}
	}
}

func isRunning(ctx context.Context, engine *dockerclient.Client, name string) bool {
	found, err := engine.ContainerInspect(ctx, name, dockerclient.ContainerInspectOptions{})
	return err == nil && found.Container.State != nil && found.Container.State.Running
}

// containerLog returns the last lines that a container wrote.
func containerLog(ctx context.Context, engine *dockerclient.Client, name string) string {
	logs, err := engine.ContainerLogs(ctx, name, dockerclient.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "3"})
	if err != nil {
		return ""
	}
	defer logs.Close()
	var text strings.Builder
	if _, err := stdcopy.StdCopy(&text, &text, io.LimitReader(logs, maxComplaint)); err != nil && text.Len() == 0 {
		return ""
	}
	return strings.TrimSpace(text.String())
}

// dialStdio connects to the daemon in a container through the engine alone, as
// buildx does: buildctl in the container passes its standard input and output on
// to the daemon's socket.
func dialStdio(engine *dockerclient.Client, name string) dialer {
	return func(ctx context.Context) (net.Conn, error) {
		exec, err := engine.ExecCreate(ctx, name, dockerclient.ExecCreateOptions{
			Cmd:         []string{"buildctl", "dial-stdio"},
			AttachStdin: true, AttachStdout: true, AttachStderr: true,
		})
		if err != nil {
			return nil, fmt.Errorf("running buildctl in container %s: %w", name, err)
		}
		stream, err := engine.ExecAttach(ctx, exec.ID, dockerclient.ExecAttachOptions{})
		if err != nil {
			return nil, fmt.Errorf("attaching to buildctl in container %s: %w", name, err)
		}
		return &execConn{Conn: stream.Conn, r: stream.Reader}, nil
	}
}
