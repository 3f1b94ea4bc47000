package action

import (
	"strings"
	"unicode"
)

// runner reads a step's log as the Actions runner does: in lines that end with
// \n, \r or both, each of which can be a command of the newer or the older form
// unless a token stopped them.
//
// Source: https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
// and https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs
type runner struct {
	commands []command // obeyed
	plain    []string  // lines that were no command, or were stopped
	stopped  string    // the token waited for
}

type command struct {
	name       string
	properties map[string]string
	data       string
}

func readLog(log string) *runner {
	r := &runner{}
	log = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(log)
	for _, line := range strings.Split(strings.TrimSuffix(log, "\n"), "\n") {
		r.line(line)
	}
	return r
}

func (r *runner) line(line string) {
	c, ok := r.parseNew(line)
	if !ok {
		c, ok = r.parseOld(line)
	}
	switch {
	case !ok:
		r.plain = append(r.plain, line)
	case r.stopped != "" && c.name == r.stopped:
		r.stopped = ""
	case r.stopped != "":
		r.plain = append(r.plain, line)
	case c.name == "stop-commands":
		r.stopped = c.data
	default:
		r.commands = append(r.commands, c)
	}
}

func (r *runner) known(name string) bool {
	switch name {
	case "error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands",
		"set-output", "save-state", "set-env", "add-path", "echo", "add-matcher", "remove-matcher":
		return true
	}
	return name != "" && name == r.stopped
}

func (r *runner) parseNew(line string) (command, bool) {
	line = strings.TrimLeftFunc(line, unicode.IsSpace)
	rest, ok := strings.CutPrefix(line, "::")
	if !ok {
		return command{}, false
	}
	info, data, ok := strings.Cut(rest, "::")
	if !ok {
		return command{}, false
	}
	return r.command(info, ",", unescape(data, false))
}

func (r *runner) parseOld(line string) (command, bool) {
	_, rest, ok := strings.Cut(line, "##[")
	if !ok {
		return command{}, false
	}
	info, data, ok := strings.Cut(rest, "]")
	if !ok {
		return command{}, false
	}
	return r.command(info, ";", data)
}

func (r *runner) command(info, separator, data string) (command, bool) {
	name, properties, _ := strings.Cut(info, " ")
	if !r.known(name) {
		return command{}, false
	}
	c := command{name: name, properties: map[string]string{}, data: data}
	for _, property := range strings.Split(strings.TrimSpace(properties), separator) {
		if key, value, ok := strings.Cut(property, "="); ok {
			c.properties[key] = unescape(value, true)
		}
	}
	return c, true
}

func unescape(text string, property bool) string {
	pairs := []string{"%0D", "\r", "%0A", "\n"}
	if property {
		pairs = append(pairs, "%3A", ":", "%2C", ",")
	}
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return strings.ReplaceAll(text, "%25", "%")
}
