package dockerfile

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
)

// Edit is a set of changes to a file. Instructions are named by their index in
// the file as it was parsed, whatever else the edit does to it, and take the
// comment lines directly above along. Where an instruction stood alone between
// blank lines, one of them goes with it.
type Edit struct {
	file    *File
	cuts    []Range
	inserts []insert
	splices []splice
}

type insert struct {
	at   int
	text string
}

// Edit starts an edit that changes nothing.
func (f *File) Edit() *Edit { return &Edit{file: f} }

// Remove takes an instruction out.
func (e *Edit) Remove(i int) { e.cuts = append(e.cuts, e.file.Instructions[i].Block) }

// MoveBefore moves instruction i above the instruction at index before and its
// comments.
func (e *Edit) MoveBefore(i, before int) {
	e.inserts = append(e.inserts, insert{e.file.Instructions[before].Block.Start, e.block(i)})
	e.Remove(i)
}

// MoveBeforeAs moves instruction i like MoveBefore, with its comments, and puts lines
// in its place there.
func (e *Edit) MoveBeforeAs(i, before int, lines ...string) {
	in := e.file.Instructions[i]
	e.inserts = append(e.inserts, insert{e.file.Instructions[before].Block.Start, e.piece(in.Block.Start, in.Bytes.Start) + e.text(lines)})
	e.Remove(i)
}

// MoveAfter moves instruction i below the instruction at index after.
func (e *Edit) MoveAfter(i, after int) {
	e.inserts = append(e.inserts, insert{e.file.Instructions[after].Bytes.End, e.block(i)})
	e.Remove(i)
}

// InsertBefore puts lines above the instruction at index before and its
// comments. Lines are given without line endings and with commands in upper case,
// and get the endings and the case of the file. Of several inserts at one place the
// first stands first.
func (e *Edit) InsertBefore(before int, lines ...string) {
	e.inserts = append(e.inserts, insert{e.file.Instructions[before].Block.Start, e.text(lines)})
}

// InsertAfter puts lines below the instruction at index after.
func (e *Edit) InsertAfter(after int, lines ...string) {
	e.inserts = append(e.inserts, insert{e.file.Instructions[after].Bytes.End, e.text(lines)})
}

// Replace puts lines in the place of an instruction, and leaves the comments
// above it.
func (e *Edit) Replace(i int, lines ...string) {
	e.InsertAfter(i, lines...)
	e.cuts = append(e.cuts, e.file.Instructions[i].Bytes)
}

// Bytes gives the edited text. It ends with a newline if the file did.
func (e *Edit) Bytes() []byte {
	data := e.file.Data
	sort.SliceStable(e.inserts, func(i, j int) bool { return e.inserts[i].at < e.inserts[j].at })
	var out []byte
	at := 0
	keep := func(end int) {
		if end > at {
			out = append(out, e.piece(at, end)...)
			at = end
		}
	}
	put := func(text string) {
		if len(out) > 0 && out[len(out)-1] != '\n' {
			out = append(out, e.file.newline()...)
		}
		out = append(out, text...)
	}
	cuts := e.merged()
	for _, in := range e.inserts {
		for len(cuts) > 0 && cuts[0].Start < in.at {
			keep(cuts[0].Start)
			at = max(at, cuts[0].End)
			cuts = cuts[1:]
		}
		keep(in.at)
		put(in.text)
	}
	for _, c := range cuts {
		keep(c.Start)
		at = max(at, c.End)
	}
	if at < len(data) {
		put(e.piece(at, len(data)))
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		out = bytes.TrimSuffix(bytes.TrimSuffix(out, []byte(e.file.newline())), []byte("\n"))
	}
	return out
}

// merged joins the cuts that touch and widens each over the blank line that
// would be left doubled.
func (e *Edit) merged() []Range {
	slices.SortFunc(e.cuts, func(a, b Range) int { return a.Start - b.Start })
	var cuts []Range
	for _, c := range e.cuts {
		if n := len(cuts); n > 0 && c.Start <= cuts[n-1].End {
			cuts[n-1].End = max(cuts[n-1].End, c.End)
			continue
		}
		cuts = append(cuts, c)
	}
	f := e.file
	for i, c := range cuts {
		if slices.ContainsFunc(e.inserts, func(in insert) bool { return in.at >= c.Start && in.at <= c.End }) {
			continue // something stands there again
		}
		first, next := sort.SearchInts(f.lines, c.Start), sort.SearchInts(f.lines, c.End)
		switch {
		case f.blank(first-1) && f.blank(next):
			cuts[i].End = f.lines[next+1]
		case f.blank(first-1) && next == f.lineCount():
			cuts[i].Start = f.lines[first-1]
		}
	}
	return cuts
}

func (e *Edit) block(i int) string {
	b := e.file.Instructions[i].Block
	text := e.piece(b.Start, b.End)
	if !strings.HasSuffix(text, "\n") {
		text += e.file.newline()
	}
	return text
}

func (e *Edit) text(lines []string) string {
	nl := e.file.newline()
	if e.file.lowerCase() {
		lines = slices.Clone(lines)
		for i, line := range lines {
			lines[i] = lowered(line)
		}
	}
	return strings.Join(lines, nl) + nl
}

// lowerCase says whether most commands of the file are written in lower case.
func (f *File) lowerCase() bool {
	lower := 0
	for _, in := range f.Instructions {
		if strings.HasPrefix(in.Text, strings.ToLower(in.Command)) {
			lower++
		}
	}
	return lower*2 > len(f.Instructions)
}

// lowered writes the command that a line begins with in lower case.
func lowered(line string) string {
	word, _, _ := strings.Cut(line, " ")
	if _, known := command.Commands[strings.ToLower(word)]; !known || word != strings.ToUpper(word) {
		return line
	}
	return strings.ToLower(word) + line[len(word):]
}
