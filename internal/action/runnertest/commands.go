package runnertest

import (
	"fmt"
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

// parseLog takes the commands out of a log as the runner does: a line that
// starts with :: and a known word, unless commands are stopped.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
func parseLog(log string) (annotations []Annotation, masks []string) {
	stopped := ""
	for line := range strings.Lines(log) {
		line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " \t")
		name, properties, message, ok := parseCommand(line)
		if !ok {
			continue
		}
		if stopped != "" {
			if name == stopped {
				stopped = ""
			}
			continue
		}
		switch name {
		case "stop-commands":
			stopped = message
		case "add-mask":
			masks = append(masks, unescape(message))
		case "notice", "warning", "error":
			annotations = append(annotations, Annotation{
				Level: name, File: properties["file"], Title: properties["title"],
				Line: number(properties["line"]), EndLine: number(properties["endLine"]),
				Message: unescape(message),
			})
		}
	}
	return annotations, masks
}

// parseCommand takes ::name key=value,key=value::message apart.
func parseCommand(line string) (name string, properties map[string]string, message string, ok bool) {
	rest, ok := strings.CutPrefix(line, "::")
	if !ok {
		return "", nil, "", false
	}
	head, message, ok := strings.Cut(rest, "::")
	if !ok {
		return "", nil, "", false
	}
	name, list, _ := strings.Cut(head, " ")
	properties = map[string]string{}
	for _, p := range strings.Split(list, ",") {
		if key, value, ok := strings.Cut(strings.TrimSpace(p), "="); ok {
			properties[key] = unescapeProperty(value)
		}
	}
	return name, properties, message, true
}

func unescape(s string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(s)
}

func unescapeProperty(s string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(s)
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// parseOutputs reads the file of GITHUB_OUTPUT: NAME=VALUE, or NAME<<DELIMITER
// with the value on the lines up to the delimiter.
func parseOutputs(text string) (map[string]string, error) {
	outputs := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\r")
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case heredoc >= 0 && (equals < 0 || heredoc < equals):
			name, delimiter := line[:heredoc], line[heredoc+2:]
			var value []string
			for i++; i < len(lines) && lines[i] != delimiter; i++ {
				value = append(value, lines[i])
			}
			if i == len(lines) {
				return nil, fmt.Errorf("output %q does not end with its delimiter %q", name, delimiter)
			}
			outputs[name] = strings.Join(value, "\n")
		case equals > 0:
			outputs[line[:equals]] = line[equals+1:]
		default:
			return nil, fmt.Errorf("line %d is no output: %q", i+1, line)
		}
	}
	return outputs, nil
}
