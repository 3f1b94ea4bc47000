package history

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/layercause/layercause/internal/record"
)

// To choose one of fifty records, a small part of each is enough. It is kept in
// one file for each key, a line of JSON for each record, since to unpack fifty
// files takes longer than many a build. That file is only a shortcut: what it
// says of a record is taken while the record's file has the size and the time it
// had, and the record that is chosen is read and checked as a whole.

const summariesDir = "summaries-v2"

// maxSummaries bounds what is read: the summaries of records of a thousand steps.
const maxSummaries = 16 << 20

// summary is what is kept of one record.
type summary struct {
	Name     string             `json:"name"`
	Size     int64              `json:"size"`
	Modified int64              `json:"modified"` // nanoseconds since 1970
	ID       string             `json:"id"`
	SaltID   string             `json:"saltId"`
	Started  time.Time          `json:"started"`
	Status   record.BuildStatus `json:"status"`
	Commit   record.Commit      `json:"commit"`
	// Dockerfile and Target tell whose record it is where it is not looked for by
	// its key.
	Dockerfile string `json:"dockerfile"`
	Target     string `json:"target,omitempty"`
	// Worker is the store of results that the build ran on, and Exports are the
	// digests of the cache indexes that it wrote.
	Worker  string      `json:"worker,omitempty"`
	Exports []string    `json:"exports,omitempty"`
	Steps   [][2]string `json:"steps"` // key and status
}

func summarize(r *record.Record, name string, fi fs.FileInfo) summary {
	s := summary{
		Name: name, Size: fi.Size(), Modified: fi.ModTime().UnixNano(),
		ID: r.ID, SaltID: r.SaltID, Started: r.StartedAt, Status: r.Status, Commit: r.Commit,
		Dockerfile: r.Invocation.Dockerfile, Target: r.Invocation.Target, Worker: r.Builder.Worker,
	}
	for _, c := range r.Caches {
		if c.Direction == record.Export && c.Index != nil && c.Index.Digest != "" {
			s.Exports = append(s.Exports, c.Index.Digest)
		}
	}
	for _, step := range r.Steps {
		s.Steps = append(s.Steps, [2]string{step.Key, string(step.Status)})
	}
	return s
}

// record returns the part of the record that the summary holds.
func (s summary) record() *record.Record {
	r := &record.Record{
		Schema: record.Schema, ID: s.ID, SaltID: s.SaltID, StartedAt: s.Started, Status: s.Status, Commit: s.Commit,
		Invocation: record.Invocation{Dockerfile: s.Dockerfile, Target: s.Target},
		Builder:    record.Builder{Worker: s.Worker},
		Steps:      make([]record.Step, len(s.Steps)),
	}
	for _, d := range s.Exports {
		r.Caches = append(r.Caches, record.CacheAccess{Direction: record.Export, Index: &record.CacheIndex{Digest: d}})
	}
	for i, step := range s.Steps {
		r.Steps[i].Key, r.Steps[i].Status = step[0], record.StepStatus(step[1])
	}
	return r
}

// of says that the summary is that of the file as it is now.
func (s summary) of(fi fs.FileInfo) bool {
	return s.Size == fi.Size() && s.Modified == fi.ModTime().UnixNano()
}

func (s *Store) summariesPath(key Key) string {
	return filepath.Join(s.dir, summariesDir, key.folder()+".jsonl")
}

// readSummaries returns what is kept of a key, by file name, and whether the file
// should be written anew. A line that cannot be read counts as not there; of two
// for one record the last counts.
func (s *Store) readSummaries(key Key) (known map[string]summary, stale bool) {
	data := readSummaryFile(s.summariesPath(key))
	if data == nil {
		return nil, true
	}
	known = map[string]summary{}
	lines := 0
	for line := range bytes.Lines(data) {
		lines++
		var x summary
		if json.Unmarshal(line, &x) == nil {
			known[x.Name] = x
		}
	}
	return known, lines > 2*Keep
}

// addSummary adds a line. What goes wrong makes the next build slower, and that
// is all.
func (s *Store) addSummary(key Key, x summary) {
	line, err := json.Marshal(x)
	if err != nil {
		return
	}
	f, err := os.OpenFile(s.summariesPath(key), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return // the next reader makes it
	}
	f.Write(append(line, '\n'))
	f.Close()
}

// writeSummaries replaces what is kept of a key.
func (s *Store) writeSummaries(key Key, list []summary) {
	var data []byte
	for _, x := range list {
		line, err := json.Marshal(x)
		if err != nil {
			return
		}
		data = append(append(data, line...), '\n')
	}
	if len(data) > maxSummaries {
		return
	}
	path := s.summariesPath(key)
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err != nil || cerr != nil || os.Rename(f.Name(), path) != nil {
		os.Remove(f.Name())
	}
}
