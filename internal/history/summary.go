package history

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/layercause/layercause/internal/record"
)

// To choose one of fifty records, or to list them, a small part of each is
// enough. It is kept in one file for each key, a line for each record, since to
// unpack fifty files takes longer than many a build. That file is only a shortcut:
// what it says of a record is taken while the record's file has the size and the
// time it had, and the record that is chosen is read and checked as a whole.
//
// A line is JSON, a tab, and the steps, which are most of it and are only looked
// at to choose: for each the first letter of its status and its key, with a space
// in between.

const summariesDir = "summaries-v3"

// maxSummaries bounds what is read: the summaries of records of a thousand steps.
const maxSummaries = 16 << 20

// Bounds on what a summary holds of one record.
const (
	summaryCauses = 50
	summaryText   = 400 // bytes
)

// summary is what is kept of one record.
type summary struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	// Record has no steps, vertices or manifests, of the Dockerfile the path, and
	// of the caches no lists.
	Record record.Record `json:"record"`
	steps  string
}

// summarize returns the summary of a record; fi is nil if it is in no file.
func summarize(r *record.Record, name string, fi fs.FileInfo) summary {
	x := summary{
		Name: name,
		Record: record.Record{
			Schema: r.Schema, ID: r.ID, SaltID: r.SaltID, StartedAt: r.StartedAt, Seconds: r.Seconds, Status: r.Status,
			Commit: r.Commit, Invocation: r.Invocation, Builder: r.Builder,
			Dockerfile: record.Dockerfile{Path: r.Dockerfile.Path},
			Caches:     shortCaches(r.Caches), Findings: shortFindings(r.Findings),
		},
		steps: shortSteps(r.Steps),
	}
	if fi != nil {
		x.Size, x.Modified = fi.Size(), fi.ModTime().UnixNano()
	}
	return x
}

func shortCaches(list []record.CacheAccess) []record.CacheAccess {
	out := make([]record.CacheAccess, len(list))
	for i, c := range list {
		c.Parts, c.Error = nil, clip(c.Error)
		if c.Index != nil {
			c.Index = &record.CacheIndex{Digest: c.Index.Digest, Writer: c.Index.Writer}
		}
		out[i] = c
	}
	return out
}

func shortFindings(f *record.Findings) *record.Findings {
	if f == nil {
		return nil
	}
	short := *f
	short.Withdrawn = nil
	short.Causes = make([]record.Finding, min(len(f.Causes), summaryCauses))
	for i := range short.Causes {
		c := f.Causes[i]
		c.File, c.Instruction, c.Subject = clip(c.File), clip(c.Instruction), clip(c.Subject)
		c.Files = append([]string(nil), c.Files[:min(len(c.Files), record.FindingFiles)]...)
		for j, name := range c.Files {
			c.Files[j] = clip(name)
		}
		short.Causes[i] = c
	}
	return &short
}

// clip bounds a text.
func clip(s string) string {
	if len(s) <= summaryText {
		return s
	}
	n := summaryText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// shortSteps leaves out steps without a result, which no choice depends on.
func shortSteps(steps []record.Step) string {
	var b strings.Builder
	for _, s := range steps {
		if s.Status != record.Hit && s.Status != record.Miss || s.Key == "" || strings.ContainsAny(s.Key, " \t\n") {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(s.Status[0])
		b.WriteString(s.Key)
	}
	return b.String()
}

// of says that the summary is that of the file as it is now.
func (s summary) of(fi fs.FileInfo) bool {
	return s.Size == fi.Size() && s.Modified == fi.ModTime().UnixNano()
}

func (s summary) line() ([]byte, error) {
	line, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	line = append(line, '\t')
	line = append(line, s.steps...)
	return append(line, '\n'), nil
}

// parseSummary reads a line. Who can write the history can write anything here.
func parseSummary(line []byte) (s summary, ok bool) {
	head, steps, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte("\t"))
	if !ok || json.Unmarshal(head, &s) != nil || s.Record.Check() != nil {
		return summary{}, false
	}
	s.steps = string(steps)
	return s, true
}

func (s *Store) summariesPath(folder string) string {
	return filepath.Join(s.dir, summariesDir, folder+".jsonl")
}

// readSummaries returns what is kept of a key, by file name, and whether the file
// should be written anew. A line that cannot be read counts as not there; of two
// for one record the last counts.
func (s *Store) readSummaries(folder string) (known map[string]summary, stale bool) {
	data := readSummaryFile(s.summariesPath(folder))
	if data == nil {
		return nil, true
	}
	known = map[string]summary{}
	lines := 0
	for line := range bytes.Lines(data) {
		lines++
		if x, ok := parseSummary(line); ok {
			known[x.Name] = x
		}
	}
	return known, lines > 2*Keep
}

// addSummary adds a line. What goes wrong makes the next build slower, and that
// is all.
func (s *Store) addSummary(folder string, x summary) {
	line, err := x.line()
	if err != nil {
		return
	}
	f, err := os.OpenFile(s.summariesPath(folder), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return // the next reader makes it
	}
	f.Write(line)
	f.Close()
}

// writeSummaries replaces what is kept of a key.
func (s *Store) writeSummaries(folder string, list []summary) {
	var data []byte
	for _, x := range list {
		line, err := x.line()
		if err != nil {
			return
		}
		data = append(data, line...)
	}
	if len(data) > maxSummaries {
		return
	}
	path := s.summariesPath(folder)
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
