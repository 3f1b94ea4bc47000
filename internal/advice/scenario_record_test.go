package advice_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/timing"
)

func newRecord(f *dockerfile.File) *record.Record {
	head := &record.Record{Invocation: record.Invocation{Context: "."}}
	head.Dockerfile = record.Dockerfile{Path: "Dockerfile", Text: record.RedactURLs(string(f.Data))}
	for i, in := range f.Instructions {
		head.Dockerfile.Instructions = append(head.Dockerfile.Instructions, record.Instruction{
			Stage: in.Stage, Command: in.Command, Text: in.Text, Line: in.Line, EndLine: in.EndLine, Names: in.Names})
		if in.Cacheable() {
			head.Steps = append(head.Steps, record.Step{ID: fmt.Sprintf("s%d", len(head.Steps)+1), Instruction: i, Status: record.Hit})
		}
	}
	return head
}

func fill(m *record.Manifest, sizes map[string]int64, root string) {
	for p := range sizes {
		m.Paths = append(m.Paths, strings.TrimSuffix(p, "/"))
	}
	slices.Sort(m.Paths)
	for _, p := range m.Paths {
		mode := fs.FileMode(0o644)
		if _, isDir := sizes[p+"/"]; isDir {
			mode = fs.ModeDir | 0o755
		}
		m.Modes, m.Sizes = append(m.Modes, uint32(mode)), append(m.Sizes, sizes[p])
		sum := sha256.Sum256([]byte(p))
		m.Digests, m.Data = append(m.Digests, sum[:record.DigestSize]...), append(m.Data, sum[:record.DataSize]...)
	}
	if m.Ignore != nil {
		if size := sizes[".dockerignore"]; size == 0 || size > int64(len(strings.Join(m.Ignore, "\n"))) {
			m.Ignore = append(m.Ignore, "") // it ends with a newline
		}
		m.IgnorePath = filepath.ToSlash(filepath.Join(root, ".dockerignore"))
	}
}

func setModes(t *testing.T, m *record.Manifest, modes map[string]string) {
	t.Helper()
	for i, p := range m.Paths {
		if modes[p] == "" {
			continue
		}
		n, err := strconv.ParseUint(modes[p], 8, 32)
		if err != nil {
			t.Fatal(err)
		}
		m.Modes[i] = m.Modes[i]&^0o777 | uint32(n)
	}
}

func miss(head *record.Record, f *dockerfile.File, causes []cause.Cause, seconds map[int]float64, l *timing.Ledger) {
	of := map[string][]string{}
	for i := range causes {
		c := &causes[i]
		at := f.InstructionAt(c.Line)
		if at < 0 {
			continue
		}
		hit := c.Kind != cause.BuildArg
		for j := range head.Steps {
			x := &head.Steps[j]
			in := f.Instructions[x.Instruction]
			if in.Stage != f.Instructions[at].Stage || x.Instruction < at {
				continue
			}
			if hit = hit || in.Command == "RUN"; hit {
				x.Status = record.Miss
				c.Steps = append(c.Steps, x.ID)
				of[x.ID] = append(of[x.ID], c.ID)
			}
		}
	}
	for j := range head.Steps {
		x := &head.Steps[j]
		in := f.Instructions[x.Instruction]
		if x.Status != record.Miss {
			continue
		}
		x.Seconds = 0.1
		if in.Command == "RUN" {
			x.Seconds = 10
		}
		if s, ok := seconds[in.Line]; ok {
			x.Seconds = s
		}
		l.Lost += x.Seconds
		for _, c := range of[x.ID] {
			l.CauseLost[c] += x.Seconds
		}
	}
}
