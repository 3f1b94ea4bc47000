package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
)

// A pull request carries three suggestions, on its lines and in the comment
// together; the summary has all that nobody dismissed.
func TestWhereSuggestionsStand(t *testing.T) {
	const lines, gone = report.OnLines, report.Dismissed
	tests := []struct {
		name    string
		placed  []report.Placement
		others  int
		comment string // letters of the suggestions that the comment shows
		summary string
		says    string
	}{
		{"one", []report.Placement{""}, 0, "a", "a", ""},
		{"five", []report.Placement{"", "", "", "", ""}, 0, "abc", "abcde", "2 more suggestions are in the summary."},
		{"one on its lines", []report.Placement{lines}, 0, "", "a", "1 suggestion stands on the lines that it changes, where one click commits it."},
		{"two on their lines", []report.Placement{lines, "", "", lines}, 0, "b", "abcd",
			"2 suggestions stand on the lines that they change, where one click commits them. 1 more suggestion is in the summary."},
		{"three on their lines", []report.Placement{lines, lines, lines, ""}, 0, "", "abcd",
			"3 suggestions stand on the lines that they change, where one click commits them. 1 more suggestion is in the summary."},
		{"others on lines", []report.Placement{lines, "", ""}, 1, "b", "abc",
			"1 suggestion stands on the lines that it changes, where one click commits it. 1 more suggestion is in the summary."},
		{"too many others", []report.Placement{""}, 5, "", "a", "1 more suggestion is in the summary."},
		{"dismissed", []report.Placement{gone, "", gone, "", ""}, 0, "bde", "bde", ""},
		{"all dismissed", []report.Placement{gone, gone}, 0, "", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := oneCause().report()
			r.Suggestions, r.OtherSuggestions = nil, test.others
			for i, p := range test.placed {
				r.Suggestions = append(r.Suggestions, report.Suggestion{
					Title: fmt.Sprintf("Letter %c", 'a'+i), Patch: "+x", Placed: p,
				})
			}
			for place, c := range map[string]struct{ text, want string }{
				"comment": {report.Comment(r), test.comment},
				"summary": {report.Summary(r), test.summary},
			} {
				got := ""
				for i := range test.placed {
					if strings.Contains(c.text, fmt.Sprintf("Suggestion: Letter %c.", 'a'+i)) {
						got += string(rune('a' + i))
					}
				}
				if got != c.want {
					t.Errorf("the %s shows %q, want %q", place, got, c.want)
				}
			}
			text := report.Comment(r)
			if test.says != "" && !strings.Contains(text, "\n"+test.says+"\n") || test.says == "" && strings.Contains(text, "suggestions are") {
				t.Errorf("the comment does not say %q:\n%s", test.says, text)
			}
		})
	}
}

