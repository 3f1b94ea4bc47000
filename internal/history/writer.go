package history

import (
	"bytes"
	"context"
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
	var found *record.Record
	for _, path := range paths[:min(len(paths), mostKeys)] {
		if ctx.Err() != nil {
			return nil
		}
		for line := range bytes.Lines(readSummaryFile(path)) {
			if !bytes.Contains(line, []byte(index)) {
				continue
			}
			x, ok := parseSummary(line)
			if ok && exported(x.Record.Caches, index) && (found == nil || x.Record.StartedAt.After(found.StartedAt)) {
				found = &x.Record
			}
		}
	}
	if found == nil {
		return nil
	}
	return &record.Writer{
		Record: found.ID, Commit: found.Commit.SHA, Ref: found.Commit.Ref,
		Dockerfile: found.Invocation.Dockerfile, Target: found.Invocation.Target,
	}
}

func exported(caches []record.CacheAccess, index string) bool {
	return slices.ContainsFunc(caches, func(c record.CacheAccess) bool {
		return c.Direction == record.Export && c.Index != nil && c.Index.Digest == index
	})
}

func readSummaryFile(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil
	}
	data := make([]byte, min(fi.Size(), maxSummaries))
	n, err := io.ReadFull(f, data)
	if err != nil && n == 0 {
		return nil
	}
	return data[:n]
}
