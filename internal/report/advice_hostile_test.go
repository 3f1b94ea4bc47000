package report_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/report"
)

// plantedAdvice has a text at every place where foreign text can stand. Its shape
// does not depend on the text.
func plantedAdvice(s string) report.Advised {
	in := advised()
	in.Dockerfile, in.Context, in.Target = "x"+s, s, s
	in.Commits.Oldest, in.Commits.Since = s, s
	in.MeasuredBy = &report.Measurement{Commit: s, StartedAt: s}
	for i := range in.Advice.Suggestions {
		g := &in.Advice.Suggestions[i]
		g.Rule, g.Title, g.File, g.Assumes = "x"+s, "x"+s, "x"+s, []string{"x" + s, "y" + s}
		for k := range g.Edits {
			g.Edits[k] = advice.FileEdit{Path: "x" + s, Before: []byte("b" + s), After: []byte("a" + s)}
		}
		if g.Patch != "" {
			g.Patch = "+x" + s
		}
	}
	in.Advice.Silences = []advice.Silence{{Rule: "x" + s, Line: 3, Why: "x" + s}, {Why: "x" + s}}
	in.Rules, in.Patch = []string{"z" + s}, "+x"+s
	in.Warnings, in.Hints = []string{"x" + s}, []string{"x" + s}
	for i := range in.Advice.Builds {
		in.Advice.Builds[i] = advice.Replayed{Commit: s, Reruns: []advice.Rerun{
			{Text: "RUN " + s, Line: 3, Own: true, Files: []string{"x" + s}, Seconds: 3, Measured: true},
			{Text: "ADD " + s, Line: 4, Own: true, Args: []string{"x" + s}, Seconds: 2, Measured: true},
			{Text: "COPY " + s, Line: 5, Because: 4, Seconds: 1, Measured: true},
		}}
	}
	return in
}

// checkHostileAdvice states the property: whatever the text, the Markdown has the
// structure that it has with a harmless text, JSON and SARIF are JSON that holds no
// less, and no line for the terminal is a command to anything.
func checkHostileAdvice(t *testing.T, s string) {
	t.Helper()
	hostile, tame := adviceAs(t, "advice.md", plantedAdvice(s)), adviceAs(t, "advice.md", plantedAdvice("word"))
	if d := cmp.Diff(sound(t, tame), sound(t, hostile)); d != "" {
		t.Errorf("%q changes the structure (-harmless +hostile):\n%s\n%s", s, d, hostile)
	}
	if i := strings.IndexFunc(hostile, unseen); i >= 0 {
		t.Errorf("%q: an invisible character: %q", s, hostile[i:min(len(hostile), i+20)])
	}
	for _, file := range []string{"advice.txt", "written.txt", "notes.txt"} {
		for _, l := range strings.Split(adviceAs(t, file, plantedAdvice(s)), "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") || strings.IndexFunc(l, unseen) >= 0 {
				t.Errorf("%q: a line of %s is a command, or hides something: %q", s, file, l)
			}
		}
	}
	for _, file := range []string{"advice.json", "advice.sarif"} {
		if a, b := shape(t, adviceAs(t, file, plantedAdvice(s))), shape(t, adviceAs(t, file, plantedAdvice("word"))); a != b {
			t.Errorf("%q changes the shape of %s from\n%s\nto\n%s", s, file, b, a)
		}
	}
	for _, r := range sarifResults(t, plantedAdvice(s)) {
		if strings.Contains(r, "](") || placeholder.MatchString(strings.NewReplacer("{{", "", "}}", "").Replace(r)) {
			t.Errorf("%q: a link or a placeholder in the message %q", s, r)
		}
	}
}

var placeholder = regexp.MustCompile(`\{\d+\}`)

func sarifResults(t *testing.T, in report.Advised) []string {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(adviceAs(t, "advice.sarif", in)), &log); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range log.Runs[0].Results {
		out = append(out, r.Message.Text)
	}
	return out
}

// shape lists the keys of a JSON document. What an edit of unknown text replaces
// may be one region or two.
func shape(t *testing.T, text string) string {
	t.Helper()
	var decoded any
	if err := json.Unmarshal([]byte(text), &decoded); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	keys := map[string]bool{}
	collect(decoded, "", keys)
	var out []string
	for k := range keys {
		if !strings.Contains(k, ".fixes") {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestHostileAdvice(t *testing.T) {
	for _, s := range attacks {
		checkHostileAdvice(t, s)
		sarif(t, plantedAdvice(s))
	}
}

func FuzzHostileAdvice(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || len(s) > 2000 {
			return
		}
		checkHostileAdvice(t, s)
	})
}
