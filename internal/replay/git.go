package replay

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
)

// git asks the git program about a repository, whose owner and configuration are
// not trusted: nothing of it makes git start another program, take a lock, write or
// reach the network.
type git struct{ dir string }

// harmless are options for every command.
var harmless = []string{
	"-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "core.commitGraph=true",
	"--literal-pathspecs", "--no-replace-objects", "--no-pager",
}

// environment keeps git from fetching what a partial clone lacks; not all versions
// know GIT_NO_LAZY_FETCH, and to those no protocol is allowed.
var environment = []string{
	"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
}

func (g git) command(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{"-C", g.dir}, harmless...)
	cmd := exec.CommandContext(ctx, "git", append(all, args...)...)
	cmd.Env = append(cmd.Environ(), environment...)
	return cmd
}

// gitError is a command that failed, with what git said.
type gitError struct {
	err  error
	said string
}

func (e *gitError) Error() string {
	if e.said == "" {
		return e.err.Error()
	}
	first, _, _ := strings.Cut(e.said, "\n")
	return first
}

func (e *gitError) Unwrap() error { return e.err }

// ask returns what git prints.
func (g git) ask(ctx context.Context, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := g.command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &gitError{err, strings.TrimSpace(said.String())}
	}
	return out.Bytes(), nil
}

// line returns the one line that git prints.
func (g git) line(ctx context.Context, args ...string) (string, error) {
	out, err := g.ask(ctx, args...)
	return strings.TrimSuffix(string(out), "\n"), err
}

// missing says that a clone lacks an object, as a partial one does.
func missing(err error) bool {
	var g *gitError
	if !errors.As(err, &g) {
		return false
	}
	for _, part := range []string{"promisor", "lazy fetch", "could not fetch", "unable to read", "missing blob", "missing tree", "transport"} {
		if strings.Contains(g.said, part) {
			return true
		}
	}
	return false
}
