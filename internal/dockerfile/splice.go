package dockerfile

import (
	"bytes"
	"slices"
	"strings"
)

// splice puts a text in the place of some bytes of an instruction.
type splice struct {
	Range
	text string
}

// Splice replaces the bytes of an instruction's Text from start up to end, and
// leaves all others where they stand: continuations, comments among them and
// heredocs. An insertion follows the byte before it. A "\n" in the new text becomes
// the file's line ending. Splice reports false and does nothing where it cannot be
// told which bytes of the file those of the Text are, or where some of them are
// replaced already. What is spliced after an instruction was moved does not move.
func (e *Edit) Splice(i, start, end int, text string) bool {
	at := e.file.offsets(i)
	if start < 0 || start > end || end > len(at) || len(at) == 0 {
		return false
	}
	var r Range
	switch {
	case start < end:
		r = Range{at[start], at[end-1] + 1}
	case start > 0:
		r = Range{at[start-1] + 1, at[start-1] + 1}
	default:
		r = Range{at[0], at[0]}
	}
	if slices.ContainsFunc(e.splices, func(s splice) bool {
		return r.Start < s.End && s.Start < r.End || r == s.Range
	}) {
		return false
	}
	e.splices = append(e.splices, splice{r, strings.ReplaceAll(text, "\n", e.file.newline())})
	slices.SortFunc(e.splices, func(a, b splice) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return a.End - b.End
	})
	return true
}

// Text is an instruction's Text with its splices, as it parses; it is empty if
// they leave no instruction that can be read.
func (e *Edit) Text(i int) string {
	in := e.file.Instructions[i]
	text := "FROM scratch\n" + e.piece(in.Bytes.Start, in.Bytes.End)
	if in.Command == "FROM" {
		text = text[len("FROM scratch\n"):]
	}
	if e.file.Escape != '\\' {
		text = "# escape=" + string(e.file.Escape) + "\n" + text
	}
	if e.file.Syntax != "" {
		text = "# syntax=" + e.file.Syntax + "\n" + text
	}
	f, err := Parse(e.file.Path, []byte(text))
	if err != nil || len(f.Instructions) == 0 {
		return ""
	}
	return f.Instructions[len(f.Instructions)-1].Text
}

// piece gives the bytes of a part of the file with their splices. Nothing is
// spliced across the ends of an instruction, and pieces are whole lines.
func (e *Edit) piece(start, end int) string {
	var b strings.Builder
	for _, s := range e.splices {
		if s.Start >= start && s.End <= end && s.Start < end {
			b.Write(e.file.Data[start:s.Start])
			b.WriteString(s.text)
			start = s.End
		}
	}
	b.Write(e.file.Data[start:end])
	return b.String()
}

// offsets gives, for each byte of an instruction's Text, where it stands in the
// file. It is nil where that does not come out as the Text that was parsed.
func (f *File) offsets(i int) []int {
	in := f.Instructions[i]
	if in.Brought {
		return nil
	}
	var at []int
	line := in.Line - 1
	for more := true; more && line < in.EndLine; line++ {
		start, end := f.lines[line], f.lines[line+1]
		text := bytes.TrimRight(f.Data[start:end], "\r\n")
		rest := bytes.TrimSpace(text)
		if line >= in.Line && (len(rest) == 0 || rest[0] == '#') {
			continue
		}
		text = bytes.TrimRight(text, " \t")
		n := len(text)
		more = n > 0 && rune(text[n-1]) == f.Escape && (n == 1 || text[n-2] != text[n-1])
		if more {
			end = start + n - 1
		} else {
			end = start + len(bytes.TrimRight(f.Data[start:end], "\r\n"))
		}
		for o := start; o < end; o++ {
			at = append(at, o)
		}
	}
	space := func(o int) bool { return bytes.IndexByte([]byte(" \t\v\f\r"), f.Data[o]) >= 0 }
	for len(at) > 0 && space(at[0]) {
		at = at[1:]
	}
	for len(at) > 0 && space(at[len(at)-1]) {
		at = at[:len(at)-1]
	}
	if len(in.Heredocs) > 0 {
		// The lines below are in the text as they stand, but for the tabs before each
		// closing word.
		at = append(at, f.lines[line]-1)
		for ; line < in.EndLine; line++ {
			for o := f.lines[line]; o < f.lines[line+1]; o++ {
				at = append(at, o)
			}
		}
		for len(at) > 0 && (f.Data[at[len(at)-1]] == '\n' || f.Data[at[len(at)-1]] == '\r') {
			at = at[:len(at)-1]
		}
	}
	if len(at) != len(in.Text) {
		return nil
	}
	for n, o := range at {
		if f.Data[o] != in.Text[n] {
			return nil
		}
	}
	return at
}
