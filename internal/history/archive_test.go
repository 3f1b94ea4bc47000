package history

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

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

// file is one file of an archive made by hand.
type file struct {
	header tar.Header
	text   string
}

func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var data bytes.Buffer
	z, err := zstd.NewWriter(&data, zstd.WithWindowSize(archiveWindow))
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, f := range files {
		if f.header.Typeflag == tar.TypeReg || f.header.Typeflag == 0 {
			f.header.Size = int64(len(f.text))
		}
		if err := w.WriteHeader(&f.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

const aName = "20260102T030405.000000000Z-1.json"

func hostile(t testing.TB) map[string][]byte {
	salt := file{tar.Header{Name: "salt"}, hex.EncodeToString(make([]byte, 32)) + "\n"}
	regular := func(name, text string) file { return file{tar.Header{Name: name}, text} }
	var many []file
	for i := range Keep + 1 {
		many = append(many, regular(fmt.Sprintf("20260102T030405.%09dZ-1.json", i), "{}"))
	}
	whole := pack(t, salt, regular(aName, strings.Repeat("{}", 1000)))
	return map[string][]byte{
		"nothing":              {},
		"no zstd":              []byte("hello"),
		"no tar":               compressed(t, []byte("hello")),
		"empty":                pack(t),
		"cut off":              whole[:len(whole)-5],
		"a path that leaves":   pack(t, salt, regular("../"+aName, "{}")),
		"an absolute path":     pack(t, salt, regular("/etc/passwd", "x")),
		"a folder in the name": pack(t, salt, regular("v1/"+aName, "{}")),
		"another name":         pack(t, salt, regular("salt2", "{}")),
		"a link": pack(t, salt, file{tar.Header{Name: aName, Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""},
			regular("20260102T030405.000000000Z-2.json", "{}")),
		"a hard link":         pack(t, salt, file{tar.Header{Name: aName, Typeflag: tar.TypeLink, Linkname: "salt"}, ""}),
		"a folder":            pack(t, salt, file{tar.Header{Name: aName, Typeflag: tar.TypeDir}, ""}),
		"a device":            pack(t, salt, file{tar.Header{Name: aName, Typeflag: tar.TypeChar}, ""}),
		"a name twice":        pack(t, salt, salt),
		"too many":            pack(t, many...),
		"a salt that is none": pack(t, regular("salt", "12")),
		"too large":           make([]byte, MaxArchive+1),
		"a bomb":              pack(t, salt, regular(aName, strings.Repeat("\x00", maxArchiveText))),
		"a bomb of headers":   compressed(t, make([]byte, 3*maxArchiveText)),
	}
}

func compressed(t testing.TB, text []byte) []byte {
	t.Helper()
	data, err := record.Compress(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestHostileArchives states that what is not an archive counts as none, and that
// the next save mends it.
func TestHostileArchives(t *testing.T) {
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	for name, data := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			remote := shelf{data}
			s, m, warnings := restored(t, &remote, key)
			if want := 2; len(warnings) != want { // the shelf gives it for the writers too
				t.Errorf("warnings: %q", warnings)
			}
			if got := below(t, filepath.Dir(s.Dir())); len(got) != 1 || got[0] != "history/summaries-v3/writers.jsonl" {
				t.Errorf("it left %q", got)
			}
			save(t, m, build(s, t, 1, "a"))
			if a, err := readArchive(remote[0]); err != nil || len(a.records) != 1 {
				t.Errorf("what was saved over it: %d records, %v", len(a.records), err)
			}
		})
	}
}

// TestARecordOfAnotherKey restores an archive whose record is somebody else's, and
// one that is no record at all.
func TestARecordOfAnotherKey(t *testing.T) {
	other := newBuild(record.Salt{}, 1, "a")
	other.Invocation.Target = "other"
	text, err := record.Encode(other)
	if err == nil {
		text, err = decompress(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	remote := shelf{pack(t, file{tar.Header{Name: "salt"}, strings.Repeat("00", 32) + "\n"},
		file{tar.Header{Name: strings.TrimSuffix(nameOf(other), ".zst")}, string(text)},
		file{tar.Header{Name: aName}, `{"schema":"x"}`})}
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	s, _, _ := restored(t, &remote, key)
	found, warnings, err := s.Candidates(t.Context(), key)
	if err != nil || len(found) != 0 || len(warnings) != 2 {
		t.Errorf("%d records, %v, warnings %q", len(found), err, warnings)
	}
}

// TestALargeHistoryLosesItsOldest packs records that share nothing.
func TestALargeHistoryLosesItsOldest(t *testing.T) {
	var a archive
	for i := range 20 {
		text := make([]byte, 1<<20)
		rand.NewChaCha8([32]byte{byte(i)}).Read(text)
		x := summarize(newBuild(record.Salt{}, i, ""), fmt.Sprintf("20260102T030405.%09dZ-1.json.zst", i), nil)
		a.insert(archived{x.Name, text}, x)
	}
	data, err := a.encode()
	if err != nil || len(data) > MaxArchive {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	b, err := readArchive(data)
	if err != nil || len(b.records) == 0 || len(b.records) == 20 || b.records[0].name != a.records[0].name {
		t.Errorf("%d of 20 records came back, %v", len(b.records), err)
	}
}

// TestAnArchiveIsSmall measures an archive of fifty builds of a context of 2,000
// files, of which each build changes five.
func TestAnArchiveIsSmall(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	const files = 2000
	m := record.Manifest{
		Name: "context", Digests: make([]byte, files*record.DigestSize), Data: make([]byte, files*record.DataSize),
		Modes: make([]uint32, files), Sizes: make([]int64, files),
	}
	for i := range files {
		m.Paths = append(m.Paths, fmt.Sprintf("src/packages/%03d/component-%04d.ts", i/20, i))
		m.Sizes[i] = int64(random.Uint64() % 20000)
	}
	random.Read(m.Digests)
	random.Read(m.Data)
	var remote shelf
	single := 0
	for i := range Keep {
		for range 5 {
			at := int(random.Uint64() % files)
			random.Read(m.Digests[at*record.DigestSize : (at+1)*record.DigestSize])
			random.Read(m.Data[at*record.DataSize : (at+1)*record.DataSize])
			m.Sizes[at] = int64(random.Uint64() % 20000)
		}
		r := newBuild(record.Salt{1}, i, strings.Repeat(fmt.Sprintf("%022d ", i), 30))
		r.Manifests = []record.Manifest{m}
		data, err := record.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		single = len(data)
		s := open(t)
		if err := s.writeSalt(record.Salt{1}); err != nil {
			t.Fatal(err)
		}
		if err := NewMirror(s, &remote).Save(t.Context(), r, data); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("an archive of %d records has %.2f MiB, one record %.2f MiB", Keep, float64(len(remote[0]))/(1<<20), float64(single)/(1<<20))
	if a, err := readArchive(remote[0]); err != nil || len(a.records) != Keep {
		t.Fatalf("%d records, %v", len(a.records), err)
	}
	if len(remote[0]) > 4*single {
		t.Errorf("the archive has %d bytes, one record %d", len(remote[0]), single)
	}
}

// below lists the regular files below a folder.
func below(t testing.TB, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			paths = append(paths, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// FuzzArchive states that whatever an archive holds, only a salt, summaries and
// records of the asked key appear, in the folder alone and within the bounds, and
// that what was taken in can be written and read again.
func FuzzArchive(f *testing.F) {
	key := KeyOf(newBuild(record.Salt{}, 0, ""))
	var remote shelf
	for i := range 3 {
		s, m, _ := restored(f, &remote, key)
		save(f, m, build(s, f, i, "a b"))
	}
	f.Add(remote[0], false)
	for _, data := range append(slices.Collect(maps.Values(hostile(f))), remote[0]) {
		text, err := decompress(data)
		if err == nil && len(text) < 1<<16 {
			f.Add(text, true)
		}
	}
	allowed := regexp.MustCompile(`^history/(salt|summaries-v3/(writers|` + key.folder() + `)\.jsonl|v1/` + key.folder() +
		`/\d{8}T\d{6}\.\d{9}Z-[0-9A-Za-z-]{1,64}\.json\.zst)$`)
	f.Fuzz(func(t *testing.T, data []byte, packed bool) {
		if packed {
			data = compressed(t, data)
		}
		dir := t.TempDir()
		s, err := Open(filepath.Join(dir, "history"))
		if err != nil {
			t.Fatal(err)
		}
		m := NewMirror(s, &shelf{data})
		if _, err := m.Restore(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		paths := below(t, dir)
		if len(paths) > Keep+3 {
			t.Errorf("it left %d files", len(paths))
		}
		for _, path := range paths {
			if !allowed.MatchString(path) {
				t.Errorf("it left %q", path)
			}
			if fi, err := os.Lstat(filepath.Join(dir, path)); err != nil || !fi.Mode().IsRegular() {
				t.Errorf("%q is no regular file: %v", path, err)
			}
		}
		a, err := readArchive(data)
		if err != nil {
			return
		}
		again, err := a.encode()
		if err != nil {
			t.Fatal(err)
		}
		b, err := readArchive(again)
		if len(a.records)+len(a.summaries) == 0 && !a.salted {
			return // an archive of nothing is none
		}
		if err != nil || b.salt != a.salt || len(b.records) > len(a.records) {
			t.Fatalf("writing it again: %v", err)
		}
		for i, r := range b.records {
			if diff := cmp.Diff(string(a.records[i].text), string(r.text)); diff != "" || a.records[i].name != r.name {
				t.Errorf("the record %d came back other (-want +got):\n%s", i, diff)
			}
		}
	})
}
