package advice

import (
	"slices"
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/layercause/layercause/internal/dockerfile"
)

// runText is the text of a RUN as it stands in the file, with what is known of
// where its commands are. Edits keep every byte that they do not name.
type runText struct {
	in       dockerfile.Instruction
	file     *dockerfile.File
	raw      string
	flags    int // offset of the first flag, or of what follows RUN
	commands []placedCommand
	// placed says that commands are those of the RUN, so that they can be edited.
	placed bool
	edits  []replacement
}

// placedCommand is a command of a chain joined by &&, by its offsets in the text.
type placedCommand struct {
	start, end int
	words      []placedWord
}

type placedWord struct {
	start, end int
	text       string
}

type replacement struct {
	start, end int
	text       string
}

func newRunText(f *dockerfile.File, i int) *runText {
	in := f.Instructions[i]
	raw := strings.TrimRight(string(f.Data[in.Bytes.Start:in.Bytes.End]), "\r\n")
	r := &runText{in: in, file: f, raw: raw}
	indent := len(raw) - len(strings.TrimLeft(raw, " \t"))
	if len(raw) < indent+4 || !strings.EqualFold(raw[indent:indent+3], "RUN") {
		return nil
	}
	r.flags = indent + 3
	for r.flags < len(raw) && (raw[r.flags] == ' ' || raw[r.flags] == '\t') {
		r.flags++
	}
	if r.flags == indent+3 || r.flags < len(raw) && strings.ContainsAny(raw[r.flags:r.flags+1], "\\`\r\n") {
		return nil // the first word stands on another line
	}
	r.place()
	return r
}

// place finds the commands in the text. The shell joins lines at the same places
// as a Dockerfile does, where the escape character is the shell's.
func (r *runText) place() {
	sc, ok := readScript(r.in)
	if !ok || !sc.linear || r.in.JSON || len(r.in.Heredocs) > 0 || r.file.Escape != '\\' {
		return
	}
	// The flags look like words of the first command.
	text := strings.Repeat(" ", r.flags) + r.raw[r.flags:]
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return
	}
	var statements []*syntax.Stmt
	var flatten func(st *syntax.Stmt)
	flatten = func(st *syntax.Stmt) {
		if b, ok := st.Cmd.(*syntax.BinaryCmd); ok {
			flatten(b.X)
			flatten(b.Y)
			return
		}
		statements = append(statements, st)
	}
	for _, st := range file.Stmts {
		flatten(st)
	}
	for _, st := range statements {
		call, ok := st.Cmd.(*syntax.CallExpr)
		if !ok {
			return
		}
		c := placedCommand{start: int(st.Pos().Offset()), end: int(st.End().Offset())}
		for _, w := range call.Args {
			c.words = append(c.words, placedWord{int(w.Pos().Offset()), int(w.End().Offset()), wordText(w.Parts)})
		}
		r.commands = append(r.commands, c)
	}
	// Without the flags these must be the commands of the instruction.
	if len(r.commands) == 0 || len(r.commands) != len(sc.commands) {
		return
	}
	first := &r.commands[0]
	for range len(r.in.Flags) {
		if len(first.words) == 0 || !strings.HasPrefix(first.words[0].text, "--") {
			return
		}
		first.words = first.words[1:]
	}
	for k, c := range r.commands {
		var words []string
		for _, w := range c.words {
			words = append(words, w.text)
		}
		if !slices.Equal(words, sc.commands[k]) {
			return
		}
	}
	if first.start = first.words[0].start; len(sc.assigns[0]) > 0 {
		return // an assignment stands between
	}
	r.placed = true
}

// mount puts flags in front of all others.
func (r *runText) mount(mounts []string) {
	flags := mounts[0] + " "
	if len(mounts) > 1 {
		flags = strings.Join(mounts, " "+string(r.file.Escape)+"\n    ") + " " + string(r.file.Escape) + "\n    "
	}
	r.edits = append(r.edits, replacement{r.flags, r.flags, flags})
}

// before puts a command in front of the first one.
func (r *runText) before(command string) {
	at := r.commands[0].start
	r.edits = append(r.edits, replacement{at, at, command + " && "})
}

// drop takes a word out with what separates it from the one before.
func (r *runText) drop(command, word int) {
	w := r.commands[command].words[word]
	before := strings.TrimRight(r.raw[:w.start], " \t")
	// A word that has a line for itself goes with that line.
	if line := strings.TrimSuffix(strings.TrimSuffix(before, "\n"), "\r"); line != before && strings.HasSuffix(line, "\\") {
		before = strings.TrimRight(strings.TrimSuffix(line, "\\"), " \t")
	}
	r.edits = append(r.edits, replacement{len(before), w.end, ""})
}

// swap puts another word in the place of one.
func (r *runText) swap(command, word int, text string) {
	w := r.commands[command].words[word]
	r.edits = append(r.edits, replacement{w.start, w.end, text})
}

// dropCommand takes a command out with the && that joins it. It reports false for
// the only one.
func (r *runText) dropCommand(k int) bool {
	switch {
	case k > 0:
		r.edits = append(r.edits, replacement{r.commands[k-1].end, r.commands[k].end, ""})
	case len(r.commands) > 1:
		r.edits = append(r.edits, replacement{r.commands[0].start, r.commands[1].start, ""})
	default:
		return false
	}
	return true
}

// lines gives the edited text.
func (r *runText) lines() []string {
	// What is put in stands in front of what is changed at the same place.
	sort.SliceStable(r.edits, func(i, j int) bool {
		a, b := r.edits[i], r.edits[j]
		return a.start < b.start || a.start == b.start && a.end == a.start && b.end > b.start
	})
	var b strings.Builder
	at := 0
	for _, e := range r.edits {
		if e.start < at {
			e.start = at // what is dropped already
		}
		b.WriteString(r.raw[at:e.start])
		b.WriteString(e.text)
		at = max(at, e.end)
	}
	b.WriteString(r.raw[at:])
	return strings.Split(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n")
}
