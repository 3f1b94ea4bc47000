package buildcontext

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// indexed is a folder with one file, and an index that remembers it.
type indexed struct {
	t          *testing.T
	dir, cache string
	file       string
}

func newIndexed(t *testing.T) *indexed {
	x := &indexed{t: t, dir: t.TempDir(), cache: t.TempDir()}
	x.file = filepath.Join(x.dir, "file")
	x.write(x.file, "aaaa")
	if s := x.build(); s.Unread != 0 {
		t.Fatal("a file was known before it was seen")
	}
	return x
}

func (x *indexed) write(path, text string) {
	x.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		x.t.Fatal(err)
	}
}

// open opens the folder for a build that begins some time from now.
func (x *indexed) open(later time.Duration) *Tree {
	x.t.Helper()
	tree, err := Open(x.dir, OpenIndex(x.cache, x.dir, time.Now().Add(later)))
	if err != nil {
		x.t.Fatal(err)
	}
	return tree
}

// build takes a snapshot, long after the last change, and saves the index.
func (x *indexed) build() *Snapshot {
	x.t.Helper()
	tree := x.open(5 * time.Second)
	s, err := tree.Snapshot(x.t.Context(), Filter{}, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	if err := tree.SaveIndex(); err != nil {
		x.t.Fatal(err)
	}
	return s
}

// check compares a build with one that reads everything.
func (x *indexed) check(what string, unread int) {
	x.t.Helper()
	got := x.build()
	tree, err := Open(x.dir, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	want, err := tree.Snapshot(x.t.Context(), Filter{}, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	if got.Unread != unread {
		x.t.Errorf("%s: %d files were not read, want %d", what, got.Unread, unread)
	}
	if got.Sum() != want.Sum() {
		x.t.Errorf("%s: the index gave another digest than the file", what)
	}
	for i := range want.Entries {
		if got.Entries[i].Data != want.Entries[i].Data {
			x.t.Errorf("%s: the index gave another hash of the data of %s", what, want.Entries[i].Path)
		}
	}
}

func TestIndexKnowsWhatHasNotChanged(t *testing.T) {
	x := newIndexed(t)
	x.check("unchanged", 1)
	x.write(filepath.Join(x.dir, "second"), "new")
	x.check("with another file", 1)
	x.check("with both known", 2)
}

func TestIndexSeesEveryChange(t *testing.T) {
	for what, change := range map[string]func(x *indexed) error{
		"content, with the size and time as before": func(x *indexed) error {
			fi, err := os.Stat(x.file)
			if err != nil {
				return err
			}
			x.write(x.file, "bbbb")
			return os.Chtimes(x.file, time.Time{}, fi.ModTime())
		},
		"mode": func(x *indexed) error { return os.Chmod(x.file, 0o600) },
		"extended attribute": func(x *indexed) error {
			if err := unix.Setxattr(x.file, "user.colour", []byte("red"), 0); err != unix.ENOTSUP {
				return err
			}
			return os.Chmod(x.file, 0o640)
		},
		"another file in its place": func(x *indexed) error {
			fi, err := os.Stat(x.file)
			if err != nil {
				return err
			}
			x.write(x.file+".new", "cccc")
			if err := os.Chtimes(x.file+".new", time.Time{}, fi.ModTime()); err != nil {
				return err
			}
			return os.Rename(x.file+".new", x.file)
		},
	} {
		x := newIndexed(t)
		x.check(what+" (before)", 1)
		if err := change(x); err != nil {
			t.Fatal(err)
		}
		x.check(what, 0)
		x.check(what+" (after)", 1)
	}
}

// What was changed within the second before it was looked at may change once
// more and look the same.
func TestIndexDoesNotRememberWhatIsRacilyClean(t *testing.T) {
	x := &indexed{t: t, dir: t.TempDir(), cache: t.TempDir()}
	x.file = filepath.Join(x.dir, "file")
	x.write(x.file, "aaaa")
	tree := x.open(0)
	if _, err := tree.Snapshot(t.Context(), Filter{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := tree.SaveIndex(); err != nil {
		t.Fatal(err)
	}
	x.check("after a build right after the change", 0)
	x.check("after a build long after the change", 1)
}

func TestDamagedIndexIsNotBelieved(t *testing.T) {
	x := newIndexed(t)
	path := x.open(0).index.path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(i int) []byte {
		b := bytes.Clone(whole)
		b[i] ^= 1
		return b
	}
	for what, data := range map[string][]byte{
		"empty": nil, "cut off": whole[:len(whole)/2], "without its end": whole[:len(whole)-1],
		"another format": flipped(18), "a digest changed": flipped(len(whole) / 2), "a count changed": flipped(len(indexMagic())),
		"the hash changed": flipped(len(whole) - 1), "with more behind it": append(bytes.Clone(whole), 0),
	} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		x.check(what, 0)
	}
	x.check("written anew", 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	tree := x.open(5 * time.Second)
	if _, err := tree.Snapshot(t.Context(), Filter{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := tree.SaveIndex(); err == nil {
		t.Error("an index was written over a folder")
	}
	if left, _ := filepath.Glob(filepath.Join(x.cache, ".index-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What an operation took is remembered too, and is asked for again only if some
// file or the question has changed.
func TestChecksumsAreRemembered(t *testing.T) {
	x := newIndexed(t)
	sum := func(sel Selector) (string, bool) {
		t.Helper()
		tree := x.open(5 * time.Second)
		s, err := tree.Snapshot(t.Context(), Filter{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Checksum(t.Context(), []Selector{sel})
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.SaveIndex(); err != nil {
			t.Fatal(err)
		}
		return d.String(), s.content == nil
	}
	first, known := sum(Selector{Path: "file"})
	if known {
		t.Error("a checksum was known before it was computed")
	}
	if again, known := sum(Selector{Path: "file"}); again != first || !known {
		t.Errorf("the second time %s, remembered %v, want %s", again, known, first)
	}
	if _, known := sum(Selector{Path: "/"}); known {
		t.Error("another selector's checksum was taken")
	}
	x.write(x.file, "bbbb")
	if changed, known := sum(Selector{Path: "file"}); changed == first || known {
		t.Errorf("after a change %s, remembered %v", changed, known)
	}
}
