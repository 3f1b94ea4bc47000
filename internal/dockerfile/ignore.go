package dockerfile

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// IgnoreAll stands for all rules in an ignore comment.
const IgnoreAll = "all"

// WholeFile is the instruction of an [Ignore] that holds for all of them.
const WholeFile = -1

// Ignore is a comment of the form
//
//	# layercause: ignore=RULE[,RULE…] [why]
//
// Directly above an instruction, among its comments, it holds for that
// instruction; above the first one, with a blank line
// between, for the whole file.
type Ignore struct {
	Line        int // from 1
	Instruction int // index, or WholeFile
	Rules       []string
	// Problem says why the comment means nothing; it is empty if it does.
	Problem string
}

var (
	toUs    = regexp.MustCompile(`(?i)^#\s*layercause\s*:\s*(.*)$`)
	ignored = regexp.MustCompile(`(?i)^ignore\s*=\s*(.*)$`)
	ruled   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
)

// Ignores lists the comments to layercause, in the order of the file. Whether a
// rule of that name exists is for the caller to say.
func (f *File) Ignores() []Ignore {
	var out []Ignore
	above := 0 // the index of the line below the last instruction
	next := 0
	for i := range f.lineCount() {
		for next < len(f.Instructions) && (f.Instructions[next].Brought || f.Instructions[next].EndLine <= i) {
			above = max(above, f.Instructions[next].EndLine)
			next++
		}
		// The lines of an instruction may look like comments.
		if next < len(f.Instructions) && f.Instructions[next].Line <= i+1 || i < above {
			continue
		}
		line := bytes.TrimSpace(bytes.TrimPrefix(f.line(i), []byte("\xef\xbb\xbf")))
		if !bytes.HasPrefix(line, []byte("#")) {
			continue
		}
		m := toUs.FindSubmatch(line)
		if m == nil {
			continue
		}
		g := parseIgnore(string(m[1]))
		g.Line = i + 1
		switch {
		case next < len(f.Instructions) && f.Instructions[next].Block.Start <= f.lines[i]:
			g.Instruction = next
		case above == 0:
			g.Instruction = WholeFile
		default:
			g.Instruction = WholeFile
			g.Rules, g.Problem = nil, "it stands neither directly above an instruction nor at the top of the file"
		}
		out = append(out, g)
	}
	return out
}

func parseIgnore(text string) Ignore {
	m := ignored.FindStringSubmatch(text)
	if m == nil {
		return Ignore{Problem: "it is not of the form ignore=RULE[,RULE…]"}
	}
	var g Ignore
	for word := range strings.SplitSeq(m[1], ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(word), " ") // the reason follows
		name, _, _ = strings.Cut(name, "\t")
		if !ruled.MatchString(name) {
			return Ignore{Problem: "it is not of the form ignore=RULE[,RULE…]"}
		}
		g.Rules = append(g.Rules, name)
	}
	return g
}

// Ignored says whether a comment asks to leave an instruction out of a rule. The
// index WholeFile asks for the whole file.
func (f *File) Ignored(rule string, instruction int) bool {
	for _, g := range f.Ignores() {
		if g.Instruction != WholeFile && g.Instruction != instruction {
			continue
		}
		if slices.Contains(g.Rules, rule) || slices.Contains(g.Rules, IgnoreAll) {
			return true
		}
	}
	return false
}
