package history

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/layercause/layercause/internal/record"
)

// tempPrefix begins the names of files that are being written.
const tempPrefix = ".writing-"

// mostPruned bounds the records that are removed after one build, which waits for it: a
// folder that many were copied into becomes small over the next ones.
const mostPruned = 20

// abandoned is the age at which a file that is being written has lost its
// writer: no record takes that long.
const abandoned = time.Hour

// Put keeps a record and removes the oldest of its key beyond [Keep]. The
// record is there whole or not at all: on a full disk or in a folder that can
// only be read, Put gives an error and leaves nothing behind. The warnings name
// files that would have been removed but are no records; those stay.
//
// Nothing is synced to the disk: that would cost every build tens of
// milliseconds, and what a power cut can do is leave one record cut off, which
// the next reader passes over.
func (s *Store) Put(ctx context.Context, r *record.Record) ([]string, error) {
	data, err := record.Encode(r)
	if err != nil {
		return nil, fmt.Errorf("keeping record: %w", err)
	}
	return s.PutEncoded(ctx, r, data)
}

// PutEncoded is [Store.Put] of a record that has been encoded.
func (s *Store) PutEncoded(ctx context.Context, r *record.Record, data []byte) ([]string, error) {
	folder := KeyOf(r).folder()
	dir := filepath.Join(s.dir, recordsDir, folder)
	name := nameOf(r)
	if !fileName.MatchString(name) {
		return nil, fmt.Errorf("keeping record %q of %s: its id or time cannot stand in a file name", r.ID, r.StartedAt)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keeping record: %w", err)
	}
	if err := writeFile(dir, name, data); err != nil {
		return nil, fmt.Errorf("keeping record: %w", err)
	}
	if fi, err := os.Stat(filepath.Join(dir, name)); err == nil {
		s.addSummary(folder, summarize(r, name, fi))
	}
	return s.prune(ctx, folder, dir)
}

// nameOf is the name of a record's file.
func nameOf(r *record.Record) string {
	return r.StartedAt.UTC().Format(timeFormat) + "-" + r.ID + ".json.zst"
}

func writeFile(dir, name string, data []byte) (err error) {
	f, err := os.CreateTemp(dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}

// prune removes the oldest records of a key. Two processes that do so at once
// remove the same files; each finds some gone already.
func (s *Store) prune(ctx context.Context, folder, dir string) ([]string, error) {
	if err := removeAbandoned(dir); err != nil {
		return nil, fmt.Errorf("tidying history: %w", err)
	}
	names, _, err := s.names(folder)
	if err != nil {
		return nil, err
	}
	var warnings []string
	removed := 0
	for _, name := range names[:max(len(names)-Keep, 0)] {
		if removed == mostPruned || ctx.Err() != nil {
			break
		}
		path := filepath.Join(dir, name)
		// What is no record was not put here by us, or holds what somebody may
		// want to look into: it is not ours to remove.
		r, err := readFile(path, record.ReadSteps)
		if err == nil {
			err = belongs(r, folder, filepath.Base(path))
		}
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				warnings = append(warnings, fmt.Sprintf("history: %s is old and no record of ours, so it was left there: %v", path, err))
			}
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return warnings, fmt.Errorf("tidying history: %w", err)
		}
		removed++
	}
	return warnings, nil
}

// removeAbandoned removes what writers that were killed left behind.
func removeAbandoned(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < abandoned {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
