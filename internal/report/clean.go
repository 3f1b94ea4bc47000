package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// cleanLine makes foreign text safe to stand in a line: escape sequences,
// control, bidi and invisible characters are gone, every run of white space is
// one space. It never returns an empty string, because a hole in a sentence
// reads like a mistake of ours.
func cleanLine(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(min(len(s), 4096))
	space := false
	eachVisible(s, func(r rune) {
		if unicode.IsSpace(r) {
			space = b.Len() > 0
			return
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	})
	if b.Len() == 0 {
		return "(blank)"
	}
	return b.String()
}

// blockBytes bounds a patch or an error; what is shown of one is far less.
const blockBytes = 200_000

// cleanBlock makes foreign text safe to stand as lines: like [cleanLine], but
// line breaks, tabs and spaces stay.
func cleanBlock(s string) string {
	s = bounded(s, blockBytes)
	var b strings.Builder
	b.Grow(len(s))
	eachVisible(s, func(r rune) {
		switch r {
		case '\u2028', '\u2029', '\u0085', '\v', '\f':
			r = ' '
		}
		b.WriteRune(r)
	})
	return strings.Trim(b.String(), "\n")
}

// plain says that s can stand as it is: the fast path for nearly all texts.
func plain(s string) bool {
	if s == "" || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' || s[i] == ' ' && s[i-1] == ' ' {
			return false
		}
	}
	return true
}

// eachVisible calls f with every rune that a reader can see, and with white
// space. A carriage return that ends a line is dropped, any other starts one.
func eachVisible(s string, f func(rune)) {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\x1b':
			i += escapeLength(s[i:])
			continue
		case r == '\r':
			if i+1 >= len(s) || s[i+1] != '\n' {
				f('\n')
			}
		case r == '\n' || r == '\t' || !hidden(r):
			f(r)
		}
		i += n
	}
}

// escapeLength is the length of the ANSI sequence that s starts with.
func escapeLength(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch s[1] {
	case '[': // CSI: parameters, then one final byte
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return i
			}
		}
		return len(s)
	case ']': // OSC: up to BEL or ST, but never past the line
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == '\a':
				return i + 1
			case s[i] == '\x1b' && i+1 < len(s) && s[i+1] == '\\':
				return i + 2
			case s[i] == '\n' || s[i] == '\x1b':
				return i
			}
		}
		return len(s)
	}
	return 1
}

// hidden says that a rune shows nothing, or changes how its neighbours show.
func hidden(r rune) bool {
	switch {
	case r >= ' ' && r <= '~':
		return false
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
		return true
	case r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000 && r <= 0xe0fff: // variation selectors, tags
		return true
	}
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0:
		return true
	}
	return false
}

// bounded cuts a foreign text to so many bytes before anything else is done with
// it: a record may hold megabytes where a line is shown.
func bounded(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && !utf8.RuneStart(s[bytes]) {
		bytes--
	}
	return s[:bytes] + "…"
}

// shorten cuts a cleaned line after limit runes and says so by an ellipsis.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	n := 0
	for i := range s {
		if n == limit-1 {
			rest := s[i:]
			if utf8.RuneCountInString(rest) <= 1 {
				return s
			}
			return strings.TrimRight(s[:i], " ") + "…"
		}
		n++
	}
	return s
}

// firstLines cuts a cleaned block to lines of at most width runes and says how
// many lines are left.
func firstLines(s string, lines, width int) (text string, left int) {
	all := strings.Split(s, "\n")
	if len(all) > lines {
		left = len(all) - lines
		all = all[:lines]
	}
	for i, l := range all {
		all[i] = shorten(l, width)
	}
	return strings.Join(all, "\n"), left
}

// headOf is the first line of an instruction: a heredoc's body is not shown.
func headOf(instruction string) string {
	head, _, more := strings.Cut(strings.TrimSpace(instruction), "\n")
	if more {
		head = strings.TrimRight(head, "\r ") + " …"
	}
	return head
}
