package pipeline_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/layercause/layercause/internal/buildkit/buildkittest"
	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
)

// oracle compares the keys of all records with those that the daemon computed
// itself, once the stories are told.
type oracle struct {
	mu      sync.Mutex
	records []told
}

type told struct {
	story  string
	record *record.Record
	salt   record.Salt
}

func (o *oracle) add(t *testing.T, w *world) {
	t.Helper()
	store, err := history.Open(w.history())
	if err != nil {
		t.Fatal(err)
	}
	salt, err := store.Salt()
	if err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.records = append(o.records, told{w.story.name, w.record, salt})
}

// ask expects every operation's digest among the daemon's, and the digest of what
// an executed one takes.
func (o *oracle) ask(t *testing.T, d *buildkittest.Daemon) {
	t.Helper()
	digests := d.Digests(t)
	operations, contents := 0, 0
	for _, r := range o.records {
		known := map[string]bool{}
		for dgst := range digests {
			known[r.salt.Digest("op", dgst.String())] = true
			known[r.salt.Digest("content", dgst.String())] = true
		}
		for _, v := range r.record.Vertices {
			if v.Source != nil {
				continue
			}
			text := r.record.Dockerfile.Instructions[v.Instruction].Text
			if !slices.ContainsFunc(v.Parts, func(p record.Part) bool { return p.Name == "op" && known[p.Digest] }) {
				t.Errorf("%s: the key of %q is none of the daemon's", r.story, text)
			}
			operations++
			for _, take := range v.Takes {
				if v.Status == record.Miss && !known[take.Digest] {
					t.Errorf("%s: the digest of what %q takes is none of the daemon's", r.story, text)
				}
				contents++
			}
		}
	}
	t.Logf("%d records with %d operations, which take contents %d times", len(o.records), operations, contents)
	if operations == 0 || contents == 0 {
		t.Error("there was nothing to compare")
	}
}
