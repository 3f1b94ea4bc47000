package action

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
)

var (
	errFenceOpen = errors.New("opening a fence in the step's log: another one is open")
	errFenceShut = errors.New("writing to a fence in the step's log: it is closed")
)

// terminalSequence matches what a terminal would act on: control sequences
// (cursor, erase, colour), operating system commands (titles, links) and the
// two-byte escapes. Source: ECMA-48, sections 5.4 and 8.3.
var terminalSequence = regexp.MustCompile(
	`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]`)

// colour matches the one control sequence the log's page shows.
var colour = regexp.MustCompile(`^\x1b\[[0-9;:]*m$`)

// cleanLine drops control characters and terminal sequences except colours,
// and spaces out "##[", the older form of a command.
func cleanLine(line string) string {
	line = strings.ReplaceAll(strings.ToValidUTF8(line, "\uFFFD"), "\x00", "")
	line = terminalSequence.ReplaceAllStringFunc(line, func(seq string) string {
		if colour.MatchString(seq) {
			return strings.Replace(seq, "\x1b", "\x00", 1) // kept through the next step
		}
		return ""
	})
	line = strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return r
		case r == 0:
			return 0x1b
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, line)
	return strings.ReplaceAll(line, "##[", "## [")
}

// disarm makes sure that a line of ours is no command when no fence is up: the
// runner takes a line for one when "::" is the first thing in it after space.
func disarm(line string) string {
	i := strings.Index(line, "::")
	if i < 0 {
		return line
	}
	for _, r := range line[:i] {
		if r > ' ' && r < 0x7f {
			return line
		}
	}
	return line[:i] + ": :" + line[i+2:]
}

// Harmless makes text that may go to a step's log as it is, in lines none of which
// is taken for a command, and without what would drive a terminal.
func Harmless(text string) string {
	lines := splitLines(text)
	for i, line := range lines {
		lines[i] = disarm(cleanLine(line))
	}
	return strings.Join(lines, "\n")
}

// splitLines splits at every end of line that the runner's reader knows.
func splitLines(text string) []string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func singleLine(text string) string {
	return strings.Join(strings.Fields(cleanLine(strings.ReplaceAll(text, "\n", " "))), " ")
}
