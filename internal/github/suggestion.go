package github

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Suggested is one suggestion for lines of a pull request.
type Suggested struct {
	Key string // from [SuggestionKey]
	Replacement
	Note string // Markdown that stands above the new lines
}

// SuggestionKey names a suggestion among those of a pull request: by its rule,
// the file and the text of the lines that it replaces, but not by their numbers,
// which every push can move. Texts are hashed, so that none enters the marker.
func SuggestionKey(rule string, r Replacement) string {
	h := sha256.New()
	for _, part := range append([]string{rule, r.Path}, r.Before...) {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

const (
	suggestionStart = "<!-- layercause:suggestion key="
	suggestionEnd   = " -->"
)

// suggestionKey reads the key of a review comment, from its first line alone, as
// [marked] does.
func suggestionKey(body string) (key string, ok bool) {
	rest, ok := strings.CutPrefix(body, suggestionStart)
	if !ok {
		return "", false
	}
	key, _, ok = strings.Cut(rest, suggestionEnd)
	return key, ok && key != "" && len(key) <= 64 && !strings.ContainsAny(key, " \r\n<>-")
}

// body is the text of the review comment. GitHub commits what stands in the
// suggestion block: no lines at all remove those that it is about.
func (s Suggested) body() string {
	var b strings.Builder
	b.WriteString(suggestionStart + s.Key + suggestionEnd + "\n")
	b.WriteString(strings.TrimSpace(s.Note))
	fence := "```"
	for _, l := range s.After {
		for strings.Contains(l, fence) {
			fence += "`"
		}
	}
	b.WriteString("\n\n" + fence + "suggestion\n")
	for _, l := range s.After {
		b.WriteString(l + "\n")
	}
	b.WriteString(fence)
	return b.String()
}
