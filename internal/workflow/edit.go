package workflow

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/layercause/layercause/internal/action"
)

// ErrUnsafe says that an input is written in a way that no edit can be sure of.
var ErrUnsafe = errors.New("the input is written in a way that cannot be edited safely")

// Replace puts one text in the place of another in an input, which must have it
// exactly once.
func (s Step) Replace(text []byte, input, old, with string) ([]byte, error) {
	return s.edit(text, input, func(f *file, value *yaml.Node) ([]byte, string, error) {
		if value == nil || old == "" || strings.Count(value.Value, old) != 1 {
			return nil, "", ErrUnsafe
		}
		start, end := f.span(value)
		if start < 0 || strings.ContainsAny(with, "\r\n") {
			return nil, "", ErrUnsafe
		}
		src := f.text[start:end]
		from, to := encode(old, value.Style), encode(with, value.Style)
		if bytes.Count(src, []byte(from)) != 1 {
			return nil, "", ErrUnsafe
		}
		at := start + bytes.Index(src, []byte(from))
		return f.splice(at, at+len(from), to), strings.Replace(value.Value, old, with, 1), nil
	})
}

// Add puts an entry at the end of an input's list. If the step has not that input,
// it gets it below the input named beside, which it must have.
func (s Step) Add(text []byte, input, entry, beside string) ([]byte, error) {
	if entry == "" || strings.ContainsAny(entry, "\r\n\"") || strings.TrimSpace(entry) != entry {
		return nil, ErrUnsafe
	}
	if _, ok := s.written[input]; !ok {
		return s.addInput(text, input, entry, beside)
	}
	return s.edit(text, input, func(f *file, value *yaml.Node) ([]byte, string, error) {
		if value == nil || value.Value == "" {
			return nil, "", ErrUnsafe
		}
		start, end := f.span(value)
		if start < 0 {
			return nil, "", ErrUnsafe
		}
		if value.Style&yaml.LiteralStyle != 0 {
			line := f.lastLine(start, end)
			return f.splice(line.end, line.end, f.newlineBefore(line.end)+line.indent+entry+f.newline), added(value.Value, entry), nil
		}
		// One line becomes a block of two.
		src := string(f.text[start:end])
		if strings.ContainsAny(src, "\r\n") || value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			return nil, "", ErrUnsafe
		}
		rest := string(f.text[end:f.lineEnd(end)])
		key, _ := pair(f.with, input)
		indent := strings.Repeat(" ", key.Column-1+2)
		block := "|" + strings.TrimRight(rest, "\r\n") + f.newline + indent + value.Value + f.newline + indent + entry + f.newline
		return f.splice(start, f.lineEnd(end), block), value.Value + "\n" + entry + "\n", nil
	})
}

// added is a block with one line more, whatever follows its last one.
func added(value, entry string) string {
	trimmed := strings.TrimRight(value, "\n")
	tail := value[len(trimmed):]
	return trimmed + "\n" + entry + tail
}

func (s Step) addInput(text []byte, input, entry, beside string) ([]byte, error) {
	return s.edit(text, input, func(f *file, value *yaml.Node) ([]byte, string, error) {
		key, near := pair(f.with, beside)
		if value != nil || key == nil {
			return nil, "", ErrUnsafe
		}
		start, end := f.span(near)
		if start < 0 {
			return nil, "", ErrUnsafe
		}
		at := f.lineEnd(end)
		if near.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			at = f.lastLine(start, end).end
		}
		line := strings.Repeat(" ", key.Column-1) + input + ": " + entry + f.newline
		return f.splice(at, at, f.newlineBefore(at)+line), entry, nil
	})
}

// Remove takes an entry out of an input's list, and the input if it was the only
// one.
func (s Step) Remove(text []byte, input, entry string) ([]byte, error) {
	list, err := action.ParseList(s.written[input], action.Lines)
	if err != nil || !slices.Contains(list, entry) {
		return nil, ErrUnsafe
	}
	if len(list) == 1 {
		return s.edit(text, input, func(f *file, value *yaml.Node) ([]byte, string, error) {
			key, _ := pair(f.with, input)
			if key == nil || len(f.with.Content) < 4 {
				return nil, "", ErrUnsafe
			}
			start, end := f.span(value)
			if start < 0 {
				return nil, "", ErrUnsafe
			}
			from := f.offset(key)
			from -= key.Column - 1
			if strings.TrimSpace(string(f.text[from:f.offset(key)])) != "" {
				return nil, "", ErrUnsafe // it stands behind a dash or a brace
			}
			to := f.lineEnd(end)
			if value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				to = f.lastLine(start, end).end
			}
			return f.splice(from, to, ""), gone, nil
		})
	}
	return s.edit(text, input, func(f *file, value *yaml.Node) ([]byte, string, error) {
		if value == nil || value.Style&yaml.LiteralStyle == 0 {
			return nil, "", ErrUnsafe
		}
		start, end := f.span(value)
		if start < 0 {
			return nil, "", ErrUnsafe
		}
		for at := f.lineEnd(start); at < end; at = f.lineEnd(at) {
			if strings.TrimSpace(string(f.text[at:f.lineEnd(at)])) == entry {
				var lines []string
				for line := range strings.Lines(value.Value) {
					if strings.TrimSpace(line) != entry {
						lines = append(lines, line)
					}
				}
				want := strings.Join(lines, "")
				if !strings.HasSuffix(value.Value, "\n") {
					want = strings.TrimSuffix(want, "\n")
				}
				return f.splice(at, f.lineEnd(at), ""), want, nil
			}
		}
		return nil, "", ErrUnsafe
	})
}

// gone stands for the value of an input that is not there any more.
const gone = "\x00"

// edit makes a change and reads the result again: the input must have the wanted
// value, and all else be the same.
func (s Step) edit(text []byte, input string, change func(*file, *yaml.Node) ([]byte, string, error)) ([]byte, error) {
	before, err := open(text, s)
	if err != nil {
		return nil, err
	}
	after, want, err := change(before, child(before.with, input))
	if err != nil {
		return nil, fmt.Errorf("editing %s of %q: %w", input, s.Path, err)
	}
	f, err := open(after, s)
	if err != nil {
		return nil, fmt.Errorf("editing %s of %q: %w", input, s.Path, ErrUnsafe)
	}
	got := child(f.with, input)
	if want == gone && got != nil || want != gone && (got == nil || got.Kind != yaml.ScalarNode || got.Value != want || got.ShortTag() != "!!str") {
		return nil, fmt.Errorf("editing %s of %q: %w", input, s.Path, ErrUnsafe)
	}
	drop(before.with, input)
	drop(f.with, input)
	if !same(before.doc, f.doc) {
		return nil, fmt.Errorf("editing %s of %q: %w", input, s.Path, ErrUnsafe)
	}
	return after, nil
}

func drop(with *yaml.Node, input string) {
	for i := 0; i+1 < len(with.Content); i += 2 {
		if with.Content[i].Value == input {
			with.Content = slices.Delete(with.Content, i, i+2)
			return
		}
	}
}

// same compares what two nodes mean.
func same(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// encode writes a text as a scalar of a style has it.
func encode(text string, style yaml.Style) string {
	switch {
	case style&yaml.SingleQuotedStyle != 0:
		return strings.ReplaceAll(text, "'", "''")
	case style&yaml.DoubleQuotedStyle != 0:
		return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	}
	return text
}
