package history

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/layercause/layercause/internal/record"
)

// Keep is the number of records that are kept of one [Key].
const Keep = 50

const (
	saltFile   = "salt"
	recordsDir = "v1"
)

// Store is a history in a folder.
type Store struct {
	dir string
}

// Open returns the history in the folder dir and makes the folder if it is not
// there. A folder that can only be read is good for everything but [Store.Put]
// and the first [Store.Salt].
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening history: %w", err)
	}
	return &Store{dir: dir}, nil
}

// Dir returns the folder that holds the history.
func (s *Store) Dir() string { return s.dir }

// Files returns the names of what a history has in its folder.
func (s *Store) Files() []string { return []string{saltFile, recordsDir, summariesDir} }

// Salt returns the key of the digests in this history's records. The first call
// makes it, readable by the user alone; of several processes that make it at
// the same time, one wins and all get the winner's.
func (s *Store) Salt() (record.Salt, error) {
	path := filepath.Join(s.dir, saltFile)
	salt, err := readSalt(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	if _, err := rand.Read(salt[:]); err != nil {
		return record.Salt{}, fmt.Errorf("making the history's salt: %w", err)
	}
	if err := s.writeSalt(salt); err != nil {
		return record.Salt{}, fmt.Errorf("making the history's salt: %w", err)
	}
	return readSalt(path)
}

// writeSalt writes the salt under another name first: a link gives it its own
// name in one step, when it is whole, and does not replace one that is there.
func (s *Store) writeSalt(salt record.Salt) error {
	f, err := os.CreateTemp(s.dir, tempPrefix+"*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(salt[:]) + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(s.dir, saltFile)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func readSalt(path string) (record.Salt, error) {
	var salt record.Salt
	data, err := os.ReadFile(path)
	if err != nil {
		return salt, fmt.Errorf("reading the history's salt: %w", err)
	}
	if salt, err = parseSalt(data); err != nil {
		return salt, fmt.Errorf("reading the history's salt: %s: %w; hint: remove the file to start a new history", path, err)
	}
	return salt, nil
}

// parseSalt reads what a salt's file holds: its digits, and the end of the line.
func parseSalt(data []byte) (salt record.Salt, err error) {
	const digits = 2 * len(salt)
	if len(data) != digits+1 {
		return salt, fmt.Errorf("it holds %d bytes, not %d digits", len(data), digits)
	}
	_, err = hex.Decode(salt[:], data[:digits])
	return salt, err
}

// Key says which builds can be compared with each other.
type Key struct {
	Repository string
	Dockerfile string
	Target     string
	Platforms  []string
}

// KeyOf returns the key of a record.
func KeyOf(r *record.Record) Key {
	dockerfile := r.Invocation.Dockerfile
	if dockerfile == "" {
		dockerfile = r.Dockerfile.Path
	}
	return Key{
		Repository: r.Commit.Repository,
		Dockerfile: dockerfile,
		Target:     r.Invocation.Target,
		Platforms:  r.Invocation.TargetPlatforms(),
	}
}

// folder is the name of the key's folder. It is a digest, since nothing in a
// key may choose where files go.
func (k Key) folder() string {
	h := sha256.New()
	parts := append([]string{k.Repository, k.Dockerfile, k.Target}, k.Platforms...)
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
