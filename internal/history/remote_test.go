package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/layercause/layercause/internal/record"
)

// shelf is a remote in memory that has the archives of one name.
type shelf [][]byte

func (s *shelf) Load(context.Context, string) ([][]byte, error) { return *s, nil }

func (s *shelf) Update(_ context.Context, _ string, merge func([]byte) ([]byte, error)) error {
	var old []byte
	if len(*s) > 0 {
		old = (*s)[0]
	}
	data, err := merge(old)
	if err == nil {
		*s = shelf{data}
	}
	return err
}

func save(t testing.TB, m *Mirror, r *record.Record) {
	t.Helper()
	data, err := record.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(t.Context(), r, data); err != nil {
		t.Fatal(err)
	}
}

// restored opens a mirror that has restored, with its warnings.
func restored(t testing.TB, from Remote, key Key) (*Store, *Mirror, []string) {
	t.Helper()
	s := open(t)
	m := NewMirror(s, from)
	warnings, err := m.Restore(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return s, m, warnings
}

// TestAMirrorBringsWhatAnotherSaved has sixty builds, each with a folder of its own.
func TestAMirrorBringsWhatAnotherSaved(t *testing.T) {
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	var remote shelf
	for i := range Keep + 10 {
		s, m, warnings := restored(t, &remote, key)
		if len(warnings) > 0 {
			t.Fatal(warnings)
		}
		save(t, m, build(s, t, i, fmt.Sprintf("a b%d", i)))
	}
	s, _, _ := restored(t, &remote, key)
	// The summaries came too: no record has to be unpacked to list them.
	known, stale := s.readSummaries(key.folder())
	if len(known) != Keep || stale {
		t.Errorf("%d summaries, stale %v", len(known), stale)
	}
	for name, x := range known {
		if fi, err := os.Stat(filepath.Join(s.Dir(), recordsDir, key.folder(), name)); err != nil || !x.of(fi) {
			t.Errorf("the summary of %s is not that of its file: %v", name, err)
		}
	}
	found, warnings, err := s.Candidates(t.Context(), key)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if len(found) != Keep || found[0].Record.ID != fmt.Sprintf("%032x", Keep+9) {
		t.Errorf("%d records, the newest %s", len(found), found[0].Record.ID)
	}
	head := build(s, t, 100, "a b30")
	choice, err := s.Nearest(t.Context(), head)
	if err != nil || choice.Record == nil || choice.Record.ID != fmt.Sprintf("%032x", 30) || len(choice.Warnings) > 0 {
		t.Errorf("the nearest is %v, %v, warnings %q", choice.Record, err, choice.Warnings)
	}
}

// TestTheSaltIsThatOfMostBuilds restores a pull request's archive, which began with
// a salt of its own, and the default branch's.
func TestTheSaltIsThatOfMostBuilds(t *testing.T) {
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	var pull, main shelf
	s, m, _ := restored(t, &pull, key)
	save(t, m, build(s, t, 1, "a"))
	s, m, _ = restored(t, &main, key)
	save(t, m, build(s, t, 2, "a"))
	want, _ := s.Salt()

	both := shelf{pull[0], main[0]}
	s, m, warnings := restored(t, &both, key)
	if got, err := s.Salt(); err != nil || got != want {
		t.Errorf("the salt is not the default branch's: %v", err)
	}
	found, more, err := s.Candidates(t.Context(), key)
	if err != nil || len(found) != 1 || len(warnings)+len(more) > 0 {
		t.Errorf("%d records, %v, %q %q", len(found), err, warnings, more)
	}
	// From here on the pull request has the common one.
	save(t, m, build(s, t, 3, "a"))
	a, err := readArchive(both[0])
	if err != nil || a.salt != want || len(a.records) != 1 {
		t.Errorf("saved %d records, %v", len(a.records), err)
	}
}

// shelves is a remote in memory with archives of many names.
type shelves struct {
	mu sync.Mutex
	of map[string]shelf
}

func (s *shelves) Load(_ context.Context, name string) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[name], nil
}

func (s *shelves) Update(ctx context.Context, name string, merge func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	archive := s.of[name]
	err := archive.Update(ctx, name, merge)
	s.of[name] = archive
	return err
}

// TestWhoWroteACacheIsKnownToAllBuilds has another Dockerfile's build write it.
func TestWhoWroteACacheIsKnownToAllBuilds(t *testing.T) {
	remote := &shelves{of: map[string]shelf{}}
	s, m, _ := restored(t, remote, Key{Repository: "octo/app", Dockerfile: "other"})
	r := build(s, t, 1, "a b")
	r.Invocation.Dockerfile = "other"
	r.Caches = []record.CacheAccess{{Direction: record.Export, Type: "gha", Index: &record.CacheIndex{Digest: "sha256:1"}}}
	save(t, m, r)
	if err := m.SaveWriter(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := m.SaveWriter(t.Context(), build(s, t, 2, "a")); err != nil { // it wrote none
		t.Fatal(err)
	}
	head := build(s, t, 3, "a")
	s, _, warnings := restored(t, remote, KeyOf(head))
	if w := s.Writer(t.Context(), "sha256:1"); w == nil || w.Record != r.ID || w.Dockerfile != "other" || len(warnings) > 0 {
		t.Errorf("the writer is %v, warnings %q", w, warnings)
	}
	if found, _, err := s.Candidates(t.Context(), KeyOf(head)); err != nil || len(found) != 0 {
		t.Errorf("%d records of another Dockerfile came along, %v", len(found), err)
	}
	s, _, _ = restored(t, remote, Key{Repository: "octo/else"})
	if w := s.Writer(t.Context(), "sha256:1"); w != nil {
		t.Errorf("another repository is told of %v", w)
	}
}

// TestTwoFirstBuilds has two begin a history at once: the first one's stays.
func TestTwoFirstBuilds(t *testing.T) {
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	var remote shelf
	s1, m1, _ := restored(t, &remote, key)
	s2, m2, _ := restored(t, &remote, key)
	save(t, m1, build(s1, t, 1, "a"))
	r := build(s2, t, 2, "a")
	data, _ := record.Encode(r)
	if err := m2.Save(t.Context(), r, data); !errors.Is(err, errOtherSalt) {
		t.Errorf("got %v", err)
	}
	a, err := readArchive(remote[0])
	if want, _ := s1.Salt(); err != nil || a.salt != want || len(a.records) != 1 {
		t.Errorf("the archive holds %d records, %v", len(a.records), err)
	}
}
