package dockerfile

import "bytes"

// indexLines finds where lines start, counting as BuildKit's parser does: a line
// ends with its \n, and what follows the last one is a line if it is not empty.
func (f *File) indexLines() {
	f.lines = []int{0}
	for i, c := range f.Data {
		if c == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	if f.lines[len(f.lines)-1] != len(f.Data) {
		f.lines = append(f.lines, len(f.Data))
	}
}

func (f *File) lineCount() int { return len(f.lines) - 1 }

// line gives a line by its index, which counts from 0, with its newline.
func (f *File) line(i int) []byte { return f.Data[f.lines[i]:f.lines[i+1]] }

// block extends an instruction's bytes over the comment lines directly above. A
// parser directive stays at the top of the file, whatever stands below it.
func (f *File) block(in Instruction) Range {
	first := in.Line - 1
	for first > 0 && !f.fixed[first-1] && bytes.HasPrefix(bytes.TrimSpace(f.line(first-1)), []byte("#")) {
		if n := len(f.Instructions); n > 0 && f.Instructions[n-1].EndLine >= first {
			break // the last line of a heredoc may look like a comment
		}
		first--
	}
	return Range{f.lines[first], in.Bytes.End}
}

// blank says whether the line is inside the file and has nothing but spaces.
func (f *File) blank(i int) bool {
	return i >= 0 && i < f.lineCount() && len(bytes.TrimSpace(f.line(i))) == 0
}

// newline is the line ending that most lines of the file have.
func (f *File) newline() string {
	crlf := bytes.Count(f.Data, []byte("\r\n"))
	if crlf*2 > bytes.Count(f.Data, []byte("\n")) {
		return "\r\n"
	}
	return "\n"
}
