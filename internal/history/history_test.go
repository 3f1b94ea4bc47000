package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/record"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// build makes a record of a build n minutes after the first, whose steps have
// the given keys.
func build(s *Store, t testing.TB, n int, keys string) *record.Record {
	t.Helper()
	salt, err := s.Salt()
	if err != nil {
		t.Fatal(err)
	}
	return newBuild(salt, n, keys)
}

func newBuild(salt record.Salt, n int, keys string) *record.Record {
	r := &record.Record{
		Schema: record.Schema, ID: fmt.Sprintf("%032x", n), SaltID: salt.ID(),
		StartedAt: begin.Add(time.Duration(n) * time.Minute), Status: record.Succeeded,
		Invocation: record.Invocation{Dockerfile: "Dockerfile", Context: "."},
		Commit:     record.Commit{Repository: "octo/app", Default: "main"},
		Dockerfile: record.Dockerfile{Instructions: []record.Instruction{{Stage: -1, Command: "ARG", Line: 1, EndLine: 1}}},
	}
	for i, k := range strings.Fields(keys) {
		r.Steps = append(r.Steps, record.Step{ID: fmt.Sprintf("s%d", i+1), Status: record.Miss, Key: k})
	}
	return r
}

func open(t testing.TB) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "a", "history"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, records ...*record.Record) {
	t.Helper()
	for _, r := range records {
		if w, err := s.Put(t.Context(), r); err != nil || len(w) > 0 {
			t.Fatalf("putting %s: %v, warnings %q", r.ID, err, w)
		}
	}
}

// files lists everything below the history's records, as paths.
func files(t testing.TB, s *Store) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.Dir(), recordsDir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(s.Dir(), recordsDir, "*", ".*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(paths, hidden...)
}

func TestCandidatesAreTheNewestFirstAndOfOneKey(t *testing.T) {
	s := open(t)
	other := build(s, t, 7, "a")
	other.Invocation.Target = "test"
	put(t, s, build(s, t, 2, "a"), build(s, t, 3, "a"), build(s, t, 1, "a"), other)
	found, warnings, err := s.Candidates(t.Context(), KeyOf(build(s, t, 9, "")))
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	var ids []string
	for _, c := range found {
		ids = append(ids, strings.TrimLeft(c.Record.ID, "0"))
	}
	if got := strings.Join(ids, " "); got != "3 2 1" {
		t.Errorf("candidates %s, want 3 2 1", got)
	}
}

func TestKeysAreKeptApart(t *testing.T) {
	keys := []Key{
		{}, {Repository: "a"}, {Dockerfile: "a"}, {Target: "a"}, {Platforms: []string{"a"}},
		{Platforms: []string{"a", "b"}}, {Platforms: []string{"ab"}}, {Repository: "a", Dockerfile: "b"}, {Repository: "ab"},
	}
	seen := map[string]Key{}
	for _, k := range keys {
		if before, taken := seen[k.folder()]; taken {
			t.Errorf("%+v and %+v share a folder", before, k)
		}
		seen[k.folder()] = k
	}
}

func TestPutKeepsTheLast(t *testing.T) {
	s := open(t)
	for n := range Keep + 5 {
		put(t, s, build(s, t, n, "a"))
	}
	if n := len(files(t, s)); n != Keep {
		t.Errorf("%d records are kept, want %d", n, Keep)
	}
	found, _, err := s.Candidates(t.Context(), KeyOf(build(s, t, 0, "")))
	if err != nil || len(found) != Keep {
		t.Fatalf("%d candidates, error %v", len(found), err)
	}
	for i, c := range found {
		if want := build(s, t, Keep+4-i, "").ID; c.Record.ID != want {
			t.Errorf("record %d is %s, want %s", i, c.Record.ID, want)
		}
	}
}

