package dockerfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// SyntaxError is a Dockerfile that cannot be parsed.
type SyntaxError struct {
	Path string
	Line int // from 1, or 0 if none is to blame
	Err  error
}

// Error names the file and, where one is to blame, the line.
func (e *SyntaxError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("parsing Dockerfile %q: line %d: %v", e.Path, e.Line, e.Err)
	}
	return fmt.Sprintf("parsing Dockerfile %q: %v", e.Path, e.Err)
}

// Unwrap returns what is wrong there.
func (e *SyntaxError) Unwrap() error { return e.Err }

// Parse reads a Dockerfile. The path is only used in messages. The error is a
// [*SyntaxError].
func Parse(path string, data []byte) (*File, error) {
	f := &File{Path: path, Data: data, Escape: parser.DefaultEscapeToken}
	f.indexLines()
	if line, err := f.readDirectives(); err != nil {
		return nil, f.fault(line, err)
	}
	f.Syntax, _, _, _ = parser.DetectSyntax(data)
	res, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, f.fault(f.lineOf(err), err)
	}
	for _, node := range res.AST.Children {
		if err := f.add(node); err != nil {
			return nil, f.fault(node.StartLine, err)
		}
	}
	if len(f.Stages) == 0 {
		return nil, f.fault(0, errors.New("no FROM instruction"))
	}
	return f, nil
}

func (f *File) fault(line int, err error) error {
	return &SyntaxError{Path: f.Path, Line: line, Err: err}
}

// lineOf gives the line that BuildKit's parser blames. Where it stops at a line
// that is too long it blames the one before.
func (f *File) lineOf(err error) int {
	for i := range f.lineCount() {
		if len(f.line(i)) >= bufio.MaxScanTokenSize {
			return i + 1
		}
	}
	var at *parser.LocationError
	if errors.As(err, &at) && len(at.Locations) > 0 && len(at.Locations[0]) > 0 {
		return at.Locations[0][0].Start.Line
	}
	return 0
}

// readDirectives reads the parser directives ahead of the parser, which keeps
// neither their values nor the right line of a wrong one.
func (f *File) readDirectives() (int, error) {
	var p parser.DirectiveParser
	// Below a shebang BuildKit looks for the syntax line only.
	shebang := false
	f.fixed = make([]bool, f.lineCount())
	for i := range f.lineCount() {
		line := bytes.TrimSpace(bytes.TrimPrefix(f.line(i), []byte("\xef\xbb\xbf")))
		if i == 0 && bytes.HasPrefix(line, []byte("#!")) {
			shebang = true
			f.fixed[0] = true
			continue
		}
		d, err := p.ParseLine(line)
		if err != nil && !shebang {
			return i + 1, err
		}
		if d == nil {
			break
		}
		f.fixed[i] = true
		f.Directives = append(f.Directives, Directive{Name: d.Name, Value: d.Value, Line: i + 1})
		if d.Name == "escape" && !shebang {
			if d.Value != "`" && d.Value != `\` {
				return i + 1, fmt.Errorf("escape directive %q is neither ` nor \\", d.Value)
			}
			f.Escape = rune(d.Value[0])
		}
	}
	return 0, nil
}

// add appends one instruction and, for a FROM, its stage.
func (f *File) add(node *parser.Node) error {
	in := Instruction{
		Stage:   len(f.Stages) - 1,
		Command: strings.ToUpper(node.Value),
		Text:    textOf(node),
		Line:    node.StartLine,
		EndLine: node.EndLine,
		JSON:    node.Attributes["json"],
	}
	in.Bytes = Range{f.lines[in.Line-1], f.lines[in.EndLine]}
	in.Block = f.block(in)
	if _, known := command.Commands[strings.ToLower(node.Value)]; !known && f.Syntax == "" {
		return fmt.Errorf("unknown instruction: %s", node.Value)
	}
	inner := node
	if in.Command == "ONBUILD" {
		if node.Next == nil || len(node.Next.Children) == 0 {
			return errors.New("ONBUILD needs an instruction")
		}
		inner = node.Next.Children[0]
		in.Trigger, in.JSON = strings.ToUpper(inner.Value), inner.Attributes["json"]
	}
	for _, flag := range inner.Flags {
		name, value, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		in.Flags = append(in.Flags, Flag{Name: name, Value: value})
	}
	for _, h := range node.Heredocs {
		body := h.Content
		if h.Chomp {
			body = parser.ChompHeredocContent(body)
		}
		in.Heredocs = append(in.Heredocs, Heredoc{Name: h.Name, Expand: h.Expand, Body: unixLines(body)})
	}
	in.Names, in.Args = operands(strings.ToUpper(inner.Value), inner.Next)
	if in.Command == "ONBUILD" {
		in.Names = nil // nothing is declared in this build
	}
	in.Variables = variables(in.Text)

	if in.Command == "FROM" {
		if err := f.addStage(in); err != nil {
			return err
		}
		in.Stage = len(f.Stages) - 1
	} else if in.Stage < 0 && in.Command != "ARG" {
		return fmt.Errorf("%s stands above the first FROM, where only ARG may stand", in.Command)
	}
	f.Instructions = append(f.Instructions, in)
	return nil
}

func (f *File) addStage(in Instruction) error {
	s := Stage{Name: strconv.Itoa(len(f.Stages)), Parent: -1, From: len(f.Instructions)}
	switch {
	case len(in.Args) == 3 && strings.EqualFold(in.Args[1], "as"):
		s.Name = strings.ToLower(in.Args[2])
	case len(in.Args) != 1:
		return errors.New("FROM takes a base image, or a base image and AS with a name")
	}
	s.Base = in.Args[0]
	// Only a name refers to a stage here: FROM 0 is an image.
	for i, earlier := range f.Stages {
		if earlier.Name == strings.ToLower(s.Base) && earlier.Name != strconv.Itoa(i) {
			s.Parent = i
		}
	}
	f.Stages = append(f.Stages, s)
	return nil
}

// operands gives the names that an ARG or ENV declares, and the words of the
// other instructions. BuildKit's parser chains an ENV and a LABEL as name, value
// and separator.
func operands(cmd string, n *parser.Node) (names, args []string) {
	for ; n != nil; n = n.Next {
		switch cmd {
		case "ENV", "LABEL":
			if cmd == "ENV" {
				names = append(names, strings.Trim(n.Value, `"'`))
			}
			for i := 0; i < 2 && n.Next != nil; i++ {
				n = n.Next
			}
			continue
		case "ARG":
			name, _, _ := strings.Cut(n.Value, "=")
			names = append(names, strings.Trim(name, `"'`))
		}
		if len(n.Children) == 0 {
			args = append(args, n.Value)
		}
	}
	return names, args
}

// textOf keeps the line endings of a heredoc: they are part of what BuildKit takes.
func textOf(node *parser.Node) string {
	var b strings.Builder
	b.WriteString(strings.TrimSpace(node.Original))
	for _, h := range node.Heredocs {
		b.WriteString("\n" + h.Content + h.Name)
	}
	return b.String()
}

func unixLines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
