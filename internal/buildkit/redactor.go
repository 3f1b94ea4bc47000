package buildkit

import (
	"cmp"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/layercause/layercause/internal/record"
)

// shortestSecret and shortestLine are the lengths from which a value is struck out, and a
// line of one that has several, in bytes. Shorter ones would strike out half of every
// message and hide nothing.
const (
	shortestSecret = 3
	shortestLine   = 8
)

// rpcError is what a daemon puts before what its client, which is us, answered it.
var rpcError = regexp.MustCompile(`rpc error: code = \w+ desc = `)

// redactor strikes the values of build args out of a daemon's message, which
// may have them expanded, credentials out of its URLs, and what tells a user nothing.
func redactor(buildArgs map[string]string) func(string) string {
	names := map[string]string{} // by what is struck out
	for name, value := range buildArgs {
		for _, form := range forms(value) {
			if len(form) >= shortestSecret && (names[form] == "" || name < names[form]) {
				names[form] = name
			}
		}
	}
	// Of two values that begin alike the longer one is tried first, or its end stays.
	var pairs []string
	for _, form := range slices.SortedFunc(maps.Keys(names), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(x, y))
	}) {
		pairs = append(pairs, form, "${"+names[form]+"}")
	}
	r := strings.NewReplacer(pairs...)
	return func(s string) string { return record.RedactURLs(r.Replace(rpcError.ReplaceAllString(s, ""))) }
}

// forms are those in which a value can stand in a message: as it is, line by line, in
// quotes, in quotes within quotes, and in a URL.
func forms(value string) []string {
	out := []string{value, strings.TrimSpace(value)}
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); len(line) >= shortestLine {
			out = append(out, line)
		}
	}
	for _, plain := range slices.Clone(out) {
		quoted := inQuotes(plain)
		out = append(out, quoted, inQuotes(quoted), url.QueryEscape(plain), url.PathEscape(plain),
			url.User(plain).String(), (&url.URL{Path: plain}).EscapedPath())
	}
	return out
}

func inQuotes(s string) string {
	s = strconv.Quote(s)
	return s[1 : len(s)-1]
}
