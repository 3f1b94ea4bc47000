package report

import (
	"slices"
	"strings"
)

// A sentence is a line of text for any rendering: words of our own, and foreign
// text that each rendering escapes in its way.
type sentence []span

// span is a piece of a sentence.
type span struct {
	text string
	// code marks foreign text. It is cleaned already, but not escaped.
	code bool
	// link is the address that the span leads to, made by [Links].
	link string
}

// words makes a sentence of our own words.
func words(text string) sentence { return sentence{{text: text}} }

// code makes a sentence of one foreign text, at most limit runes long.
func code(text string, limit int) sentence {
	return sentence{{text: shorten(cleanLine(bounded(text, 8*limit+64)), limit), code: true}}
}

// say appends words of our own.
func (s sentence) say(text string) sentence { return append(s, span{text: text}) }

// code appends a foreign text, at most limit runes long.
func (s sentence) code(text string, limit int) sentence { return append(s, code(text, limit)...) }

// with appends another sentence.
func (s sentence) with(t sentence) sentence { return append(s, t...) }

// place appends file:line, linked if there is somewhere to link to.
func (s sentence) place(l Links, file string, line, endLine int) sentence {
	if file == "" {
		return s.say("line " + itoa(line))
	}
	return append(s, placeSpan(cleanLine(file)+":"+itoa(line), file, l.line(file, line, endLine)))
}

func placeSpan(text, file, link string) span {
	return span{
		text: shorten(text, 120),
		// A plain name such as Dockerfile reads better as a word.
		code: !only(file, isLetter) || len(file) > 40,
		link: link,
	}
}

// withoutLinks is the sentence with no way to anywhere.
func (s sentence) withoutLinks() sentence {
	out := slices.Clone(s)
	for i := range out {
		out[i].link = ""
	}
	return out
}

// text is the sentence without any marks.
func (s sentence) text() string {
	var b strings.Builder
	for _, p := range s {
		b.WriteString(p.text)
	}
	return b.String()
}

// prose makes a sentence of a foreign one. What stands in backticks becomes
// code; elsewhere a word of nothing but letters stays a word, and every other
// word (paths, names, options, and anything that could mean something to
// Markdown or to GitHub) becomes code. So a good sentence reads well, and a
// hostile one comes out as code.
func prose(text string, limit int) sentence {
	var s sentence
	text = shorten(cleanLine(bounded(text, 8*limit+64)), limit)
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			if part = strings.TrimSpace(part); part != "" {
				s = s.code(part, limit)
			}
			continue
		}
		s = append(s, proseSpans(part)...)
	}
	if strings.TrimSpace(s.text()) == "" {
		return words("(blank)")
	}
	return s
}

func proseSpans(part string) []span {
	var spans []span
	lead := ""
	for i, w := range strings.Split(part, " ") {
		if i > 0 {
			lead += " "
		}
		if w == "" {
			continue
		}
		open, core, tail := peel(w)
		last := len(spans) - 1
		switch {
		case core == "" || core == "%" || isWord(core), isNumber(core) && (tail == "" || tail == ","):
			spans = append(spans, span{text: lead + open + core + tail})
		case lead == " " && open == "" && last >= 0 && spans[last].code:
			// Neighbours are one piece of code: a command with its options.
			spans[last].text += " " + core
			spans = appendWords(spans, tail)
		default:
			spans = appendWords(spans, lead+open)
			spans = append(spans, span{text: core, code: true})
			spans = appendWords(spans, tail)
		}
		lead = ""
	}
	return appendWords(spans, lead)
}

func appendWords(spans []span, text string) []span {
	if text == "" {
		return spans
	}
	return append(spans, span{text: text})
}

// peel takes the punctuation of a sentence off a word.
func peel(w string) (open, core, tail string) {
	core = w
	if strings.HasPrefix(core, "(") {
		open, core = "(", core[1:]
	}
	for core != "" && strings.ContainsRune(".,;:)", rune(core[len(core)-1])) {
		if core[len(core)-1] == ')' && strings.Contains(core, "(") {
			break // it closes what stands within the word
		}
		core = core[:len(core)-1]
	}
	tail = w[len(open)+len(core):]
	if len(tail) > 2 {
		return "", w, ""
	}
	return open, core, tail
}

// isNumber says that a word is a small number, a share or a span of time: 12, 1.2, 50%
// or 1m12s. With a full stop behind it, it could start a list.
func isNumber(w string) bool {
	w = strings.TrimSuffix(w, "%")
	return w != "" && len(w) <= 6 && isDigit(w[0]) && w[len(w)-1] != '.' &&
		only(w, func(c byte) bool { return isDigit(c) || strings.IndexByte(".hms", c) >= 0 })
}

// isWord says that a word is nothing but letters, with a hyphen or an apostrophe
// inside. A word of hexadecimal digits alone could be the short hash of a commit,
// which GitHub links.
func isWord(w string) bool {
	if len(w) > 30 || !isLetter(w[0]) || !isLetter(w[len(w)-1]) {
		return false
	}
	if len(w) >= 7 && only(w, isHex) {
		return false
	}
	for i := 1; i < len(w); i++ {
		if !isLetter(w[i]) && (w[i] != '-' && w[i] != '\'' || !isLetter(w[i-1])) {
			return false
		}
	}
	return true
}
