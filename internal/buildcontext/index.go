package buildcontext

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Index remembers the digests of files by what the file system says of them:
// device, inode, size, mode, and both times. As in git's index, a file that was
// changed in the second before the index was written is not trusted ("racily
// clean"), since its times might stay the same at the next change.
//
// A nil Index knows nothing and keeps nothing.
type Index struct {
	path string

	mu    sync.RWMutex
	known map[[16]byte]fileSum
	next  map[[16]byte]fileSum
	dirty bool
	start time.Time
}

// indexMagic is the first line of an index file; its number is the format's.
const indexMagic = "layercause-index-1\n"

// maxIndexSize bounds what is read: some two million files.
const maxIndexSize = 128 << 20

const indexEntrySize = 16 + 32 + 8

// OpenIndex reads the index for the folder root below dir. A missing or
// damaged one is empty: it is only a shortcut. Now is the start of the build.
func OpenIndex(dir, root string, now time.Time) *Index {
	sum := sha256.Sum256([]byte(root))
	x := &Index{
		path:  filepath.Join(dir, hex.EncodeToString(sum[:16])),
		known: map[[16]byte]fileSum{}, next: map[[16]byte]fileSum{}, start: now,
	}
	data, err := readBounded(x.path)
	if err != nil || len(data) < len(indexMagic)+sha256.Size || string(data[:len(indexMagic)]) != indexMagic {
		return x
	}
	body := data[len(indexMagic) : len(data)-sha256.Size]
	if sha256.Sum256(body) != [32]byte(data[len(data)-sha256.Size:]) || len(body)%indexEntrySize != 0 {
		return x
	}
	x.known = make(map[[16]byte]fileSum, len(body)/indexEntrySize)
	for ; len(body) > 0; body = body[indexEntrySize:] {
		x.known[[16]byte(body)] = fileSum{
			digest: [32]byte(body[16:48]), data: binary.LittleEndian.Uint64(body[48:]),
		}
	}
	return x
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() > maxIndexSize {
		return nil, errors.New("too large")
	}
	data := make([]byte, fi.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// key digests what must be unchanged for a file to be taken as unchanged. The
// entry's own stat is in it too: it is the one that the daemon was sent.
func (x *Index) key(path string, e *Entry) ([16]byte, bool) {
	fi, err := os.Lstat(path)
	if err != nil {
		return [16]byte{}, false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return [16]byte{}, false
	}
	changed := time.Unix(st.Ctim.Unix())
	if fi.ModTime().After(changed) {
		changed = fi.ModTime()
	}
	if x.start.Sub(changed) < time.Second {
		return [16]byte{}, false
	}
	b := make([]byte, 0, 192)
	for _, n := range []uint64{
		uint64(st.Dev), st.Ino, uint64(fi.Size()), uint64(fi.Mode()),
		uint64(fi.ModTime().UnixNano()), uint64(st.Ctim.Nano()),
		uint64(e.stat.Mode), uint64(e.stat.Size), uint64(e.stat.ModTime),
	} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	sum := sha256.Sum256(append(b, path...))
	return [16]byte(sum[:]), true
}

func (x *Index) lookup(path string, e *Entry) (fileSum, bool) {
	if x == nil || len(x.known) == 0 {
		return fileSum{}, false
	}
	k, ok := x.key(path, e)
	if !ok {
		return fileSum{}, false
	}
	s, ok := x.known[k]
	if ok {
		x.mu.Lock()
		x.next[k] = s
		x.mu.Unlock()
	}
	return s, ok
}

func (x *Index) add(path string, e *Entry) {
	if x == nil || !e.Mode.IsRegular() || e.Link != "" || e.Size == 0 {
		return
	}
	k, ok := x.key(path, e)
	if !ok {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.next[k] = fileSum{digest: e.Digest, data: e.Data}
	x.dirty = true
}

// Save writes the files seen in this build. It writes nothing if all of them
// were known, and replaces the file in one step.
func (x *Index) Save() error {
	if x == nil || (!x.dirty && len(x.next) == len(x.known)) || len(x.next) == 0 {
		return nil
	}
	body := make([]byte, 0, len(x.next)*indexEntrySize)
	for k, s := range x.next {
		body = append(body, k[:]...)
		body = append(body, s.digest[:]...)
		body = binary.LittleEndian.AppendUint64(body, s.data)
	}
	if len(body) > maxIndexSize-1024 {
		return nil
	}
	sum := sha256.Sum256(body)
	if err := os.MkdirAll(filepath.Dir(x.path), 0o700); err != nil {
		return fmt.Errorf("writing the file index: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(x.path), ".index-*")
	if err != nil {
		return fmt.Errorf("writing the file index: %w", err)
	}
	for _, part := range [][]byte{[]byte(indexMagic), body, sum[:]} {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), x.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("writing the file index: %w", err)
	}
	return nil
}
