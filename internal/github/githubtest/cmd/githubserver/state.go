package main

import (
	"os"
	"sync"

	"github.com/layercause/layercause/internal/github/githubtest"
)

// stateFile keeps a file with the server's state. Whoever reads it while the
// server runs sees a whole state, the old or the new one.
type stateFile struct {
	path string

	mu      sync.Mutex
	written int // requests in the last state written
	err     error
}

// changed writes the state, unless a later one was already written: requests
// answered at the same time may come here in any order.
func (f *stateFile) changed(s githubtest.State) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.path == "" || len(s.Requests) < f.written {
		return
	}
	f.written = len(s.Requests)
	b, err := encode(s)
	if err == nil {
		err = os.WriteFile(f.path+".new", b, 0o644)
	}
	if err == nil {
		err = os.Rename(f.path+".new", f.path)
	}
	if err != nil && f.err == nil {
		f.err = err
	}
}

func (f *stateFile) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