// TestManyRecordsGoInTurns has a folder that many records were copied into: each is read
// before it is removed, and no build waits for all of them.
func TestManyRecordsGoInTurns(t *testing.T) {
	s := open(t)
	const many = Keep + 2*mostPruned
	r := build(s, t, 0, "a")
	put(t, s, r)
	dir := filepath.Dir(files(t, s)[0])
	for n := 1; n < many; n++ {
		r := build(s, t, n, "a")
		data, err := record.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := writeFile(dir, nameOf(r), data); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int{many + 1 - mostPruned, many + 2 - 2*mostPruned, Keep, Keep} {
		put(t, s, build(s, t, many+i, "a"))
		if n := len(files(t, s)); n != want {
			t.Errorf("after %d builds there are %d records, want %d", i+1, n, want)
		}
	}
}

func TestUnreadableFilesAreNamedAndStay(t *testing.T) {
	s := open(t)
	good := build(s, t, 1, "a")
	put(t, s, good)
	path := files(t, s)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	name := func(n int) string {
		at := begin.Add(time.Duration(n) * time.Minute)
		return fmt.Sprintf("%s-%032x.json.zst", at.Format(timeFormat), n)
	}
	bad := map[string][]byte{
		name(-3):           whole[:len(whole)/2],
		name(2):            []byte("no record at all"),
		name(3):            {},
		name(4):            whole, // the name of another record
		"notes.txt":        []byte("mine"),
		"1-abc.json.zst":   whole,
		"zz;rm -rf *.json": nil,
	}
	for n, data := range bad {
		if err := os.WriteFile(filepath.Join(dir, n), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []string{name(5), name(6)} {
		bad[n] = nil
	}
	if err := os.Mkdir(filepath.Join(dir, name(5)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, name(6))); err != nil {
		t.Fatal(err)
	}
	found, warnings, err := s.Candidates(t.Context(), KeyOf(good))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].Record.ID != good.ID {
		t.Errorf("%d candidates, want the good one alone", len(found))
	}
	if len(warnings) != len(bad) {
		t.Errorf("%d warnings, want one for each of %d files:\n%s", len(warnings), len(bad), strings.Join(warnings, "\n"))
	}
	// Enough new records that everything old would go.
	for n := 10; n < 10+2*Keep; n++ {
		if _, err := s.Put(t.Context(), build(s, t, n, "a")); err != nil {
			t.Fatal(err)
		}
	}
	for n := range bad {
		if !strings.Contains(strings.Join(warnings, "\n"), n) {
			t.Errorf("no warning names %s", n)
		}
		if _, err := os.Lstat(filepath.Join(dir, n)); err != nil {
			t.Errorf("%s was touched: %v", n, err)
		}
	}
	if w, err := s.Put(t.Context(), build(s, t, 500, "a")); err != nil || len(w) == 0 {
		t.Errorf("Put does not say that it left old files there: %q, %v", w, err)
	}
}

func TestAbandonedFilesAreRemovedAndOthersNot(t *testing.T) {
	s := open(t)
	put(t, s, build(s, t, 1, "a"))
	dir := filepath.Dir(files(t, s)[0])
	old, fresh := filepath.Join(dir, tempPrefix+"old"), filepath.Join(dir, tempPrefix+"fresh")
	for _, p := range []string{old, fresh} {
		if err := os.WriteFile(p, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	put(t, s, build(s, t, 2, "a"))
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the abandoned file is still there: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("another writer's file is gone: %v", err)
	}
}

func TestSaltIsPrivateAndDamageIsTold(t *testing.T) {
	s := open(t)
	a, err := s.Salt()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := again.Salt(); err != nil || a != b {
		t.Errorf("another salt on the second opening: %v", err)
	}
	path := filepath.Join(s.Dir(), saltFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Salt(); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("a damaged salt gives %v", err)
	}
}

func BenchmarkCandidates(b *testing.B) {
	s := open(b)
	for n := range Keep {
		put(b, s, build(s, b, n, strings.Repeat("0123456789abcdef ", 12)))
	}
	key := KeyOf(build(s, b, 1, ""))
	for b.Loop() {
		if found, _, err := s.Candidates(b.Context(), key); err != nil || len(found) != Keep {
			b.Fatal(len(found), err)
		}
	}
}

// The runners of a matrix that names no platform build each for its own. The usual one
// goes on with records that do not say whose they are.
func TestKeysOfMachines(t *testing.T) {
	keyOn := func(machine string, platforms ...string) Key {
		in := record.Invocation{Dockerfile: "Dockerfile", Platforms: platforms}
		return KeyOf(&record.Record{Invocation: in.ForMachine(machine)})
	}
	old := KeyOf(&record.Record{Invocation: record.Invocation{Dockerfile: "Dockerfile"}})
	if keyOn("linux/amd64").folder() != old.folder() {
		t.Error("records that do not say whose they are are no longer found")
	}
	if keyOn("linux/arm64").folder() == old.folder() {
		t.Error("builds of two platforms share a history")
	}
	if keyOn("linux/arm64").folder() != keyOn("linux/amd64", "linux/arm64").folder() {
		t.Error("a platform that is asked for is another than that of a machine")
	}
}
