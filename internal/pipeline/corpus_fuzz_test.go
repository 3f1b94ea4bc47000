package pipeline_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/dockerfile"
	"github.com/layercause/layercause/internal/dockerfile/dockerfiletest"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/replay"
)

// Whatever becomes of a Dockerfile of the corpus, as long as it can be read: no rule
// panics, every patch applies, and what it makes can be read too and has touched no
// more than it has to.
func FuzzSuggestions(f *testing.F) {
	all := append(samples(f, corpusDir), samples(f, corpusDir+"-good")...)
	for i := range all {
		f.Add(uint16(i), []byte{byte(i), byte(i / 2), byte(i / 3), 3, byte(i), 0, byte(i / 5), 2, byte(i / 4)})
	}
	root := f.TempDir()
	opened := map[string]*checkout{}
	uses := map[string]int{}
	f.Fuzz(func(t *testing.T, n uint16, changes []byte) {
		s := all[int(n)%len(all)]
		was := s.files[s.dockerfile]
		is := mutated(was, changes)
		old, err := dockerfile.Parse(s.dockerfile, is)
		if err != nil || s.target != "" && old.StageNamed(s.target) < 0 {
			return
		}
		dir := filepath.Join(root, s.name)
		switch {
		case opened[s.name] == nil:
			opened[s.name] = s.checkOut(t, dir)
		case uses[s.name]%50 == 0: // it keeps every text that it was asked for
			opened[s.name] = s.open(t, dir)
		}
		uses[s.name]++
		c := opened[s.name]
		c.t = t
		c.write(t, dir, s.dockerfile, is)
		in := c.input(map[string]replay.Edit{s.dockerfile: {Before: was, After: is}})
		if len(changes)%2 == 0 {
			built(&in)
		}
		a := advice.Suggest(in)
		for _, g := range a.Suggestions {
			c.mutant(g.Rule, g.Edits, g.Patch, old)
		}
		if a.Best != nil {
			c.mutant("the best set", a.Best.Edits, a.Best.Patch, old)
		}
	})
}

// mutant checks a suggestion for a Dockerfile that a mutation made.
func (c *checkout) mutant(what string, edits []advice.FileEdit, patch string, old *dockerfile.File) {
	c.t.Helper()
	var whole bytes.Buffer
	for _, e := range edits {
		diff := dockerfile.Diff(e.Path, e.Before, e.After)
		whole.WriteString(diff)
		got, err := dockerfiletest.Apply(string(e.Before), diff)
		if err != nil || got != string(e.After) {
			c.t.Errorf("%s: the patch makes %q, and the edit %q: %v\n%s", what, got, e.After, err, diff)
		}
		for _, fault := range faults(e.Path == c.dockerfile, string(e.Before), string(e.After)) {
			c.t.Errorf("%s: %s: %s\n%s", what, e.Path, fault, diff)
		}
		if e.Path != c.dockerfile {
			continue
		}
		if want := record.RedactURLs(string(old.Data)); string(e.Before) != want {
			c.t.Errorf("%s: the edit starts from %q, not from %q", what, e.Before, want)
		}
		f, err := dockerfile.Parse(e.Path, e.After)
		if err != nil || len(f.Stages) < len(old.Stages) {
			c.t.Errorf("%s: what the patch makes cannot be read, or lacks a stage: %v\n%s", what, err, diff)
		}
		if c.convert(string(e.Before)) == nil {
			if err := c.convert(string(e.After)); err != nil {
				c.t.Errorf("%s: the frontend refuses the patched Dockerfile: %v\n%s", what, err, diff)
			}
		}
	}
	if whole.String() != patch {
		c.t.Errorf("%s: the patch is not that of its edits:\n%s\n%s", what, patch, whole.String())
	}
}

// mutated changes lines of a text: three bytes say what becomes of which.
func mutated(text []byte, changes []byte) []byte {
	lines := bytes.SplitAfter(bytes.Clone(text), []byte("\n"))
	for ; len(changes) >= 3; changes = changes[3:] {
		i, j := int(changes[1])%len(lines), int(changes[2])%len(lines)
		switch changes[0] % 7 {
		case 0:
			lines[i], lines[j] = lines[j], lines[i]
		case 1:
			lines[i] = nil
		case 2:
			lines = append(lines[:j:j], append([][]byte{lines[i]}, lines[j:]...)...)
		case 3:
			lines[i] = turned(lines[i])
		case 4:
			for n := range lines {
				lines[n] = turned(lines[n])
			}
		case 5:
			lines = bytes.SplitAfter(bytes.TrimRight(bytes.Join(lines, nil), "\r\n"), []byte("\n"))
		case 6:
			lines[i] = append([]byte("\t"), bytes.Replace(lines[i], []byte("\n"), []byte("  \n"), 1)...)
		}
	}
	return bytes.Join(lines, nil)
}

// turned gives a line the other line ending.
func turned(line []byte) []byte {
	if bytes.HasSuffix(line, []byte("\r\n")) {
		return append(line[:len(line)-2:len(line)-2], '\n')
	}
	return bytes.Replace(line, []byte("\n"), []byte("\r\n"), 1)
}
