package builder

import "strings"

// Error says why no builder could be reached, and what to do about it.
type Error struct {
	// Problem is one sentence for the user, without credentials.
	Problem string
	// Hint says what to do next.
	Hint string
	// Err is the cause, or nil.
	Err error
}

// Error returns the problem and its cause in one line.
func (e *Error) Error() string { return withCause(e.Problem, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// UsageError is a mistake in what the user asked for: a malformed address, a
// certificate that does not exist.
type UsageError struct {
	// Problem is one sentence for the user, without credentials.
	Problem string
	// Hint says what to write instead.
	Hint string
	// Err is the cause, or nil.
	Err error
}

// Error returns the problem and its cause in one line.
func (e *UsageError) Error() string { return withCause(e.Problem, e.Err) }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

func withCause(problem string, err error) string {
	if err == nil {
		return problem
	}
	return problem + ": " + err.Error()
}

// hideUser returns an address without what stands before its @, which is where
// people put passwords.
func hideUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	host, path, slash := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = "***@" + host[i+1:]
	}
	if slash {
		host += "/" + path
	}
	// A query can carry a token as well as a user part can.
	if i := strings.IndexByte(host, '?'); i >= 0 {
		host = host[:i] + "?***"
	}
	return scheme + host
}
