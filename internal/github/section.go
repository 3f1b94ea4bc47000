package github

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// State says how a section stands among the others.
type State string

// The states of a section, the first shown first.
const (
	Failed State = "failed" // the build failed
	Loud   State = "loud"   // it has something to say
	// Quiet sections have nothing to say: they make no comment, and where there
	// are others they are folded away.
	Quiet State = "quiet"
)

// Section is what one build has to say in a comment that several share.
type Section struct {
	Key   string // from [Key]
	Title string // one line of Markdown, which stands above it where there are several
	// Text renders it as Markdown of at most so many bytes, as far as it can.
	Text  func(bytes int) string
	State State
	Lost  float64 // seconds; the most costly stand first
}

// section is one as it stands in a comment. All but title and text are numbers and
// digests.
type section struct {
	key    string
	commit string
	run    int64
	try    int64
	state  State
	lost   float64
	title  string
	cut    bool // only its first paragraph is left
	text   string
}

const (
	sectionName    = "layercause:section"
	titleLimit     = 1000 // bytes
	paragraphLimit = 2000 // bytes
)

var (
	sectionStart = regexp.MustCompile(`^<!-- layercause:section:([0-9a-f]{32}) commit=([0-9a-f]{40}|[0-9a-f]{64}) ` +
		`run=([0-9]{1,18}) attempt=([0-9]{1,9}) state=(failed|loud|quiet) lost=([0-9]{1,9}\.[0-9]) title=([A-Za-z0-9+/]*={0,2})( cut)? -->$`)
	paragraphEnd = regexp.MustCompile(`\n[ \t]*\n`)
)

// start is the line that opens a section. The title is in base64, so that whatever
// it holds cannot end the line.
func (s section) start() string {
	cut := ""
	if s.cut {
		cut = " cut"
	}
	return fmt.Sprintf("<!-- %s:%s commit=%s run=%d attempt=%d state=%s lost=%.1f title=%s%s -->", sectionName,
		s.key, s.commit, s.run, s.try, s.state, s.lost, base64.StdEncoding.EncodeToString([]byte(s.title)), cut)
}

func (s section) end() string { return "<!-- /" + sectionName + ":" + s.key + " -->" }

// String is the section with its markers. The blank line ends any block of the text.
func (s section) String() string { return s.start() + "\n" + s.text + "\n\n" + s.end() + "\n" }

// inert keeps a text from holding a marker of a section. A log that is quoted in a
// fence shows its lines as they are, and they may be anything.
func inert(text string) string { return strings.ReplaceAll(text, sectionName, "layercause: section") }

// sections reads the sections of a comment's body. What is no section, or is broken,
// is not there: its build writes it again, or a later one.
func sections(body string) map[string]section {
	found := map[string]section{}
	lines := strings.Split(stored(body), "\n")
	for i := 0; i < len(lines); i++ {
		s, ok := parseStart(lines[i])
		if !ok {
			continue
		}
		for end := i + 1; end < len(lines); end++ {
			if lines[end] == s.end() {
				s.text = strings.TrimSpace(strings.Join(lines[i+1:end], "\n"))
				if _, double := found[s.key]; !double {
					found[s.key] = s
				}
				i = end
				break
			}
			if strings.Contains(lines[end], sectionName) {
				i = end - 1 // it has no end of its own
				break
			}
		}
	}
	return found
}

func parseStart(line string) (s section, ok bool) {
	m := sectionStart.FindStringSubmatch(line)
	if m == nil {
		return s, false
	}
	title, err := base64.StdEncoding.DecodeString(m[7])
	if err != nil {
		return s, false
	}
	s = section{key: m[1], commit: m[2], state: State(m[5]), title: oneLine(string(title)), cut: m[8] != ""}
	s.run, _ = strconv.ParseInt(m[3], 10, 64) // the pattern bounds the digits
	s.try, _ = strconv.ParseInt(m[4], 10, 64)
	s.lost, _ = strconv.ParseFloat(m[6], 64)
	return s, true
}

// oneLine makes a title fit to stand as one: whoever may edit the comment may have
// put anything there.
func oneLine(title string) string {
	title = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, inert(title))
	title = strings.Join(strings.Fields(title), " ")
	if len(title) > titleLimit {
		return "One more build"
	}
	return title
}

// newer reports whether s is of a later run than o, or of a later attempt of it.
func (s section) newer(o section) bool {
	return s.run > o.run || s.run == o.run && s.try > o.try
}

// shortened is the section with its first paragraph alone, and where the rest is.
func (s section) shortened(runs string) section {
	if s.cut {
		return s
	}
	text := stored(s.text)
	if at := paragraphEnd.FindStringIndex(text); at != nil {
		text = text[:at[0]]
	}
	// What is no line of words, such as a fence, need not end where it is cut.
	if len(text) > paragraphLimit || strings.Contains(text, "\n") || strings.HasPrefix(text, "<") || strings.HasPrefix(text, "```") {
		text = ""
	}
	where := "the summary of its run"
	if runs != "" && s.run > 0 {
		where = "[the summary of its run](" + runs + strconv.FormatInt(s.run, 10) + ")"
	}
	s.text = strings.TrimSpace(text + "\n\n<sub>Shortened, since the comment is full: " + where + " has all of it.</sub>")
	s.cut = true
	return s
}
