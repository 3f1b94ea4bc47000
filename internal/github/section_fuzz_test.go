package github

import (
	"strings"
	"testing"
)

// Whatever two builds say, each section is read back as it was written, and a third
// that only looks like one is not.
func FuzzSections(f *testing.F) {
	key := Key("other")
	for _, s := range []string{
		"text", "", "a\n\nb", "\r\n", "x\r", "<!-- layercause:section:" + key + " -->",
		section{key: key, commit: strings.Repeat("a", 40), state: Loud}.String(),
		"<!-- /layercause:section:" + Key("one") + " -->\n", "```\n<!--", "layercause:layercause:sectionsection", "\x00\xff",
	} {
		f.Add(s, "a title", s)
		f.Add("text", s, "text")
	}
	f.Fuzz(func(t *testing.T, one, title, two string) {
		if len(one)+len(two) > 20_000 {
			return
		}
		cm := Comment{Key: Key("ci"), Commit: strings.Repeat("b", 40), Run: 5, Attempt: 1}
		for name, text := range map[string]string{"one": one, "two": two} {
			cm.Sections = append(cm.Sections, Section{Key: Key(name), Title: title, State: Loud, Text: func(int) string { return text }})
		}
		p := newPublication(nil, thread{}, cm)
		body, _ := p.composer.compose(p.known)
		got := sections(body)
		if len(got) != 2 {
			t.Fatalf("%d sections in\n%q", len(got), body)
		}
		for name, text := range map[string]string{"one": one, "two": two} {
			s := got[Key(name)]
			if s.text != stored(inert(text)) || s.title != oneLine(title) || s.commit != cm.Commit || s.run != 5 {
				t.Errorf("%q was read as %+v", text, s)
			}
		}
		// Nothing is left to write.
		again := newPublication(nil, thread{}, cm)
		for _, s := range got {
			again.learn(s)
		}
		if next, _ := again.composer.compose(again.known); next != body {
			t.Errorf("it is composed again to\n%q\nafter\n%q", next, body)
		}
	})
}
