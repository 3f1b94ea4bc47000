package advice

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"github.com/layercause/layercause/internal/dockerfile"
)

// script is what a RUN executes, as far as a shell parser can tell.
type script struct {
	// commands are the words of every simple command, in order. A word that is
	// made by a command or by arithmetic is "\x00".
	commands [][]string
	// assigns are the NAME=value words in front of each command.
	assigns [][]string
	// linear says that the commands are joined by && or stand one after the
	// other, with no pipe, redirection, loop, function or subshell.
	linear bool
}

// unreadable stands for a word that only the shell knows.
const unreadable = "\x00"

// readScript reports false for a RUN that is no shell script, or one in another
// language.
func readScript(in dockerfile.Instruction) (script, bool) {
	if in.Command != "RUN" || len(in.Args) == 0 {
		return script{}, false
	}
	if in.JSON {
		return script{commands: [][]string{in.Args}, assigns: [][]string{nil}, linear: true}, true
	}
	text := in.Args[0]
	switch {
	case len(in.Heredocs) == 1 && strings.HasPrefix(text, "<<") && !strings.ContainsAny(text, " \t"):
		text = in.Heredocs[0].Body
		if strings.HasPrefix(text, "#!") {
			return script{}, false
		}
	case len(in.Heredocs) > 0:
		return script{}, false
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return script{}, false
	}
	s := script{linear: true}
	for _, st := range file.Stmts {
		s.linear = s.linear && linear(st)
	}
	ok := true
	syntax.Walk(file, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.CallExpr:
			var words []string
			for _, w := range x.Args {
				words = append(words, wordText(w.Parts))
			}
			if len(words) > 0 {
				s.commands = append(s.commands, words)
				s.assigns = append(s.assigns, assignments(x.Assigns))
			}
			if len(x.Assigns) > 0 && len(words) == 0 {
				s.linear = false // a later command may depend on it
			}
		case *syntax.FuncDecl, *syntax.DeclClause, *syntax.CoprocClause:
			ok = false
		}
		return true
	})
	return s, ok && len(s.commands) > 0
}

func assignments(all []*syntax.Assign) []string {
	var out []string
	for _, a := range all {
		word := unreadable
		switch {
		case a.Append || a.Naked || a.Array != nil || a.Index != nil:
		case a.Value == nil:
			word = a.Name.Value + "="
		default:
			word = a.Name.Value + "=" + wordText(a.Value.Parts)
		}
		out = append(out, word)
	}
	return out
}

func linear(st *syntax.Stmt) bool {
	if st.Negated || st.Background || st.Coprocess {
		return false
	}
	for _, r := range st.Redirs {
		if to := wordText(r.Word.Parts); to != "/dev/null" && r.Op != syntax.DplOut {
			return false
		}
	}
	switch x := st.Cmd.(type) {
	case *syntax.CallExpr:
		return true
	case *syntax.BinaryCmd:
		return x.Op == syntax.AndStmt && linear(x.X) && linear(x.Y)
	}
	return false
}

// nproc tells how many cores there are, which is no matter of files: commands are told to
// use as many.
const nproc = "nproc"

func countsCores(x *syntax.CmdSubst) bool {
	if len(x.Stmts) != 1 {
		return false
	}
	call, ok := x.Stmts[0].Cmd.(*syntax.CallExpr)
	return ok && len(call.Args) == 1 && call.Args[0].Lit() == nproc
}

// wordText gives a word without its quotes. Variables stay as $NAME.
func wordText(parts []syntax.WordPart) string {
	var b strings.Builder
	for _, p := range parts {
		switch x := p.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(x.Value, "\\\n", ""))
		case *syntax.SglQuoted:
			b.WriteString(x.Value)
		case *syntax.DblQuoted:
			b.WriteString(wordText(x.Parts))
		case *syntax.ParamExp:
			if x.Param == nil {
				return unreadable
			}
			b.WriteString("$" + x.Param.Value)
		case *syntax.CmdSubst:
			if !countsCores(x) {
				return unreadable
			}
			b.WriteString("$" + nproc)
		default:
			return unreadable
		}
	}
	return b.String()
}
