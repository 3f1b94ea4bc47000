package settings_test

import (
	"strings"
	"testing"
	"time"

	"github.com/layercause/layercause/internal/settings"
)

// Anybody can write this file in a pull request: nothing in it may take long.
func TestHostileFilesAreQuick(t *testing.T) {
	const size = 64 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, text := range map[string]string{
		"lists in lists":       fill("["),
		"maps in maps":         fill("{a: "),
		"questions":            fill("? "),
		"dashes":               fill("- "),
		"quotes":               fill("'"),
		"double quotes":        fill("\""),
		"anchors":              fill("&a "),
		"spaces":               fill(" "),
		"tabs":                 fill("\t"),
		"colons":               fill(":"),
		"keys":                 fill("a: b\n"),
		"documents":            fill("---\n"),
		"many rules":           "suggestions: {off: [" + strings.Repeat("late-arg,", size/10) + "]}",
		"aliases":              "a: &a [" + fill("b,")[:size/2] + "]\nc: [" + strings.Repeat("*a,", size/10) + "]",
		"one within the other": "a: &a [b,b]\n" + strings.Repeat("c: &a [*a,*a,*a,*a,*a,*a,*a,*a]\n", 100),
		"escapes":              "\"" + fill("\\u0041"),
		"comments":             fill("#\n"),
		"a block":              "a: |\n" + fill(" x\n"),
		"percent":              fill("%YAML 1.1\n"),
		"tags":                 fill("!!a "),
	} {
		t.Run(name, func(t *testing.T) {
			text = text[:min(len(text), size)]
			started := time.Now()
			settings.Parse("f", []byte(text), rules)
			if took := time.Since(started); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
