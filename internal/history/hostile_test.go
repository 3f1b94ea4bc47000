package history

import (
	"archive/tar"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/layercause/layercause/internal/record"
)

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
