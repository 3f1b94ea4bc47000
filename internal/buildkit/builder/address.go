package builder

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSocketPath is what fits into a Unix socket address on Linux, without the
// NUL at its end (sockaddr_un in unix(7)).
const maxSocketPath = 107

const addressHint = "give --builder an address (unix:///run/buildkit/buildkitd.sock, tcp://HOST:PORT, docker-container://NAME) or the name of a buildx builder"

// The names that Docker gives containers, and that buildx gives builders.
const (
	containerNamePattern = `^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`
	builderNamePattern   = `^[a-zA-Z][a-zA-Z0-9_.-]*$`
)

// An address is where a builder is looked for, taken apart and checked.
type address struct {
	// scheme is unix, tcp or docker-container; empty for a builder's name.
	scheme string
	// rest is the socket's path, host:port, the container or the builder's name.
	rest string
}

func (a address) String() string {
	if a.scheme == "" {
		return a.rest
	}
	return a.scheme + "://" + a.rest
}

// parseAddress checks an address before anything is sent anywhere. What names
// the flag or variable it came from.
func parseAddress(what, s string) (address, error) {
	bad := func(format string, args ...any) (address, error) {
		return address{}, &UsageError{
			Problem: fmt.Sprintf("%s %q %s", what, hideUser(s), fmt.Sprintf(format, args...)),
			Hint:    addressHint,
		}
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return bad("has a space or control character in it")
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		if strings.Contains(s, "@") {
			return bad("is not an address")
		}
		if known, _, _ := strings.Cut(s, ":"); slices.Contains([]string{"unix", "tcp", "docker-container"}, known) {
			return bad("lacks the // after %s:", known)
		}
		if strings.HasPrefix(s, "/") || strings.HasPrefix(s, ".") {
			return bad("is a path; an address of a socket begins with unix://")
		}
		if !regexp.MustCompile(builderNamePattern).MatchString(s) {
			return bad("is neither an address nor a builder's name")
		}
		return address{rest: s}, nil
	}
	if rest == "" {
		return bad("ends after %s://", scheme)
	}
	switch scheme {
	case "unix":
		if !strings.HasPrefix(rest, "/") {
			return bad("names a relative path; write unix:/// and an absolute one")
		}
		if len(rest) > maxSocketPath {
			return bad("is too long: the path of a socket has at most %d bytes, this one has %d", maxSocketPath, len(rest))
		}
	case "tcp":
		if problem := checkHostPort(rest); problem != "" {
			return bad("%s", problem)
		}
	case "docker-container":
		if strings.Contains(rest, "?") {
			return bad("has options after a ?, which are not supported; set DOCKER_HOST or DOCKER_CONTEXT instead")
		}
		if !regexp.MustCompile(containerNamePattern).MatchString(rest) {
			return bad("names no valid container")
		}
	case "http", "https":
		return bad("is a web address; BuildKit listens on tcp://")
	default:
		return bad("has the scheme %s://, which is not supported", scheme)
	}
	return address{scheme: scheme, rest: rest}, nil
}

// checkHostPort says what is wrong with host:port, or nothing.
func checkHostPort(s string) string {
	switch {
	case strings.Contains(s, "@"):
		return "has credentials in it; a builder is authenticated with certificates (a CA, a certificate and a key)"
	case strings.ContainsAny(s, "/?#"):
		return "has something after HOST:PORT"
	}
	host, port, err := net.SplitHostPort(s)
	switch {
	case err != nil && strings.Contains(err.Error(), "missing port"):
		return "lacks a port; BuildKit's usual one is 1234"
	case err != nil:
		return "is no HOST:PORT"
	case host == "":
		return "lacks a host"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Sprintf("has the port %q; a port is a number from 1 to 65535", port)
	}
	return ""
}
