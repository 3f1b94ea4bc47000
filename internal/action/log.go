package action

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/sethvargo/go-githubactions"
)

// Log writes workflow commands and build output to the log of a step. One lock
// stands before every line, so that a command never lands in the middle of
// build output. It is safe for concurrent use.
//
// Writing to a step's log does not fail in ways a build could react to: the
// first error is kept and returned by [Log.Err], and later lines are dropped.
type Log struct {
	mu     sync.Mutex
	w      io.Writer
	random io.Reader
	spent  map[Level]int
	fence  *Fence // the open one
	err    error
}

// NewLog returns a log over the step's standard output. The runner's tokens
// are drawn from random; nil means crypto/rand.
func NewLog(w io.Writer, random io.Reader) *Log {
	if random == nil {
		random = rand.Reader
	}
	return &Log{w: w, random: random, spent: map[Level]int{}}
}

// Err returns the first error met while writing.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Group starts a section of the log that folds away, until [Log.EndGroup].
func (l *Log) Group(title string) {
	l.command(func(a *githubactions.Action) { a.Group(singleLine(title)) })
}

// EndGroup ends the section that [Log.Group] started.
func (l *Log) EndGroup() {
	l.command(func(a *githubactions.Action) { a.EndGroup() })
}

// Mask makes the runner print asterisks for value from here on, and for each
// of its lines. It covers the log alone: a comment or a summary is not masked.
func (l *Log) Mask(value string) {
	if strings.TrimSpace(value) == "" {
		return // the runner warns about it, and nothing is to be hidden
	}
	l.command(func(a *githubactions.Action) { a.AddMask(value) })
}

// Print writes text as ordinary lines: none is taken for a command.
func (l *Log) Print(text string) {
	text = Harmless(text) + "\n"
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fence != nil {
		l.fence.endLine()
	}
	l.write([]byte(text))
}

// command writes one workflow command, outside of any fence.
func (l *Log) command(issue func(*githubactions.Action)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commandLocked(issue)
}

func (l *Log) commandLocked(issue func(*githubactions.Action)) {
	// The library panics when its writer fails, a buffer never does; and it reads
	// the environment only for what we do not use.
	var b bytes.Buffer
	issue(githubactions.New(
		githubactions.WithWriter(&b),
		githubactions.WithGetenv(func(string) string { return "" }),
	))
	if l.fence != nil {
		l.fence.lower()
		defer l.fence.raise()
	}
	l.write(b.Bytes())
}

func (l *Log) write(b []byte) {
	if l.err != nil || len(b) == 0 {
		return
	}
	if _, err := l.w.Write(b); err != nil {
		l.err = fmt.Errorf("writing the step's log: %w", err)
	}
}

// token is a name that nobody can know before it is printed.
func token(random io.Reader) (string, error) {
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("drawing a random token: %w", err)
	}
	return hex.EncodeToString(b), nil
}
