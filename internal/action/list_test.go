package action

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The expected values are what docker/actions-toolkit's getList returns, except
// where a comment says otherwise.
func TestParseList(t *testing.T) {
	tests := []struct {
		name, text          string
		words, lines, plain []string
	}{
		{name: "empty"},
		{
			name: "new lines and commas", text: "a,b\nc",
			words: []string{"a", "b", "c"}, lines: []string{"a,b", "c"}, plain: []string{"a,b", "c"},
		},
		{
			name: "space and blank lines", text: " a , b\n\n c\r\nd\n",
			words: []string{"a", "b", "c", "d"}, lines: []string{"a , b", "c", "d"}, plain: []string{"a , b", "c", "d"},
		},
		{
			name: "number sign", text: "# not a comment\na # b",
			words: []string{"# not a comment", "a # b"}, lines: []string{"# not a comment", "a # b"},
			plain: []string{"# not a comment", "a # b"},
		},
		{
			name: "quoted commas", text: "\"a,b\"\nc,\"d,e\"",
			words: []string{"a", "b", "c", "d,e"}, lines: []string{"a,b", "c,d,e"}, plain: []string{`"a,b"`, `c,"d,e"`},
		},
		{
			name: "quoted new lines", text: "\"KEY=one\ntwo \"\"three\"\"\"\nOTHER=x",
			words: []string{"KEY=one\ntwo \"three\"", "OTHER=x"}, lines: []string{"KEY=one\ntwo \"three\"", "OTHER=x"},
			plain: []string{`"KEY=one`, `two ""three"""`, "OTHER=x"},
		},
		{
			name: "quotes inside a value", text: `KEY="a b"` + "\n" + `x"y,z`,
			words: []string{`KEY="a b"`, `x"y`, "z"}, lines: []string{`KEY="a b"`, `x"y,z`},
			plain: []string{`KEY="a b"`, `x"y,z`},
		},
		{
			name: "text after a closing quote", text: `"a"b,c`,
			words: []string{`"a"b`, "c"}, lines: []string{`"a"b,c`}, plain: []string{`"a"b,c`},
		},
		{
			name: "JSON", text: `{"a":"b"}`,
			words: []string{`{"a":"b"}`}, lines: []string{`{"a":"b"}`}, plain: []string{`{"a":"b"}`},
		},
		{
			name: "output with a quoted attribute", text: `type=image,"name=a,b",push=true`,
			words: []string{"type=image", "name=a,b", "push=true"}, lines: []string{"type=image,name=a,b,push=true"},
			plain: []string{`type=image,"name=a,b",push=true`},
		},
		{
			// Theirs keeps an empty value here, which buildx then refuses.
			name: "only space between", text: "a, ,b\n \t\nc",
			words: []string{"a", "b", "c"}, lines: []string{"a, ,b", "c"}, plain: []string{"a, ,b", "c"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for kind, want := range map[Kind][]string{Words: test.words, Lines: test.lines, RawLines: test.plain} {
				got, err := ParseList(test.text, kind)
				if err != nil {
					t.Errorf("kind %d: %v", kind, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("kind %d (-want +got):\n%s", kind, diff)
				}
			}
		})
	}
}

func TestParseListNamesTheOpenQuote(t *testing.T) {
	_, err := ParseList("a\nb\n\"c\nd", Lines)
	if err == nil || !strings.Contains(err.Error(), "line 3") {
		t.Errorf("got %v", err)
	}
	if _, err := ParseList("a\nb\n\"c\nd", RawLines); err != nil {
		t.Errorf("a quote means nothing in raw lines: %v", err)
	}
}

// Whatever values there are, writing them quoted, one a line, gives them back.
func FuzzParseListRoundTrip(f *testing.F) {
	f.Add("a", "b,c", "d\ne")
	f.Add(`"`, `""`, `a"b`)
	f.Add("#", "KEY=\"x\"", " ")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var text strings.Builder
		var want []string
		for _, v := range []string{a, b, c} {
			v = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(v)
			text.WriteString(`"` + strings.ReplaceAll(v, `"`, `""`) + `"` + "\n")
			if v = strings.TrimSpace(v); v != "" {
				want = append(want, v)
			}
		}
		got, err := ParseList(text.String(), Lines)
		if err != nil {
			t.Fatalf("parsing %q: %v", text.String(), err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// No text makes the parser panic, lose its place or return an empty value.
func FuzzParseList(f *testing.F) {
	f.Add("a,b\n\"c,d\"\n\"e\"f", 2)
	f.Add("\"\"\"", 3)
	f.Fuzz(func(t *testing.T, text string, kind int) {
		list, err := ParseList(text, Words+Kind(uint(kind)%3))
		if err != nil && !strings.Contains(text, `"`) {
			t.Errorf("%q has no quote, and yet: %v", text, err)
		}
		for _, v := range list {
			if strings.TrimSpace(v) != v || v == "" {
				t.Errorf("%q gives the value %q", text, v)
			}
		}
	})
}
