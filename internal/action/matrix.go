package action

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// matrixLimit is how long the text of a matrix may be, in bytes. A longer one ends in
// a digest of all of it, so that legs are still told apart.
const matrixLimit = 300

// matrix reads what toJson(matrix) gives: an object, or null where there is none.
func (r *reader) matrix(name string) string {
	v := r.text(name)
	var values map[string]json.RawMessage
	if v != "" && json.Unmarshal([]byte(v), &values) != nil {
		r.fail(name, fmt.Sprintf("%q is no JSON object", shorten(v)), "leave the input out, or write ${{ toJson(matrix) }}")
		return ""
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, key+": "+plainValue(values[key]))
	}
	text := strings.Join(parts, ", ")
	if len(text) <= matrixLimit {
		return text
	}
	cut := matrixLimit
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… %x", text[:cut], sha256.Sum256([]byte(text)))[:cut+len("… ")+12]
}

// plainValue is a text without its quotes, and anything else as JSON in one line.
func plainValue(v json.RawMessage) string {
	var text string
	if json.Unmarshal(v, &text) == nil && string(v) != "null" {
		return text
	}
	var b bytes.Buffer
	json.Compact(&b, v) // it has been read already
	return b.String()
}
