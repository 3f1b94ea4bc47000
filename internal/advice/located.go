package advice

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/layercause/layercause/internal/dockerfile"
)

// located is a simple command of a RUN, with its places in the instruction's Text.
type located struct {
	words []string
	at    []dockerfile.Range // of each word
	// start and end include assignments before it, and not what is redirected.
	start, end int
}

// locate finds the commands of a shell script, in order, and where the last
// statement ends. It reports false where readScript does, for the JSON form, and
// where the script is not in the Text as the shell sees it.
func locate(in dockerfile.Instruction) (commands []located, end int, ok bool) {
	if _, ok := readScript(in); !ok || in.JSON {
		return nil, 0, false
	}
	text := in.Args[0]
	base := len(in.Text) - len(text)
	if len(in.Heredocs) > 0 {
		text, base = in.Heredocs[0].Body, strings.Index(in.Text, "\n")+1
	}
	if base < 0 || !strings.HasPrefix(in.Text[base:], text) {
		return nil, 0, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil || len(file.Stmts) == 0 {
		return nil, 0, false
	}
	place := func(n syntax.Node) dockerfile.Range {
		return dockerfile.Range{Start: base + int(n.Pos().Offset()), End: base + int(n.End().Offset())}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if x, call := n.(*syntax.CallExpr); call && len(x.Args) > 0 {
			c := located{start: place(x).Start, end: place(x).End}
			for _, w := range x.Args {
				c.words = append(c.words, wordText(w.Parts))
				c.at = append(c.at, place(w))
			}
			commands = append(commands, c)
		}
		return true
	})
	last := file.Stmts[len(file.Stmts)-1]
	if last.Background || last.Coprocess || last.Cmd == nil {
		return nil, 0, false
	}
	end = place(last.Cmd).End
	for _, r := range last.Redirs {
		if r.Hdoc != nil {
			return nil, 0, false
		}
		end = max(end, place(r).End)
	}
	return commands, end, true
}

// aptWord finds what an apt-get or apk is told to do, by the index of the word.
func (c located) aptWord(names ...string) int {
	switch c.words[0] {
	case "apt-get", "apt", "apk":
	default:
		return -1
	}
	for i, w := range c.words[1:] {
		for _, name := range names {
			if w == name {
				return i + 1
			}
		}
	}
	return -1
}

// updates and installs say what a package manager's command does with its lists.
func (c located) updates() bool { return c.aptWord("update") > 0 }
func (c located) installs() bool {
	return c.aptWord("install", "add", "upgrade", "dist-upgrade", "build-dep") > 0
}
