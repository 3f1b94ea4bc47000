package runnertest

import (
	"strconv"
	"strings"
)

// Annotation is one mark on a line of a file.
type Annotation struct {
	Level   string // notice, warning or error
	File    string
	Line    int
	EndLine int
	Title   string
	Message string
}

// Limits of annotations. The runner keeps this many of each level of a step and
// cuts what is longer; the others are lost without a word.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/ExecutionContext.cs
const (
	maxAnnotations   = 10
	maxMessageLength = 4096
)

// said is what a step's log told the runner.
type said struct {
	annotations []Annotation
	masks       []string
	// dropped counts annotations beyond the limit.
	dropped int
	// shown is the log as a reader sees it: commands executed, masks put on.
	shown string
	// problems are commands that the runner takes for failures of the step.
	problems []string
}

// registered are the commands that the runner knows.
var registered = map[string]bool{
	"add-mask": true, "add-matcher": true, "add-path": true, "debug": true, "echo": true, "endgroup": true,
	"error": true, "group": true, "internal-set-repo-path": false, "notice": true, "remove-matcher": true,
	"save-state": true, "set-env": true, "set-output": true, "stop-commands": true, "warning": true,
}

// parseLog takes the commands out of a log as the runner does. While commands are
// stopped only the token counts, in either form of a command.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs
func parseLog(log string) said {
	var s said
	var shown []string
	counts := map[string]int{}
	stopped := ""
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n")
		known := func(name string) bool {
			name = strings.ToLower(name)
			return registered[name] || stopped != "" && name == strings.ToLower(stopped)
		}
		c, ok := parseCommand(line, known)
		if !ok || stopped != "" && !strings.EqualFold(c.name, stopped) {
			shown = append(shown, line)
			continue
		}
		switch name := strings.ToLower(c.name); {
		case stopped != "":
			stopped = ""
			shown = append(shown, line)
		case name == "stop-commands":
			stopped = c.data
			shown = append(shown, line)
		case name == "add-mask":
			if strings.TrimSpace(c.data) != "" {
				s.masks = append(s.masks, c.data)
			}
		case name == "notice" || name == "warning" || name == "error":
			shown = append(shown, "##["+name+"]"+c.data)
			if counts[name]++; counts[name] > maxAnnotations {
				s.dropped++
				continue
			}
			s.annotations = append(s.annotations, annotation(name, c))
		case name == "group" || name == "endgroup":
			shown = append(shown, "##["+name+"]"+c.data)
		case name == "set-env" || name == "add-path":
			s.problems = append(s.problems, name+" is disabled")
		}
	}
	s.shown = masked(strings.Join(shown, "\n"), s.masks)
	return s
}

func annotation(level string, c command) Annotation {
	a := Annotation{
		Level: level, File: c.property("file"), Title: c.property("title"),
		Line: number(c.property("line")), EndLine: number(c.property("endLine")), Message: c.data,
	}
	if a.EndLine != 0 && a.EndLine < a.Line {
		a.Line, a.EndLine = 0, 0
	}
	if runes := []rune(a.Message); len(runes) > maxMessageLength {
		a.Message = string(runes[:maxMessageLength])
	}
	return a
}

// masked puts asterisks over each value, and over each line of it.
func masked(text string, masks []string) string {
	for _, m := range masks {
		for part := range strings.SplitSeq(m, "\n") {
			if part = strings.TrimSpace(part); part != "" {
				text = strings.ReplaceAll(text, part, "***")
			}
		}
	}
	return text
}

// A command is one workflow command.
type command struct {
	name       string
	properties map[string]string
	data       string
}

// property finds a property whatever the case of its name.
func (c command) property(name string) string {
	for key, value := range c.properties {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// parseCommand takes a line apart in the form ::name key=value,key=value::data,
// which has to start it, or in the older one, ##[name key=value;key=value]data,
// which may stand anywhere in it.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func parseCommand(line string, known func(string) bool) (command, bool) {
	if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t\v\f\u00a0"), "::"); ok {
		if head, data, ok := strings.Cut(rest, "::"); ok {
			if c, ok := newCommand(head, ",", known, unescapeProperty); ok {
				c.data = unescapeData.Replace(data)
				return c, true
			}
		}
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if head, data, ok := strings.Cut(rest, "]"); ok {
			if c, ok := newCommand(head, ";", known, unescapeOld); ok {
				c.data = unescapeOld.Replace(data)
				return c, true
			}
		}
	}
	return command{}, false
}

func newCommand(head, separator string, known func(string) bool, unescape *strings.Replacer) (command, bool) {
	name, list, _ := strings.Cut(head, " ")
	if !known(name) {
		return command{}, false
	}
	c := command{name: name, properties: map[string]string{}}
	for p := range strings.SplitSeq(strings.TrimSpace(list), separator) {
		if key, value, ok := strings.Cut(p, "="); ok && key != "" && value != "" {
			c.properties[key] = unescape.Replace(value)
		}
	}
	return c, true
}

var (
	unescapeData     = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%")
	unescapeProperty = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	unescapeOld      = strings.NewReplacer("%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]", "%25", "%")
)

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
