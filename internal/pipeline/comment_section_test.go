package pipeline

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// Whatever a matrix or a job is called, in a heading it is one code span, in which
// GitHub links and mentions nothing.
func FuzzLabel(f *testing.F) {
	for _, s := range []string{
		"node: 20", "", " ", "`", "``x``", "a`b", "\n# x", "</h4><b>", "<!-- layercause:section:", "\\", "x\\", "@octocat", "[a](b)",
		"\u202ea\u200b", "\x00\x1b[1m", "\xff", "| a |", strings.Repeat("é", 200), "#", "\ufe0f",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		src := []byte("#### Dockerfile, " + label(name) + "\n")
		if strings.Count(string(src), "\n") != 1 || len([]rune(string(src))) > labelLimit+25 {
			t.Fatalf("%q is no line, or a long one", src)
		}
		doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
		heading := doc.FirstChild()
		if heading == nil || heading.Kind() != ast.KindHeading || heading.NextSibling() != nil {
			t.Fatalf("%q is no heading alone", src)
		}
		spans := 0
		for n := heading.FirstChild(); n != nil; n = n.NextSibling() {
			switch n.Kind() {
			case ast.KindCodeSpan:
				spans++
			case ast.KindText:
			default:
				t.Errorf("%q holds a %s", src, n.Kind())
			}
		}
		if spans != 1 {
			t.Errorf("%q has %d code spans", src, spans)
		}
	})
}
