package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/moby/buildkit/client"
	dockerclient "github.com/moby/moby/client"
)

// Options say which builder to take. The zero value looks for one without
// consulting the environment.
type Options struct {
	// Address is an address or a builder's name, as in --builder; empty means to
	// look for one.
	Address string
	// TLS holds certificates for tcp addresses.
	TLS TLS
	// Getenv looks up a variable of the environment; nil means an empty one.
	Getenv func(string) string
	// LookPath finds a program; nil means [exec.LookPath].
	LookPath func(string) (string, error)
	// ExecutableDir is the folder of the running program, where buildkitd is
	// looked for too; empty means that it is not.
	ExecutableDir string
	// StateDir keeps the state of the child between builds; empty means
	// layercause/buildkit in the user's cache folder.
	StateDir string
	// Job is the CI job that a container of ours is made for. Empty means one that
	// stays, for all who use the engine.
	Job Job
	// Logins are credentials for the registry of the image that a container of ours is
	// made from; those of docker's configuration come after.
	Logins Logins
	// BuildkitdFlags are given to a child after our own.
	BuildkitdFlags []string
	// Stderr takes notices, one line each; nil means that they are dropped.
	Stderr io.Writer
}

// TLS names the files that a tcp builder is authenticated with.
type TLS struct {
	// CA is the file of the authority that signed the daemon's certificate; empty
	// means those the system trusts.
	CA string
	// Cert and Key are the files of our own certificate.
	Cert string
	Key  string
	// ServerName is the name in the daemon's certificate; empty means the host of
	// the address.
	ServerName string
}

func (t TLS) empty() bool { return t == TLS{} }

// A Builder is a connected BuildKit daemon.
type Builder struct {
	// Client speaks to the daemon.
	Client *client.Client
	// Name is the address or the builder's name, without credentials.
	Name string
	// Driver says how the daemon is reached: unix, tcp, docker-container, docker,
	// remote or child.
	Driver string

	opts Options
	stop func() error
	// local says that it runs on this machine, and container names its container.
	local     bool
	container string
	// engine is the Docker engine that images are loaded into, once it is known.
	engineMu  sync.Mutex
	engine    *dockerclient.Client
	closeOnce sync.Once
	closeErr  error
}

// The ways to reach a builder, as [Builder.Driver] names them.
const (
	DriverUnix      = "unix"
	DriverTCP       = "tcp"
	DriverContainer = "docker-container"
	DriverDocker    = "docker"
	DriverRemote    = "remote"
	DriverChild     = "child"
)

// Connect finds the builder that o describes and connects to it. The errors are
// a [*UsageError] for a mistake of the user, an [*Error] where no builder could
// be reached, and the context's own.
//
// A child that Connect starts is stopped by [Builder.Close], when ctx is done,
// and when this process dies.
func Connect(ctx context.Context, o Options) (*Builder, error) {
	b, err := connect(ctx, o.withDefaults())
	if err != nil {
		if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
			return nil, fmt.Errorf("connecting to a builder: %w", context.Cause(ctx))
		}
		return nil, err
	}
	return b, nil
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.LookPath == nil {
		o.LookPath = exec.LookPath
	}
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	return o
}

func connect(ctx context.Context, o Options) (*Builder, error) {
	if err := o.TLS.check(); err != nil {
		return nil, err
	}
	if o.Address != "" {
		return connectGiven(ctx, o, "--builder", o.Address)
	}
	if host := o.Getenv("BUILDKIT_HOST"); host != "" {
		return connectGiven(ctx, o, "BUILDKIT_HOST", host)
	}
	if name := o.Getenv("BUILDX_BUILDER"); name != "" {
		return connectGiven(ctx, o, "BUILDX_BUILDER", name)
	}
	return lookAround(ctx, o)
}

// lookAround takes the first builder there is, and says why it passed others by.
func lookAround(ctx context.Context, o Options) (*Builder, error) {
	if !o.TLS.empty() {
		return nil, &UsageError{
			Problem: "certificates were given, but no builder to use them with",
			Hint:    "give its address with --builder tcp://HOST:PORT",
		}
	}
	if name := currentBuildx(o); name != "" {
		b, err := connectNamed(ctx, o, name)
		if err == nil || ctx.Err() != nil {
			return b, err
		}
		o.notice("buildx's current builder is passed by: %v", err)
	}
	why := "no Docker engine answers"
	e, err := findEndpoint(o, "")
	if err == nil {
		var engine *dockerclient.Client
		if engine, err = answeringEngine(ctx, e); err == nil {
			b, err := connectOwnContainer(ctx, o, e, engine)
			if err == nil || ctx.Err() != nil {
				return b, err
			}
			o.notice("the Docker engine is passed by: %v", err)
			why = "no builder could be started in Docker"
		}
	}
	if err != nil && !errors.Is(err, errNoEngine) {
		o.notice("the Docker engine is passed by: %v", engineUnreachable(e, err))
	}
	return startChild(ctx, o, why)
}

// connectGiven connects to what the user named, and to nothing else.
func connectGiven(ctx context.Context, o Options, what, given string) (*Builder, error) {
	a, err := parseAddress(what, given)
	if err != nil {
		return nil, err
	}
	if (a.scheme == "unix" || a.scheme == "docker-container") && !o.TLS.empty() {
		return nil, &UsageError{
			Problem: fmt.Sprintf("certificates were given for %s %s, which does not use them", what, a),
			Hint:    "certificates are for tcp:// addresses",
		}
	}
	switch a.scheme {
	case "unix":
		return connectUnix(ctx, o, a)
	case "tcp":
		return connectTCP(ctx, o, a)
	case "docker-container":
		return connectContainer(ctx, o, a)
	}
	return connectNamed(ctx, o, a.rest)
}

// Close ends the connection, and the daemon if it is a child. It returns when
// the child is gone, and may be called more than once.
func (b *Builder) Close() error {
	b.closeOnce.Do(func() {
		b.closeErr = b.Client.Close()
		if b.stop != nil {
			b.closeErr = errors.Join(b.closeErr, b.stop())
		}
		b.engineMu.Lock()
		defer b.engineMu.Unlock()
		if b.engine != nil {
			b.closeErr = errors.Join(b.closeErr, b.engine.Close())
		}
	})
	return b.closeErr
}

func (o Options) notice(format string, args ...any) {
	fmt.Fprintf(o.Stderr, format+"\n", args...)
}

// tempDir is os.TempDir with the environment that we were given.
func (o Options) tempDir() string {
	if dir := o.Getenv("TMPDIR"); filepath.IsAbs(dir) {
		return dir
	}
	return "/tmp"
}

// stateDir returns the folder that keeps the state of children.
func (o Options) stateDir() (string, error) {
	if o.StateDir != "" {
		return filepath.Abs(o.StateDir)
	}
	// As os.UserCacheDir does on Linux, but with the environment we were given.
	cache := o.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(cache) {
		home := o.Getenv("HOME")
		if home == "" {
			cache = filepath.Join(o.tempDir(), fmt.Sprintf("layercause-cache-%d", os.Getuid()))
		} else {
			cache = filepath.Join(home, ".cache")
		}
	}
	return filepath.Join(cache, "layercause", "buildkit"), nil
}
