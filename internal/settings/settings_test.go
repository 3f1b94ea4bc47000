package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/settings"
)

var rules = []string{"non-root", "late-arg", "smaller-base"}

func off(names ...string) settings.Settings {
	return settings.Settings{Suggestions: settings.Suggestions{Off: names}}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, text string
		want       settings.Settings
	}{
		{"empty", "", settings.Settings{}},
		{"comments alone", "# nothing\n---\n", settings.Settings{}},
		{"all that there is", "suggestions:\n  off: [smaller-base, non-root] # not wanted\n  commits: 50\n",
			settings.Settings{Suggestions: settings.Suggestions{Off: []string{"non-root", "smaller-base"}, Commits: 50}}},
		{"a list of lines", "suggestions:\n  off:\n    - late-arg\n    - late-arg\n", off("late-arg")},
		{"one name", "suggestions: {off: late-arg}\n", off("late-arg")},
		{"all", "suggestions: {off: all}\n", off("late-arg", "non-root", "smaller-base")},
		{"keys without values", "suggestions:\n", settings.Settings{}},
		{"a key without a value", "suggestions:\n  off:\n", settings.Settings{}},
		{"Windows' line ends", "\xef\xbb\xbfsuggestions:\r\n  off: [late-arg]\r\n", off("late-arg")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := settings.Parse("f.yml", []byte(test.text), rules)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// Every fault names the file and the line, says what to do, and leaves what else
// the file says.
func TestParseRejects(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the error
		hint       string // a part of the hint
		rest       settings.Settings
	}{
		{"unknown key", "sugestions:\n  off: all\n", `f.yml:1: the key "sugestions" is unknown`, "the keys are suggestions", settings.Settings{}},
		{"unknown key inside", "suggestions:\n  off: [late-arg]\n  most: 3\n", `f.yml:3: the key "most" is unknown`, "off and commits", off("late-arg")},
		{"unknown rule", "suggestions:\n  off:\n    - late-arg\n    - lat-arg\n", `f.yml:4: there is no rule "lat-arg"`,
			"the rules are late-arg, non-root, smaller-base", off("late-arg")},
		{"twice", "suggestions: {off: [late-arg]}\nsuggestions: {off: [non-root]}\n", `f.yml:2: the key "suggestions" stands there twice`, "keep one", off("late-arg")},
		{"a list", "- a\n", "f.yml:1: the file has to be keys with values", "the keys are", settings.Settings{}},
		{"a text", "suggestions: none\n", "f.yml:1: suggestions has to be keys with values", "the keys are", settings.Settings{}},
		{"lists in lists", "suggestions: {off: [[late-arg]]}\n", "f.yml:1: suggestions.off has to be names of rules", "write off: [rule, rule]", settings.Settings{}},
		{"no number", "suggestions: {commits: many}\n", "f.yml:1: suggestions.commits is no number of commits", "from 1 to 10000", settings.Settings{}},
		{"a number in quotes", "suggestions: {commits: '50'}\n", "f.yml:1: suggestions.commits is no number of commits", "from 1 to 10000", settings.Settings{}},
		{"no commits", "suggestions: {commits: 0}\n", "f.yml:1: suggestions.commits is no number of commits", "from 1 to 10000", settings.Settings{}},
		{"too many commits", "suggestions: {commits: 99999999999999999999}\n", "f.yml:1: suggestions.commits is no number of commits", "from 1 to 10000", settings.Settings{}},
		{"no YAML", "suggestions:\n\toff: all\n", `f.yml:2: it is no YAML: "found character that cannot start any token"`, "docs/settings.md", settings.Settings{}},
		{"an anchor of itself", "suggestions: &a {off: *a}\n", "f.yml:1: suggestions.off has to be names of rules", "write off", settings.Settings{}},
		{"an alias", "suggestions: {off: [&a late-arg, *a]}\n", "f.yml:1: suggestions.off has to be names of rules", "write off", off("late-arg")},
		{"a second document", "suggestions: {off: late-arg}\n---\na: b\n", "f.yml:2: it has a second YAML document", "keep the first", off("late-arg")},
		{"control characters", "\"\\x1b[31m\": 1\n", `f.yml:1: the key "\x1b[31m" is unknown`, "the keys are", settings.Settings{}},
		{"a long key", strings.Repeat("k", 1000) + ": 1\n", `f.yml:1: the key "` + strings.Repeat("k", 59) + `…" is unknown`, "the keys are", settings.Settings{}},
		{"too large", "# " + strings.Repeat("x", 64<<10) + "\n", "f.yml: it is over 64 KiB", "shorten", settings.Settings{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := settings.Parse("f.yml", []byte(test.text), rules)
			var e *settings.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(err.Error(), test.want) || len(err.Error()) > 200 {
				t.Errorf("got %q, want %q", err, test.want)
			}
			if !strings.Contains(e.Hint, test.hint) {
				t.Errorf("the hint is %q, want a part %q", e.Hint, test.hint)
			}
			if d := cmp.Diff(test.rest, got); d != "" {
				t.Errorf("the rest (-want +got):\n%s", d)
			}
		})
	}
}

func TestRead(t *testing.T) {
	place := func(t *testing.T, make func(path string) error) string {
		t.Helper()
		root := t.TempDir()
		path := filepath.Join(root, ".github", "layercause.yml")
		if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		return root
	}
	text := func(path string) error { return os.WriteFile(path, []byte("suggestions: {off: late-arg}"), 0o644) }
	got, err := settings.Read(place(t, text), rules)
	if d := cmp.Diff(off("late-arg"), got); err != nil || d != "" {
		t.Errorf("%v, -want +got:\n%s", err, d)
	}
	if got, err := settings.Read(t.TempDir(), rules); err != nil || !cmp.Equal(got, settings.Settings{}) {
		t.Errorf("without a file: %+v, %v", got, err)
	}
	misnamed := place(t, func(path string) error { return text(strings.TrimSuffix(path, "yml") + "yaml") })
	var e *settings.Error
	if got, err := settings.Read(misnamed, rules); !errors.As(err, &e) || !cmp.Equal(got, settings.Settings{}) ||
		err.Error() != ".github/layercause.yaml: it is not read" || e.Hint != "name it .github/layercause.yml" {
		t.Errorf("a file with another name: %+v, %v", got, err)
	}
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("root:secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(path string) error{
		"a folder":   func(path string) error { return os.Mkdir(path, 0o755) },
		"a pipe":     func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a way out":  func(path string) error { return os.Symlink(outside, path) },
		"a long way": func(path string) error { return os.Symlink("layercause.yml", path) },
		"too large":  func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("#\n", 64<<10)), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Read(place(t, make), rules)
			var e *settings.Error
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), ".github/layercause.yml: ") || e.Hint == "" {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows another file: %v", err)
			}
		})
	}
}

// Parse never panics, and gives only rules that there are.
func FuzzParse(f *testing.F) {
	f.Add("suggestions:\n  off: [late-arg, all]\n  commits: 50\n")
	f.Add("a: &a [*a]\n---\n? {b: c}\n: |\n  d\n")
	f.Fuzz(func(t *testing.T, text string) {
		started := time.Now()
		s, err := settings.Parse("f", []byte(text), rules)
		if took := time.Since(started); took > time.Second {
			t.Fatalf("it took %v", took)
		}
		for _, name := range s.Suggestions.Off {
			if name != "late-arg" && name != "non-root" && name != "smaller-base" {
				t.Fatalf("the rule %q is off", name)
			}
		}
		if s.Suggestions.Commits < 0 || s.Suggestions.Commits > settings.MaxCommits {
			t.Fatalf("%d commits", s.Suggestions.Commits)
		}
		var e *settings.Error
		if err != nil && (!errors.As(err, &e) || e.Hint == "" || strings.ContainsAny(err.Error(), "\n\r")) {
			t.Fatalf("got %q", err)
		}
	})
}
