package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"

	"github.com/layercause/layercause/internal/record"
)

// Remote keeps archives under names, for machines that share no folder.
type Remote interface {
	// Load returns the archives of a name, one of each place that may be read: that
	// which Update changes first, that which most builds can read last. None is no
	// error. One that is larger than [MaxArchive] may be cut off behind that.
	Load(ctx context.Context, name string) ([][]byte, error)
	// Update replaces the archive of a name by what merge makes of it, nil if there
	// is none. If another replaces it meanwhile, merge is called again with theirs.
	// An error of merge is returned as it is.
	Update(ctx context.Context, name string, merge func(old []byte) ([]byte, error)) error
}

// ErrReadOnly says that a remote may not be written to. It is no fault: who may
// not write is told so on purpose.
var ErrReadOnly = errors.New("it may only be read")

// errOtherSalt says that two builds without a history began one at the same time.
var errOtherSalt = errors.New("another build began the history at the same time, and this one's digests have another salt")

// Mirror is a history of one build whose records come from a remote and go to it.
// The folder has what the build needs: the records of its key, and who wrote
// caches.
type Mirror struct {
	store  *Store
	remote Remote
	// salted says that the salt is the remote's.
	salted bool
}

// NewMirror returns a mirror of a remote in a folder, which holds nothing yet.
func NewMirror(s *Store, r Remote) *Mirror { return &Mirror{store: s, remote: r} }

// Restore brings what the remote has of a key into the folder, and the salt. It
// returns a warning for each archive that is not as [Mirror.Save] writes it, which
// counts as none.
func (m *Mirror) Restore(ctx context.Context, key Key) ([]string, error) {
	var records, writers [][]byte
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { records, err = m.remote.Load(ctx, key.folder()); return err })
	group.Go(func() (err error) { writers, err = m.remote.Load(ctx, writersOf(key)); return err })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var warnings []string
	read := func(list [][]byte) (out []archive) {
		for _, data := range list {
			a, err := readArchive(data)
			if err != nil {
				warnings = append(warnings, fmt.Sprintf("history: an archive was passed over: %v", err))
				continue
			}
			out = append(out, a)
		}
		return out
	}
	if err := m.takeRecords(key.folder(), read(records)); err != nil {
		return warnings, fmt.Errorf("unpacking the history: %w", err)
	}
	var known []summary
	for _, a := range read(writers) {
		known = append(known, a.summaries...)
	}
	m.store.writeSummaries("writers", known)
	return warnings, nil
}

// writersOf names the archive of those who wrote the caches of a repository.
func writersOf(key Key) string { return "writers-" + Key{Repository: key.Repository}.folder() }

// takeRecords writes the archives' records as files. The salt is that of the last
// one, which most builds take; records with another could not be compared.
func (m *Mirror) takeRecords(folder string, archives []archive) error {
	var salt record.Salt
	for _, a := range archives {
		if a.salted {
			salt, m.salted = a.salt, true
		}
	}
	if !m.salted {
		return nil
	}
	if err := m.store.writeSalt(salt); err != nil {
		return err
	}
	dir := filepath.Join(m.store.dir, recordsDir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var known []summary
	for _, a := range archives {
		if !a.salted || a.salt != salt {
			continue
		}
		for _, r := range a.records {
			data, err := record.Compress(r.text)
			if err != nil {
				return err
			}
			if err := writeFile(dir, r.name, data); err != nil {
				return err
			}
		}
		for _, x := range a.summaries {
			if fi, err := os.Lstat(filepath.Join(dir, x.Name)); err == nil {
				x.Size, x.Modified = fi.Size(), fi.ModTime().UnixNano()
				known = append(known, x)
			}
		}
	}
	m.store.writeSummaries(folder, known)
	return nil
}

// Save adds a record, of which data is the encoded form, to the remote's.
func (m *Mirror) Save(ctx context.Context, r *record.Record, data []byte) error {
	salt, err := m.store.Salt()
	if err != nil {
		return err
	}
	text, err := decompress(data)
	if err != nil {
		return fmt.Errorf("reading the record: %w", err)
	}
	key, x := KeyOf(r), summarize(r, nameOf(r), nil)
	return m.remote.Update(ctx, key.folder(), func(old []byte) ([]byte, error) {
		a := readable(old)
		if a.salted && a.salt != salt {
			if !m.salted {
				return nil, errOtherSalt
			}
			a = archive{}
		}
		a.salt, a.salted = salt, true
		a.insert(archived{x.Name, text}, x)
		return a.encode()
	})
}

// SaveWriter adds that a build wrote its caches to what the remote knows of all
// builds of the repository. It does nothing for a build that wrote none.
func (m *Mirror) SaveWriter(ctx context.Context, r *record.Record) error {
	if !exportedAny(r.Caches) {
		return nil
	}
	x := summarize(r, nameOf(r), nil)
	x.Record.Findings, x.steps = nil, ""
	return m.remote.Update(ctx, writersOf(KeyOf(r)), func(old []byte) ([]byte, error) {
		a := readable(old)
		a.note(x)
		return a.encode()
	})
}

// readable reads what a new archive replaces. What cannot be read is not kept.
func readable(old []byte) archive {
	if old == nil {
		return archive{}
	}
	a, err := readArchive(old)
	if err != nil {
		return archive{}
	}
	return a
}

func exportedAny(caches []record.CacheAccess) bool {
	for _, c := range caches {
		if c.Direction == record.Export && c.Index != nil && c.Index.Digest != "" {
			return true
		}
	}
	return false
}

func decompress(data []byte) ([]byte, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxArchiveText))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.DecodeAll(data, nil)
}
