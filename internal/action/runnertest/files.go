package runnertest

import (
	"fmt"
	"strings"
)

// summaryLimit is the size up to which the runner takes a step's summary. Of a
// larger one it takes nothing, and says so in the log.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
const summaryLimit = 1 << 20

// parsePairs reads the file of GITHUB_OUTPUT or GITHUB_STATE: NAME=VALUE, or
// NAME<<DELIMITER with the value on the lines up to the delimiter.
func parsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(lines[i], "\n")
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			pairs[line[:equals]] = line[equals+1:]
		case heredoc >= 0:
			name, delimiter := line[:heredoc], line[heredoc+2:]
			if name == "" || delimiter == "" {
				return nil, fmt.Errorf("line %d has no name or no delimiter: %q", i+1, line)
			}
			var value strings.Builder
			for i++; i < len(lines) && strings.TrimSuffix(lines[i], "\n") != delimiter; i++ {
				value.WriteString(lines[i])
			}
			if i == len(lines) || !strings.HasSuffix(lines[i], "\n") {
				return nil, fmt.Errorf("%q does not end with a line of its delimiter %q", name, delimiter)
			}
			pairs[name] = strings.TrimSuffix(value.String(), "\n")
		default:
			return nil, fmt.Errorf("line %d is no pair: %q", i+1, line)
		}
	}
	return pairs, nil
}
