package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// Past returns the last n records of a key, the newest first, and a warning for
// each file that had to be passed over. Of each there is what a list or a sum
// needs: ID, SaltID, StartedAt, Seconds, Status, Commit, Builder, Invocation, the
// path of the Dockerfile, Findings, and Caches without the lists of their indexes.
// Records of earlier versions have no Findings.
func (s *Store) Past(ctx context.Context, key Key, n int) ([]*record.Record, []string, error) {
	found, warnings, err := s.Candidates(ctx, key)
	return past(found, n), warnings, err
}

func past(found []Candidate, n int) []*record.Record {
	var list []*record.Record
	for _, c := range found[:min(len(found), n)] {
		list = append(list, c.Record)
	}
	return list
}

// folderName is the pattern of a key's folder.
var folderName = regexp.MustCompile(`^[0-9a-f]{32}$`)

// Keys returns what was built: the keys of which there are records, by
// repository, Dockerfile, target and platforms. A folder whose records cannot be
// read gives a warning.
func (s *Store) Keys(ctx context.Context) ([]Key, []string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, recordsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing history: %w", err)
	}
	var keys []Key
	var warnings []string
	for _, e := range entries {
		if !e.IsDir() || !folderName.MatchString(e.Name()) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, warnings, err
		}
		key, more, err := s.keyOfFolder(e.Name())
		if err != nil {
			return nil, warnings, err
		}
		warnings = append(warnings, more...)
		if key != nil {
			keys = append(keys, *key)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Dockerfile, b.Dockerfile),
			cmp.Compare(a.Target, b.Target), slices.Compare(a.Platforms, b.Platforms))
	})
	return keys, warnings, nil
}

// keyOfFolder asks the newest record that can be read for its key; nil if there
// is none.
func (s *Store) keyOfFolder(folder string) (*Key, []string, error) {
	names, _, err := s.names(folder)
	if err != nil {
		return nil, nil, err
	}
	known, _ := s.readSummaries(folder)
	var warnings []string
	for i, name := range slices.Backward(names) {
		if len(names)-i > mostRead {
			break
		}
		path := filepath.Join(s.dir, recordsDir, folder, name)
		sum, _, err := s.summaryOf(path, folder, known[name])
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				warnings = append(warnings, passedOver(path, err))
			}
			continue
		}
		// The rest of the folder is looked at by who lists it, with its warnings.
		key := KeyOf(&sum.Record)
		return &key, nil, nil
	}
	return nil, warnings, nil
}
