package dockerfile

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// variables lists what the text expands, in single quotes and behind an escape
// character too: a shell or a frontend may still expand it there.
func variables(text string) []string {
	var names []string
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		j := i + 1
		if j < len(text) && text[j] == '{' {
			j++
			for j < len(text) && (text[j] == '!' || text[j] == '#') { // ${!X} and ${#X} read X
				j++
			}
		}
		end := j
		for end < len(text) && isNameByte(text[end]) {
			end++
		}
		if end > j && (text[j] < '0' || text[j] > '9') {
			names = append(names, text[j:end])
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// Reads says whether the instruction may read the variable. It errs on the side
// of yes: in text that a shell sees, the bare name counts (another language may
// look it up), and so does anything that passes the whole environment on. What a
// program reads of its environment without a word of it here cannot be seen.
func (in Instruction) Reads(name string) bool {
	if slices.Contains(in.Variables, name) {
		return true
	}
	switch in.Command {
	case "RUN", "SHELL", "HEALTHCHECK", "CMD", "ENTRYPOINT", "ONBUILD":
		return hasWord(in.Text, name) || in.readsEnvironment()
	}
	return false
}

func hasWord(text, name string) bool {
	for at := 0; name != ""; {
		i := strings.Index(text[at:], name)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(name)
		if (start == 0 || !isNameByte(text[start-1])) && (end == len(text) || !isNameByte(text[end])) {
			return true
		}
		at = start + 1
	}
	return false
}

// listsEnvironment matches commands that print or use every variable.
var listsEnvironment = regexp.MustCompile("(^|[\\s;&|(\"'`])" +
	"((print)?env|set|(export|declare)(\\s+-[px]+)?)" +
	"\\s*($|[;&|)>\"'`])")

// readsEnvironment says whether the text reads variables by a name that is not
// written in it: a listing of the environment, an indirect expansion, eval.
func (in Instruction) readsEnvironment() bool {
	for _, word := range []string{"${!", "environ", "process.env", "envsubst", "eval", "ENV[", "%ENV", "Env:"} {
		if strings.Contains(in.Text, word) {
			return true
		}
	}
	for line := range strings.Lines(in.Text) {
		if listsEnvironment.MatchString(strings.TrimSpace(line)) {
			return true
		}
	}
	return false
}
