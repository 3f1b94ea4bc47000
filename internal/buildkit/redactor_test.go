package buildkit

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestRedactor has values stand in messages as the daemon and Go's libraries write them.
func TestRedactor(t *testing.T) {
	redact := redactor(map[string]string{
		"START": "s3cret", "WHOLE": "s3cret-and-more", "QUOTED": `a"b\c d/e`, "LINES": "first-line\nsecond-line\nmake\n", "SHORT": "ab", "EMPTY": "",
	})
	const quoted = `a"b\c d/e`
	nested := fmt.Sprintf("%q", fmt.Sprintf("COPY %q /", quoted))
	for in, want := range map[string]string{
		"s3cret-and-more, s3cret, s3cret-and-more":                            "${WHOLE}, ${START}, ${WHOLE}",
		fmt.Sprintf("%q: not found", "/"+quoted):                              `"/${QUOTED}": not found`,
		nested:                                                                `"COPY \"${QUOTED}\" /"`,
		"http://host/?x=" + url.QueryEscape(quoted):                           "http://host/?x=${QUOTED}",
		"http://host/" + url.PathEscape(quoted):                               "http://host/${QUOTED}",
		(&url.URL{Scheme: "http", Host: "host", Path: "/" + quoted}).String(): "http://host/${QUOTED}",
		fmt.Sprintf("%q", "first-line\nsecond-line\nmake\n"):                  `"${LINES}"`,
		"got: first-line\n":                                                   "got: ${LINES}\n",
		"second-line is no number":                                            "${LINES} is no number",
		"first-line\nsecond-line has none":                                    "${LINES}\n${LINES} has none",
		"make is left":                                                        "make is left",
		"ab is left":                                                          "ab is left",
	} {
		if got := redact(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// TestRedactorIsSteady has many values of which each begins as the one before: which is
// struck out must not depend on the order of a map.
func TestRedactorIsSteady(t *testing.T) {
	for range 20 {
		args := map[string]string{}
		for i := range 8 {
			args[fmt.Sprint("A", i)] = strings.Repeat("x", 3+i)
		}
		if got := redactor(args)(strings.Repeat("x", 10)); got != "${A7}" {
			t.Fatalf("got %q", got)
		}
	}
}
