package github

import (
	"strconv"
	"strings"
	"unicode"
)

// Replacement is one change of neighbouring lines: what a review suggestion can
// say. Lines stand without their ends.
type Replacement struct {
	Path       string // relative to the repository, with slashes
	Start, End int    // the lines that are replaced, from 1
	Before     []string
	After      []string
}

// ReplacementOf reads a unified diff as one replacement. It is none if the diff
// is of several files or of places far apart, makes or removes a file, changes
// whether the file ends with a newline, or if the lines that it shows end in
// different ways: GitHub would then rewrite the ends of all lines.
//
// What only inserts lines replaces the line below them, or the one above at the
// end of the file, since GitHub knows no other way to say so.
func ReplacementOf(patch string) (Replacement, bool) {
	var r Replacement
	lines := strings.Split(strings.TrimSuffix(patch, "\n"), "\n")
	if len(lines) < 4 {
		return r, false
	}
	from, ok1 := strings.CutPrefix(lines[0], "--- a/")
	to, ok2 := strings.CutPrefix(lines[1], "+++ b/")
	start, _, ok3 := hunkStarts(lines[2])
	// A path in quotes starts with them and has neither prefix.
	if !ok1 || !ok2 || !ok3 || from != to {
		return r, false
	}
	r.Path = from
	body := lines[3:]
	first, last := -1, -1
	ends := map[bool]bool{}
	var unended [2]bool // the file before, and after, ends without a newline
	for i, l := range body {
		switch {
		case l == "":
			return r, false
		case l[0] == '\\' && i > 0:
			unended[0] = unended[0] || body[i-1][0] != '+'
			unended[1] = unended[1] || body[i-1][0] != '-'
			continue
		case l[0] == '+' || l[0] == '-':
			if first < 0 {
				first = i
			}
			last = i
		case l[0] != ' ':
			return r, false // a second hunk, or another file
		}
		ends[strings.HasSuffix(l, "\r")] = true
	}
	if first < 0 || len(ends) > 1 || unended[0] != unended[1] {
		return r, false
	}
	inserts := !strings.ContainsFunc(signs(body[first:last+1]), func(sign rune) bool { return sign != '+' })
	if inserts {
		switch {
		case last+1 < len(body) && body[last+1][0] == ' ':
			last++
		case first > 0 && body[first-1][0] == ' ':
			first--
		default:
			return r, false
		}
	}
	r.Start = start + len(body[:first]) // above it all lines are of both sides
	for _, l := range body[first : last+1] {
		text := strings.TrimSuffix(l[1:], "\r")
		if l[0] == ' ' || l[0] == '-' {
			r.Before = append(r.Before, text)
		}
		if l[0] == ' ' || l[0] == '+' {
			r.After = append(r.After, text)
		}
	}
	r.End = r.Start + len(r.Before) - 1
	return r, true
}

// signs are the first characters of the lines.
func signs(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		if l[0] != '\\' {
			b.WriteByte(l[0])
		}
	}
	return b.String()
}

// hunkStarts reads the head of a hunk, "@@ -3,8 +3,9 @@ …".
func hunkStarts(line string) (before, after int, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || f[0] != "@@" || f[3] != "@@" {
		return 0, 0, false
	}
	number := func(text, sign string) (int, bool) {
		text, signed := strings.CutPrefix(text, sign)
		text, _, _ = strings.Cut(text, ",")
		n, err := strconv.Atoi(text)
		return n, signed && err == nil && n >= 0
	}
	before, ok1 := number(f[1], "-")
	after, ok2 := number(f[2], "+")
	return before, after, ok1 && ok2
}

// overlaps says that two are about a line of the same file.
func (r Replacement) overlaps(o Replacement) bool {
	return r.Path == o.Path && r.Start <= o.End && o.Start <= r.End
}

// shows says whether a diff of GitHub's, which starts at its first "@@", shows
// the lines that are replaced as they are, in one hunk. The build may have been
// of a merge with the base, or of an older head: then the lines are others.
func (r Replacement) shows(patch string) bool {
	at, matched := 0, 0
	for l := range strings.Lines(patch) {
		l = strings.TrimRight(l, "\r\n")
		if l == "" {
			continue
		}
		switch l[0] {
		case '@':
			_, after, ok := hunkStarts(l)
			if !ok {
				return false
			}
			at, matched = after, 0
		case ' ', '+':
			if at == r.Start+matched && matched < len(r.Before) && l[1:] == r.Before[matched] {
				if matched++; matched == len(r.Before) {
					return true
				}
			}
			at++
		}
	}
	return false
}

// plain says whether a reader sees all of the new text: what is committed with
// one click must not hide anything.
func (r Replacement) plain() bool {
	for _, l := range r.After {
		if strings.ContainsFunc(l, func(c rune) bool {
			return c != '\t' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028' || c == '\u2029' || c == unicode.ReplacementChar)
		}) {
			return false
		}
	}
	return true
}
