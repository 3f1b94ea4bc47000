package history

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/layercause/layercause/internal/record"
)

// mostKeys bounds the files of summaries that are searched for a writer.
const mostKeys = 200

// Writer finds the build that wrote a cache index, among the builds of all
// Dockerfiles, targets and platforms: caches are overwritten by others than their
// own. It is nil if none is known.
func (s *Store) Writer(ctx context.Context, index string) *record.Writer {
	if index == "" {
		return nil
	}
	paths, err := filepath.Glob(filepath.Join(s.dir, summariesDir, "*.jsonl"))
	if err != nil {
		return nil
	}
	var found *summary
	for _, path := range paths[:min(len(paths), mostKeys)] {
		if ctx.Err() != nil {
			return nil
		}
		for line := range bytes.Lines(readSummaryFile(path)) {
			if !bytes.Contains(line, []byte(index)) {
				continue
			}
			var x summary
			if json.Unmarshal(line, &x) == nil && slices.Contains(x.Exports, index) && (found == nil || x.Started.After(found.Started)) {
				found = &x
			}
		}
	}
	if found == nil {
		return nil
	}
	return &record.Writer{
		Record: found.ID, Commit: found.Commit.SHA, Ref: found.Commit.Ref, Dockerfile: found.Dockerfile, Target: found.Target,
	}
}

func readSummaryFile(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSummaries))
	if err != nil {
		return nil
	}
	return data
}
