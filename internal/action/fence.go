package action

import (
	"bytes"
	"strings"
)

// longestLine bounds what a fence holds back while it waits for a line's end.
const longestLine = 64 << 10

// Fence takes output that must not command the runner: what a build prints is
// written by anyone who can change the Dockerfile or a package it installs.
// While a fence is open the runner obeys nothing but a fresh random token, in a
// form that only the log knows. Lines keep their text, except that carriage
// returns end a line, terminal sequences other than colours are dropped, and
// "##[" is spaced out, which the log's page would render as a heading or an
// error.
//
// Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#stopping-and-starting-workflow-commands
type Fence struct {
	log   *Log
	token string
	line  []byte // not yet ended
	cr    bool   // the last byte was a carriage return
	shut  bool
}

// Fence opens a fence. Close it, in a defer: until then the runner ignores the
// step's commands, except those of this log, which steps outside for each. A
// log has one fence at a time; a second one gets an error.
func (l *Log) Fence() (*Fence, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fence != nil {
		return nil, errFenceOpen
	}
	f := &Fence{log: l}
	if err := f.raise(); err != nil {
		return nil, err
	}
	if l.err != nil {
		return nil, l.err
	}
	l.fence = f
	return f, nil
}

// Write takes any bytes. It reports all of them as written even when the log is
// broken, so that a build does not die of its log; see [Log.Err].
func (f *Fence) Write(p []byte) (int, error) {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	if f.shut {
		return 0, errFenceShut
	}
	var out bytes.Buffer
	for _, c := range p {
		switch {
		case c == '\n' && f.cr:
			// the second half of a line's end that was already written
		case c == '\n' || c == '\r':
			f.flush(&out)
		default:
			f.line = append(f.line, c)
			if len(f.line) >= longestLine {
				f.flush(&out)
			}
		}
		f.cr = c == '\r'
	}
	f.log.write(out.Bytes())
	return len(p), nil
}

// Close writes what is left of the last line and lets the runner listen again.
// Closing twice does nothing.
func (f *Fence) Close() error {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	if f.shut {
		return nil
	}
	f.shut = true
	f.log.fence = nil
	f.lower()
	return f.log.err
}

func (f *Fence) flush(out *bytes.Buffer) {
	line := cleanLine(string(f.line))
	f.line = f.line[:0]
	if f.token != "" {
		// Only someone who reads the log while the build runs can know the token.
		line = strings.ReplaceAll(line, f.token, "***")
	}
	out.WriteString(line)
	out.WriteByte('\n')
}

// endLine keeps a line of ours from continuing one of the build's.
func (f *Fence) endLine() {
	if len(f.line) == 0 {
		return
	}
	var out bytes.Buffer
	f.flush(&out)
	f.log.write(out.Bytes())
}

// raise makes the runner stop obeying. When no token can be drawn anything
// printed later could be a command, so the log prints nothing more.
func (f *Fence) raise() error {
	t, err := token(f.log.random)
	if err != nil {
		if f.log.err == nil {
			f.log.err = err
		}
		return err
	}
	f.token = t
	f.log.write([]byte("::stop-commands::" + t + "\n"))
	return nil
}

func (f *Fence) lower() {
	f.endLine()
	f.log.write([]byte("::" + f.token + "::\n"))
	f.token = ""
}