func TestNoteOfASuggestion(t *testing.T) {
	got := report.NoteOf(oneCause().report(), 0)
	want := "**Suggestion: Copy `package.json` and `package-lock.json` before the source.** It would have saved 42 s on 17 of the " +
		"last 20 commits: 23 instead of 54 steps would have re-run.\n\nResolve this conversation to dismiss the suggestion."
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A frontend of anybody's names the page of its rule.
func TestOnlyDockersPagesAreLinked(t *testing.T) {
	for url, linked := range map[string]bool{
		"https://docs.docker.com/go/dockerfile/rule/undefined-var/": true,
		"https://docs.docker.com.evil.example/x":                    false,
		"https://evil.example/":                                     false,
		"https://docs.docker.com/a)b":                               false,
		"javascript:alert(1)":                                       false,
		"":                                                          false,
	} {
		r := severalCauses().report()
		r.Checks[0].URL = url
		if got := strings.Contains(report.Summary(r), "[`UndefinedVar`]("); got != linked {
			t.Errorf("%q is linked: %v", url, got)
		}
	}
}

// A long diff does not push the rest of the comment off the screen, and of a build
// that failed the error comes first.
func TestLongPatchIsFolded(t *testing.T) {
	patch := func(lines int) string {
		return "--- a/Dockerfile\n+++ b/Dockerfile\n" + strings.Repeat("+RUN true\n", lines-2)
	}
	for name, c := range map[string]struct {
		lines int
		fails bool
		want  string
	}{
		"short":            {16, false, ""},
		"long":             {17, false, "<summary>The patch, 17 lines</summary>"},
		"short, a failure": {5, true, "<summary>The patch, 5 lines</summary>"},
	} {
		b := oneCause()
		b.suggestions[0].Patch = patch(c.lines)
		if c.fails {
			b.head.Status = record.Failed
		}
		comment, summary := report.Comment(b.report()), report.Summary(b.report())
		if c.want == "" && strings.Contains(comment, "The patch") || !strings.Contains(comment, c.want) {
			t.Errorf("%s: want the fold %q:\n%s", name, c.want, comment)
		}
		if !strings.Contains(comment, "+RUN true") || strings.Contains(summary, "The patch") {
			t.Errorf("%s: the patch is lost, or folded in the summary too:\n%s", name, summary)
		}
	}
}

// TestManyMisses has more missed steps than stand unfolded: each is told of once.
func TestManyMisses(t *testing.T) {
	comment := report.Comment(steps(50).report())
	open, fold, found := strings.Cut(comment, "<summary>17 more steps that missed</summary>")
	if n := strings.Count(open, "| because of line"); !found || n > 8 || !strings.Contains(open, "and 17 more steps") {
		t.Errorf("%d rows, or no fold (%v):\n%s", n, found, open)
	}
	fold, _, _ = strings.Cut(fold, "</details>")
	for i := 25; i < 50; i++ {
		name := fmt.Sprintf("`RUN make target-%d`", i)
		if n := strings.Count(open+fold, name+" |"); n != 1 {
			t.Errorf("%s stands %d times in the tables", name, n)
		}
	}
}

// What two suggestions bring together is told where one of them stands on its lines.
func TestBestSetBesideTheLines(t *testing.T) {
	r := severalCauses().report()
	r.Suggestions[0].Placed = report.OnLines
	if comment := report.Comment(r); !strings.Contains(comment, "Together, `late-arg` and `dockerignore` would have saved") {
		t.Errorf("the best set is lost:\n%s", comment)
	}
}

// What saves nothing without another edit says so, also where it stands alone on its lines.
func TestASuggestionThatSavesNothingAlone(t *testing.T) {
	r := severalCauses().report()
	at := r.BestSet.Suggestions[1]
	r.Suggestions[at].Predicted = report.Predicted{Commits: 20, MissesBefore: 5, MissesAfter: 6}
	const want = " Alone it saves no time, but together with `late-arg` it does."
	if note := report.NoteOf(r, at); !strings.Contains(note, want) {
		t.Errorf("the note is\n%s", note)
	}
	var page strings.Builder
	if err := report.HTML(&page, r); err != nil || !strings.Contains(page.String(), " Alone it saves no time, but together with <code>late-arg</code> it does.</p>") {
		t.Errorf("the page is %v\n%s", err, page.String())
	}
	if comment := report.Comment(r); strings.Count(comment, want) != 1 {
		t.Errorf("the comment is\n%s", comment)
	}
	if r.BestSet = nil; strings.Contains(report.NoteOf(r, at), "Alone") {
		t.Error("it names a set that there is not")
	}
}

// What a build of all of them has shown stands beside what was replayed.
func TestABestSetThatWasBuilt(t *testing.T) {
	b := severalCauses()
	r := b.report()
	r.BestSet.Verified = &report.Verification{SecondsBefore: 98.2, SecondsAfter: 12.1, SameFiles: true}
	if text := report.Summary(r); !strings.Contains(text, "would have re-run. Verified by a build: 12 s instead of 1m38s, with the same files in the image.") {
		t.Errorf("the summary is\n%s", text)
	}
}
