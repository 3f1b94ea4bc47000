package github_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/github"
)

func diff(t testing.TB, path, before, after string) string {
	t.Helper()
	patch, err := udiff.ToUnified("a/"+path, "b/"+path, before, udiff.Lines(before, after), 3)
	if err != nil {
		t.Fatal(err)
	}
	return patch
}

func TestReplacementOf(t *testing.T) {
	const base = "FROM a\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm test\n"
	at := func(start, end int, before, after string) *github.Replacement {
		return &github.Replacement{
			Path: "Dockerfile", Start: start, End: end,
			Before: strings.Split(before, "\n"), After: strings.Split(after, "\n"),
		}
	}
	tests := []struct {
		name, before, after string
		want                *github.Replacement
	}{
		{"one line", base, strings.Replace(base, "ci", "ci --omit=dev", 1), at(4, 4, "RUN npm ci", "RUN npm ci --omit=dev")},
		{"moved up", base, "FROM a\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm test\n",
			at(3, 4, "COPY . .\nRUN npm ci", "COPY package.json ./\nRUN npm ci\nCOPY . .")},
		{"two places nearby", base, "FROM b\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm test\n",
			at(1, 4, "FROM a\nWORKDIR /app\nCOPY . .\nRUN npm ci", "FROM b\nWORKDIR /app\nCOPY . .\nRUN npm install")},
		{"inserted", base, strings.Replace(base, "RUN npm ci", "ARG X\nRUN npm ci", 1), at(4, 4, "RUN npm ci", "ARG X\nRUN npm ci")},
		{"inserted at the top", base, "# syntax=docker/dockerfile:1\n" + base, at(1, 1, "FROM a", "# syntax=docker/dockerfile:1\nFROM a")},
		{"added at the end", base, base + "USER app\n", at(5, 5, "RUN npm test", "RUN npm test\nUSER app")},
		{"windows line ends", strings.ReplaceAll(base, "\n", "\r\n"), strings.ReplaceAll(strings.Replace(base, "ci", "i", 1), "\n", "\r\n"),
			at(4, 4, "RUN npm ci", "RUN npm i")},
		{"no newline at the end", strings.TrimSuffix(base, "\n"), strings.Replace(strings.TrimSuffix(base, "\n"), "test", "t", 1),
			at(5, 5, "RUN npm test", "RUN npm t")},
		{"a blank line goes", "FROM a\n\n\nRUN b\n", "FROM a\n\nRUN b\n",
			&github.Replacement{Path: "Dockerfile", Start: 3, End: 3, Before: []string{""}}},
		{"the newline at the end goes", base, strings.TrimSuffix(base, "\n"), nil},
		{"line ends change", base, strings.Replace(base, "ci\n", "ci\r\n", 1), nil},
		{"far apart", base + strings.Repeat("RUN x\n", 20) + "USER a\n", "FROM b\n" + base[7:] + strings.Repeat("RUN x\n", 20) + "USER b\n", nil},
		{"into an empty file", "", "FROM a\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := github.ReplacementOf(diff(t, "Dockerfile", test.before, test.after))
			if ok != (test.want != nil) {
				t.Fatalf("got %+v, %v", got, ok)
			}
			if ok {
				if d := cmp.Diff(*test.want, got); d != "" {
					t.Error(d)
				}
			}
		})
	}
}

func TestReplacementOfOtherPatches(t *testing.T) {
	one := diff(t, "a.txt", "one\n", "two\n")
	for name, patch := range map[string]string{
		"nothing":        "",
		"two files":      one + diff(t, "b.txt", "one\n", "two\n"),
		"a new file":     strings.Replace(one, "--- a/a.txt", "--- /dev/null", 1),
		"a removed file": strings.Replace(one, "+++ b/a.txt", "+++ /dev/null", 1),
		"renamed":        strings.Replace(one, "b/a.txt", "b/b.txt", 1),
		"a quoted path":  strings.ReplaceAll(strings.ReplaceAll(one, "a/a.txt", `"a/a\".txt"`), "b/a.txt", `"b/a\".txt"`),
		"no hunk":        "--- a/x\n+++ b/x\n@@ nonsense\n-a\n+b\n",
		"huge numbers":   "--- a/x\n+++ b/x\n@@ -99999999999999999999 +1 @@\n-a\n+b\n",
		"cut":            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n",
	} {
		if r, ok := github.ReplacementOf(patch); ok {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// What a replacement says of a diff is the diff: replaced, the file is the new one.
func FuzzReplacementOf(f *testing.F) {
	f.Add("FROM a\nCOPY . .\nRUN b\n", "FROM a\nCOPY p .\nRUN b\nCOPY . .\n")
	f.Add("a\r\nb\r\n", "a\r\nc\r\nb\r\n")
	f.Add("a\nb", "b")
	f.Fuzz(func(t *testing.T, before, after string) {
		if before == after {
			return
		}
		r, ok := github.ReplacementOf(diff(t, "x", before, after))
		if !ok {
			return
		}
		end := "\n"
		if strings.Contains(before+after, "\r\n") {
			end = "\r\n"
		}
		lines := strings.Split(before, "\n")
		for i, l := range lines[r.Start-1 : r.End] {
			if strings.TrimSuffix(l, "\r") != r.Before[i] {
				t.Fatalf("line %d is %q, not %q", r.Start+i, l, r.Before[i])
			}
		}
		var middle []string
		for _, l := range r.After {
			middle = append(middle, l+strings.TrimSuffix(end, "\n"))
		}
		if r.End == len(lines) && end == "\r\n" { // the last line has no end
			return
		}
		got := strings.Join(slices.Concat(lines[:r.Start-1], middle, lines[r.End:]), "\n")
		if got != after {
			t.Fatalf("replaced: %q, want %q", got, after)
		}
	})
}
