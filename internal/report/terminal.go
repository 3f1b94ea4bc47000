package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	terminalRows  = 12
	terminalLines = 40 // of a diff
	terminalWide  = 100
)

// Terminal writes a short report for a developer's terminal: the verdict, the
// steps that missed with their causes, the best suggestion with its diff, and
// where to read on. Lines stay within 100 columns, the diff's aside.
func Terminal(w io.Writer, r Report, color bool) error {
	t := &terminal{view: newView(&r), color: color, wide: terminalWide}
	t.verdict()
	t.failure()
	t.gates()
	t.misses()
	t.suggestion()
	t.footer()
	if _, err := w.Write(inert(t.b.Bytes())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// terminal is a terminal report in the making.
type terminal struct {
	*view
	b     bytes.Buffer
	color bool
	wide  int // columns
}

// Colours that stay readable on a dark and on a light ground.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// paint writes text in a colour, if there are colours.
func (t *terminal) paint(color, text string) {
	if !t.color || color == "" || text == "" {
		t.b.WriteString(text)
		return
	}
	t.b.WriteString("\x1b[" + color + "m" + text + "\x1b[0m")
}

// inert makes sure that no line is a workflow command: the report may be printed
// in a log that a runner reads, where ##[ works anywhere in a line.
func inert(out []byte) []byte {
	out = bytes.ReplaceAll(out, []byte("##["), []byte("## ["))
	if !bytes.Contains(out, []byte("::")) {
		return out
	}
	lines := bytes.Split(out, []byte("\n"))
	for i, l := range lines {
		if bytes.HasPrefix(bytes.TrimSpace(l), []byte("::")) {
			lines[i] = bytes.Replace(l, []byte("::"), []byte(": :"), 1)
		}
	}
	return bytes.Join(lines, []byte("\n"))
}

// wrapped writes a sentence, broken at spaces, every line indented.
func (t *terminal) wrapped(s sentence, indent int, color string) {
	column := 0
	for _, w := range unbroken(s) {
		n := utf8.RuneCountInString(w.text())
		switch {
		case column == 0:
			t.b.WriteString(strings.Repeat(" ", indent))
			column = indent
		case column+1+n > t.wide:
			t.b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			t.b.WriteByte(' ')
			column++
		}
		column += n
		for _, p := range w {
			c := color
			if p.code {
				c = strings.TrimPrefix(color+";"+cyan, ";")
			}
			t.paint(c, p.text)
		}
	}
	t.b.WriteByte('\n')
}

// unbroken splits a sentence at its spaces, wherever its spans begin.
func unbroken(s sentence) []sentence {
	var all []sentence
	var w sentence
	for _, p := range s {
		for i, text := range strings.Split(p.text, " ") {
			if i > 0 && len(w) > 0 {
				all, w = append(all, w), nil
			}
			if text != "" {
				w = append(w, span{text: text, code: p.code})
			}
		}
	}
	if len(w) > 0 {
		all = append(all, w)
	}
	return all
}

func (t *terminal) verdict() {
	d := t.view.verdict()
	color := bold
	if d.quiet {
		color = ""
	}
	t.wrapped(d.lead, 0, color)
	if len(d.rest) > 0 {
		t.wrapped(d.rest, 0, "")
	}
	if beside := t.view.besideBase(); beside != nil {
		t.wrapped(beside, 0, "")
	}
}

func (t *terminal) failure() {
	f := t.Build.Failure
	if f == nil || strings.TrimSpace(f.Message) == "" {
		return
	}
	text, left := firstLines(cleanBlock(f.Message), 10, 200)
	t.b.WriteByte('\n')
	for _, l := range strings.Split(text, "\n") {
		t.b.WriteString("  ")
		t.paint(red, l)
		t.b.WriteByte('\n')
	}
	if left > 0 {
		t.paint(dim, "  … "+count(left, "more line")+"\n")
	}
}

func (t *terminal) gates() {
	for i, g := range t.Gates {
		if g.Status == "pass" || i == terminalRows {
			continue
		}
		t.b.WriteByte('\n')
		t.wrapped(words("Gate ").code(g.Gate, nameLimit).say(" failed: ").with(prose(g.Detail, detailLimit)), 2, red)
	}
}

// misses is the table of the steps that missed.
func (t *terminal) misses() {
	rows := t.missRows(terminalRows)
	if len(rows) == 0 {
		return
	}
	left := 0
	if len(rows) > terminalRows {
		left = len(rows) - terminalRows
		rows = rows[:terminalRows]
	}
	const stepWidth, whyWidth = 34, 40
	t.b.WriteByte('\n')
	t.paint(dim, fmt.Sprintf("  %5s  %-*s %-*s %7s %8s", "line", stepWidth, "step", whyWidth, "why it ran", "took", "lost"))
	t.b.WriteByte('\n')
	for _, r := range rows {
		line, lost := "", ""
		if r.step.Line > 0 {
			line = itoa(r.step.Line)
		}
		if r.first && r.cause != nil && !noTime(r.cause.LostSeconds) {
			lost = duration(r.cause.LostSeconds)
		}
		fmt.Fprintf(&t.b, "  %5s  ", line)
		t.paint(cyan, pad(shorten(t.instruction(r.step, 60).text(), stepWidth), stepWidth))
		color := dim
		if r.first {
			color = ""
		}
		t.b.WriteByte(' ')
		t.paint(color, pad(shorten(t.cellReason(r).text(), whyWidth), whyWidth))
		fmt.Fprintf(&t.b, " %7s", duration(r.step.Seconds))
		if lost != "" {
			t.b.WriteByte(' ')
			t.paint(bold+";"+yellow, fmt.Sprintf("%8s", lost))
		}
		t.b.WriteByte('\n')
	}
	if left > 0 {
		t.paint(dim, "         and "+count(left, "more step"))
		t.b.WriteByte('\n')
	}
}

// cellReason is a reason that fits into a narrow cell as well as it can: of the
// files the first, the line as a number.
func (t *terminal) cellReason(r row) sentence {
	if !r.first || r.cause == nil {
		return t.reason(r, 1)
	}
	s := t.why(r.cause, 1)
	if !r.named() && r.cause.Line > 0 {
		s = words("line " + itoa(r.cause.Line) + ": ").with(s)
	}
	return s
}

// pad fills a text up to a width in runes.
func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// suggestion is the best suggestion, its diff at the left edge, so that it can
// be copied.
func (t *terminal) suggestion() {
	list := t.wanted()
	if len(list) == 0 {
		return
	}
	g := list[0]
	t.b.WriteByte('\n')
	s := suggestionTitle(g)
	if gain := suggestionGain(g); gain != "" {
		s = s.say(" " + gain)
	}
	t.wrapped(s, 0, "")
	patch := cleanBlock(g.Patch)
	if patch == "" {
		return
	}
	text, left := firstLines(patch, terminalLines, patchWidth)
	t.b.WriteByte('\n')
	for _, l := range strings.Split(text, "\n") {
		t.paint(diffColor(l), l)
		t.b.WriteByte('\n')
	}
	if left > 0 {
		t.paint(dim, "… "+count(left, "more line"))
		t.b.WriteByte('\n')
	}
}

func diffColor(line string) string {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
		return dim
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "@@"):
		return cyan
	}
	return ""
}

// footer says what else there is and where.
func (t *terminal) footer() {
	var lines []sentence
	for i, w := range t.Warnings {
		if i == 3 {
			lines = append(lines, words("and "+count(len(t.Warnings)-i, "more warning")))
			break
		}
		lines = append(lines, words("warning: ").with(prose(w, detailLimit)))
	}
	if s := t.together(); s != nil {
		lines = append(lines, s)
	}
	if more := len(t.wanted()) - 1; more > 0 {
		lines = append(lines, words(count(more, "more suggestion")+" in the report"))
	}
	if n := len(refuted(t.Suggestions)); n > 0 {
		lines = append(lines, words("in the report: "+refutedTitle(n)))
	}
	if t.Links.Page != "" {
		lines = append(lines, words("Report: ").code(t.Links.Page, 300))
	}
	if len(lines) == 0 {
		return
	}
	t.b.WriteByte('\n')
	for _, l := range lines {
		t.wrapped(l, 0, "")
	}
}
