package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/history"
	"github.com/layercause/layercause/internal/record"
)

// faulty is a remote that has a fault when it is written to.
type faulty struct{}

func (faulty) Load(context.Context, string) ([][]byte, error) { return nil, nil }

func (faulty) Update(context.Context, string, func([]byte) ([]byte, error)) error {
	panic("out of range")
}

// TestAFaultOfOursIsANotice has keeping a record end in a panic.
func TestAFaultOfOursIsANotice(t *testing.T) {
	s, err := history.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := record.Compress([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	head := &record.Record{ID: "1", StartedAt: time.Now(), Caches: []record.CacheAccess{
		{Direction: record.Export, Index: &record.CacheIndex{Digest: "sha256:1"}},
	}}
	r := &records{store: s, mirror: history.NewMirror(s, faulty{}), where: "the remote", restored: make(chan struct{})}
	defer r.close()
	r.restore(t.Context(), history.KeyOf(head))
	r.salt()
	if warnings := r.put(t.Context(), head, data); len(warnings) > 0 {
		t.Errorf("warnings %q", warnings)
	}
	var notices []string
	r.wait(func(text string) { notices = append(notices, text) })
	want := "This build's record could not be kept in the remote: a fault of layercause: out of range."
	if len(notices) != 1 || !strings.Contains(notices[0], want) {
		t.Errorf("notices %q, want %q", notices, want)
	}
}
