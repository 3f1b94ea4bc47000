package action

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sethvargo/go-githubactions"
)

// Limits of annotations.
const (
	// AnnotationLimit is how many annotations of each level GitHub keeps of a
	// step; later ones are lost without a word.
	// https://docs.github.com/en/rest/checks/runs#annotations-object and
	// https://github.com/orgs/community/discussions/26680
	AnnotationLimit = 10
	// messageLimit is in characters; the runner cuts what is longer.
	// https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
	messageLimit = 4096
	// titleLimit is the limit of a check run's annotation title.
	titleLimit = 255
)

// Level is how serious an annotation is.
type Level string

// The levels that GitHub shows.
const (
	LevelNotice  Level = "notice"
	LevelWarning Level = "warning"
	LevelError   Level = "error"
)

// Annotation is a message that GitHub shows beside a line of a file.
type Annotation struct {
	Level   Level
	File    string // slash-separated, relative to the repository's root
	Line    int    // from 1; 0 is no line
	EndLine int    // 0 is Line
	Title   string
	Message string
	Cost    float64 // what it is about, in seconds; only orders annotations
}

// Annotate writes the annotations, the most costly first and equals in the
// order given, and returns how many were left out because the step had spent
// its [AnnotationLimit] of their level. Notice, Warning and Error spend it too.
func (l *Log) Annotate(annotations []Annotation) (dropped int) {
	sorted := make([]Annotation, len(annotations))
	copy(sorted, annotations)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Cost > sorted[j].Cost })
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range sorted {
		if !l.annotateLocked(a) {
			dropped++
		}
	}
	return dropped
}

// Notice writes a message that GitHub shows on the run's page.
func (l *Log) Notice(message string) { l.message(LevelNotice, message) }

// Warning writes a warning that GitHub shows on the run's page.
func (l *Log) Warning(message string) { l.message(LevelWarning, message) }

// Error writes an error that GitHub shows on the run's page.
func (l *Log) Error(message string) { l.message(LevelError, message) }

// message falls back to a plain line: a text meant for the reader is not lost
// because annotations ran out.
func (l *Log) message(level Level, message string) {
	l.mu.Lock()
	written := l.annotateLocked(Annotation{Level: level, Message: message})
	l.mu.Unlock()
	if !written {
		l.Print(string(level) + ": " + message)
	}
}

func (l *Log) annotateLocked(a Annotation) bool {
	if l.spent[a.Level] >= AnnotationLimit {
		return false
	}
	fields := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			fields[name] = value
		}
	}
	set("title", truncate(singleLine(a.Title), titleLimit))
	set("file", cleanLine(a.File))
	if a.File != "" && a.Line > 0 {
		set("line", strconv.Itoa(a.Line))
		set("endLine", strconv.Itoa(max(a.Line, a.EndLine)))
	}
	message := annotationText(a.Message)
	if message == "" {
		// The runner drops a message of nothing.
		message = string(a.Level)
	}
	l.spent[a.Level]++
	l.commandLocked(func(c *githubactions.Action) {
		c = c.WithFieldsMap(fields)
		switch a.Level {
		case LevelError:
			c.Errorf("%s", message)
		case LevelWarning:
			c.Warningf("%s", message)
		default:
			c.Noticef("%s", message)
		}
	})
	return true
}

// annotationText cleans each line of a message and cuts it to the limit.
func annotationText(message string) string {
	lines := splitLines(message)
	for i, line := range lines {
		lines[i] = cleanLine(line)
	}
	return truncate(strings.TrimSpace(strings.Join(lines, "\n")), messageLimit)
}

// truncate cuts text to a number of characters, an ellipsis included.
func truncate(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	return string(runes[:most-1]) + "…"
}
