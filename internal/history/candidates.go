package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// Candidate is an earlier record that a build can be compared with.
type Candidate struct {
	// Record has what [Store.Past] gives.
	Record *record.Record
	path   string
	// steps are those with a result, as in a summary.
	steps string
}

// fileName is the pattern of a record's file: the time in UTC, so that names
// sort by age, and the ID.
var fileName = regexp.MustCompile(`^(\d{8}T\d{6}\.\d{9}Z)-([0-9A-Za-z-]{1,64})\.json\.zst$`)

const timeFormat = "20060102T150405.000000000Z"

// mostRead bounds the files that are looked at, whatever the folder holds.
const mostRead = 4 * Keep

// Candidates returns the records of a key, the newest first, and a warning for
// each file that had to be passed over. A history without any gives none.
func (s *Store) Candidates(ctx context.Context, key Key) ([]Candidate, []string, error) {
	folder := key.folder()
	names, warnings, err := s.names(folder)
	if err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(s.dir, recordsDir, folder)
	known, stale := s.readSummaries(folder)
	var found []Candidate
	var kept []summary
	for i, name := range slices.Backward(names) {
		if err := ctx.Err(); err != nil {
			return nil, warnings, err
		}
		if len(names)-i > mostRead {
			warnings = append(warnings, fmt.Sprintf("history: %s holds %d records; only the last %d were looked at", dir, len(names), mostRead))
			break
		}
		path := filepath.Join(dir, name)
		sum, ok, err := s.summaryOf(path, folder, known[name])
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process removed it as one of the oldest
		}
		if err != nil {
			warnings = append(warnings, passedOver(path, err))
			continue
		}
		stale = stale || !ok
		kept = append(kept, sum)
		found = append(found, Candidate{Record: &sum.Record, path: path, steps: sum.steps})
	}
	if stale {
		s.writeSummaries(folder, kept)
	}
	return found, warnings, nil
}

// summaryOf returns the summary of a record file: the known one, as ok says, or
// a new one.
func (s *Store) summaryOf(path, folder string, known summary) (sum summary, ok bool, err error) {
	fi, err := os.Stat(path)
	if err != nil {
		return summary{}, false, err
	}
	if known.Name != "" && known.of(fi) && belongs(&known.Record, folder, known.Name) == nil {
		return known, true, nil
	}
	r, err := readFile(path, record.ReadSteps)
	if err == nil {
		err = belongs(r, folder, filepath.Base(path))
	}
	if err != nil {
		return summary{}, false, err
	}
	return summarize(r, filepath.Base(path), fi), false, nil
}

// names lists the record files of a key, the oldest first, with a warning for
// each entry that is no record file.
func (s *Store) names(folder string) (names, warnings []string, err error) {
	dir := filepath.Join(s.dir, recordsDir, folder)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing history: %w", err)
	}
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), tempPrefix):
			// A record that is being written.
		case !fileName.MatchString(e.Name()):
			warnings = append(warnings, passedOver(filepath.Join(dir, e.Name()), errors.New("its name is not that of a record")))
		case !e.Type().IsRegular():
			warnings = append(warnings, passedOver(filepath.Join(dir, e.Name()), errors.New("it is not a regular file")))
		default:
			names = append(names, e.Name())
		}
	}
	return names, warnings, nil // ReadDir sorts by name, which is by age
}

func readFile(path string, read func(io.Reader) (*record.Record, error)) (*record.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f)
}

// belongs tells a record that was put under its name from one that was moved or
// copied there.
func belongs(r *record.Record, folder, name string) error {
	if m := fileName.FindStringSubmatch(name); m[2] != r.ID {
		return fmt.Errorf("it holds the record %q", r.ID)
	}
	if KeyOf(r).folder() != folder {
		return errors.New("it holds a record of another repository, Dockerfile, target or platform")
	}
	return nil
}

func passedOver(path string, err error) string {
	return fmt.Sprintf("history: %s was passed over: %v", path, err)
}
