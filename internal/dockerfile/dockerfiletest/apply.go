// Package dockerfiletest holds what tests of patches need.
package dockerfiletest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var hunkHead = regexp.MustCompile(`^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$`)

// Apply is a strict patch program for one file: every count and every context
// line must be right. It is quick enough for fuzzing, where git is not.
func Apply(before, patch string) (string, error) {
	if patch == "" {
		return before, nil
	}
	old := strings.SplitAfter(before, "\n")
	var out strings.Builder
	at := 0
	lines := strings.SplitAfter(patch, "\n")
	for i := 2; i < len(lines) && lines[i] != ""; {
		m := hunkHead.FindStringSubmatch(strings.TrimSuffix(lines[i], "\n"))
		if m == nil {
			return "", fmt.Errorf("no hunk at %q", lines[i])
		}
		start, oldCount, newCount := count(m[1]), count(m[2]), count(m[4])
		if oldCount > 0 {
			start--
		}
		for ; at < start; at++ {
			out.WriteString(old[at])
		}
		for i++; oldCount > 0 || newCount > 0; i++ {
			kind, line := lines[i][0], lines[i][1:]
			unended := i+1 < len(lines) && strings.HasPrefix(lines[i+1], `\ `)
			if unended {
				line = strings.TrimSuffix(line, "\n")
			}
			if kind == ' ' || kind == '-' {
				if old[at] != line {
					return "", fmt.Errorf("line %d is %q, the patch has %q", at+1, old[at], line)
				}
				at, oldCount = at+1, oldCount-1
			}
			if kind == ' ' || kind == '+' {
				out.WriteString(line)
				newCount--
			}
			if unended {
				i++
			}
		}
	}
	out.WriteString(strings.Join(old[at:], ""))
	return out.String(), nil
}

// count reads a number of a hunk's head, where none means 1.
func count(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return 1
}
