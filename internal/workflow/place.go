package workflow

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// file is a workflow with the inputs of one of its steps.
type file struct {
	text    []byte
	doc     *yaml.Node
	with    *yaml.Node
	newline string
	lines   []int // byte offset of each line's start
}

// open reads a workflow and finds the step in it.
func open(text []byte, s Step) (*file, error) {
	doc, err := parse(text)
	if err != nil {
		return nil, err
	}
	f := &file{text: text, doc: doc, newline: "\n", lines: []int{0}}
	if bytes.Contains(text, []byte("\r\n")) {
		f.newline = "\r\n"
	}
	for i, c := range text {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	steps := child(child(child(root(doc), "jobs"), s.Job), "steps")
	if steps == nil || s.Number >= len(steps.Content) {
		return nil, ErrUnsafe
	}
	// A step with an anchor stands elsewhere too.
	step := steps.Content[s.Number]
	f.with = child(step, "with")
	if f.with == nil || f.with.Kind != yaml.MappingNode || f.with.Style&yaml.FlowStyle != 0 {
		return nil, ErrUnsafe
	}
	for _, n := range []*yaml.Node{steps, step, f.with} {
		if n.Anchor != "" {
			return nil, ErrUnsafe
		}
	}
	return f, nil
}

// offset is where a node begins, in bytes; -1 if that is not in the text.
func (f *file) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(f.lines) {
		return -1
	}
	at := f.lines[n.Line-1]
	for i := 1; i < n.Column; i++ { // columns count characters
		if at >= len(f.text) {
			return -1
		}
		_, size := utf8.DecodeRune(f.text[at:])
		at += size
	}
	return at
}

// span gives the bytes of a scalar, with its quotes or the header of its block. A
// block ends with its last line that is not blank, without the line's end. The
// start is -1 where that is not sure.
func (f *file) span(n *yaml.Node) (start, end int) {
	start = f.offset(n)
	if start < 0 || n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return -1, -1
	}
	line := string(f.text[start:f.lineEnd(start)])
	line = strings.TrimRight(line, "\r\n")
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return f.block(start)
	case n.Style&yaml.SingleQuotedStyle != 0:
		for i := 1; i < len(line); i++ {
			if line[i] != '\'' {
				continue
			}
			if i+1 < len(line) && line[i+1] == '\'' {
				i++
				continue
			}
			return start, start + i + 1
		}
	case n.Style&yaml.DoubleQuotedStyle != 0:
		for i := 1; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '"':
				return start, start + i + 1
			}
		}
	default:
		if i := strings.Index(line, " #"); i >= 0 {
			line = line[:i]
		}
		line = strings.TrimRight(line, " \t")
		if line == n.Value { // else it goes on in the next line
			return start, start + len(line)
		}
	}
	return -1, -1
}

// block gives the bytes of a block scalar: the lines below its header that are
// indented as its first one is.
func (f *file) block(start int) (from, end int) {
	if start >= len(f.text) || f.text[start] != '|' && f.text[start] != '>' {
		return -1, -1
	}
	indent := -1
	end = -1
	for at := f.lineEnd(start); at < len(f.text); at = f.lineEnd(at) {
		line := strings.TrimRight(string(f.text[at:f.lineEnd(at)]), "\r\n")
		text := strings.TrimLeft(line, " ")
		if text == "" {
			continue
		}
		if own := len(line) - len(text); indent < 0 {
			indent = own
		} else if own < indent {
			break
		}
		end = at + len(line)
		if indent == 0 {
			return -1, -1
		}
	}
	if end < 0 {
		return -1, -1
	}
	return start, end
}

// lineEnd is where the line after the one of an offset begins.
func (f *file) lineEnd(at int) int {
	if i := bytes.IndexByte(f.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(f.text)
}

// textLine is a line of a block.
type textLine struct {
	indent string
	end    int // where the next line begins
}

// lastLine gives the last line of a block.
func (f *file) lastLine(start, end int) textLine {
	at := bytes.LastIndexByte(f.text[:end], '\n') + 1
	line := string(f.text[at:end])
	return textLine{line[:len(line)-len(strings.TrimLeft(line, " "))], f.lineEnd(end)}
}

// newlineBefore is what a line needs before it that is put at the end of a file
// without a newline.
func (f *file) newlineBefore(at int) string {
	if at > 0 && f.text[at-1] != '\n' {
		return f.newline
	}
	return ""
}

// splice puts a text in the place of some bytes. A file that ends without a
// newline still does.
func (f *file) splice(from, to int, with string) []byte {
	out := append([]byte{}, f.text[:from]...)
	out = append(out, with...)
	out = append(out, f.text[to:]...)
	if n := len(f.text); n > 0 && f.text[n-1] != '\n' && to == n {
		out = bytes.TrimSuffix(out, []byte(f.newline))
	}
	return out
}
