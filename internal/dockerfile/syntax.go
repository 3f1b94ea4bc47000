package dockerfile

import "github.com/moby/buildkit/frontend/dockerfile/parser"

// Syntax gives the frontend image that the file's syntax line names, and the line.
// The file may be one that [Parse] does not understand. Without such a line the
// reference is empty.
func Syntax(data []byte) (ref string, line int) {
	ref, _, at, ok := parser.DetectSyntax(data)
	if !ok {
		return "", 0
	}
	line = 1
	if len(at) > 0 {
		line = max(line, at[0].Start.Line)
	}
	return ref, line
}
