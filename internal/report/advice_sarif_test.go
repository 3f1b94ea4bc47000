package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/report"
)

// sarifLog is what a reader of SARIF takes of it.
type sarifLog struct {
	Runs []struct {
		ColumnKind string
		Tool       struct {
			Driver struct {
				Rules []struct {
					ID               string
					HelpURI          string
					ShortDescription struct{ Text string }
				}
			}
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Message   struct{ Text string }
			Fixes     []struct {
				ArtifactChanges []struct {
					ArtifactLocation struct{ URI string }
					Replacements     []sarifReplacement
				}
			}
		}
	}
}

type sarifReplacement struct {
	DeletedRegion   struct{ StartLine, StartColumn, EndLine, EndColumn int }
	InsertedContent struct{ Text string }
}

// fixed applies replacements as the standard says: their regions are those of the
// text as it was, in lines that end with their line break, and columns of code
// points.
func fixed(t *testing.T, text string, replacements []sarifReplacement) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	if len(lines) > 1 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	offset := func(line, column int) int {
		if line < 1 || line > len(lines) || column < 1 {
			t.Fatalf("line %d, column %d of %d lines", line, column, len(lines))
		}
		at := len(strings.Join(lines[:line-1], ""))
		for range column - 1 {
			_, n := utf8.DecodeRuneInString(text[at:])
			if at += n; n == 0 {
				t.Fatalf("column %d of line %d is behind the end", column, line)
			}
		}
		return at
	}
	var out strings.Builder
	at := 0
	for _, r := range replacements {
		d := r.DeletedRegion
		start, end := offset(d.StartLine, d.StartColumn), offset(d.EndLine, d.EndColumn)
		if start < at || end < start {
			t.Fatalf("regions overlap or run backwards: %+v", replacements)
		}
		out.WriteString(text[at:start] + r.InsertedContent.Text)
		at = end
	}
	return out.String() + text[at:]
}

// sarif checks the document against SARIF's own schema, and that each fix makes of
// the files what the edits do.
func sarif(t *testing.T, in report.Advised) sarifLog {
	t.Helper()
	text := adviceAs(t, "advice.sarif", in)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(filepath.Join("testdata", "sarif", "schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Fatalf("no SARIF: %v\n%s", err, text)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != len(in.Advice.Suggestions) || run.ColumnKind != "unicodeCodePoints" {
		t.Fatalf("%d results of %d suggestions, columns are %s", len(run.Results), len(in.Advice.Suggestions), run.ColumnKind)
	}
	for i, r := range run.Results {
		if got := run.Tool.Driver.Rules[r.RuleIndex].ID; got != r.RuleID || got != string([]rune(in.Advice.Suggestions[i].Rule)) {
			t.Errorf("result %d is of rule %q, its index names %q", i, r.RuleID, got)
		}
	}
	return log
}

func TestSARIF(t *testing.T) {
	log := sarif(t, advised())
	for i, r := range log.Runs[0].Results {
		edits := advised().Advice.Suggestions[i].Edits
		if len(edits) == 0 {
			if len(r.Fixes) != 0 {
				t.Errorf("result %d has a fix without an edit", i)
			}
			continue
		}
		if len(r.Fixes) != 1 || len(r.Fixes[0].ArtifactChanges) != len(edits) {
			t.Fatalf("result %d has the fixes %+v", i, r.Fixes)
		}
		for k, c := range r.Fixes[0].ArtifactChanges {
			if c.ArtifactLocation.URI != edits[k].Path {
				t.Errorf("the fix is of %q, not %q", c.ArtifactLocation.URI, edits[k].Path)
			}
			if got := fixed(t, string(edits[k].Before), c.Replacements); got != string(edits[k].After) {
				t.Errorf("the fix makes %q, not %q", got, edits[k].After)
			}
		}
	}
	sarif(t, report.Advised{})
	sarif(t, alone())
}

// Every rule says in SARIF what it is about.
func TestSARIFRules(t *testing.T) {
	in := report.Advised{}
	for _, name := range advice.Rules() {
		in.Advice.Suggestions = append(in.Advice.Suggestions, advice.Suggestion{Rule: name, Title: "Do it", File: "Dockerfile", Line: 1})
	}
	for _, r := range sarif(t, in).Runs[0].Tool.Driver.Rules {
		if r.ShortDescription.Text == r.ID || !strings.HasSuffix(r.HelpURI, "/docs/rules/"+r.ID+".md") {
			t.Errorf("rule %s is described as %q, with the page %s", r.ID, r.ShortDescription.Text, r.HelpURI)
		}
	}
}

// A path of any bytes is a URI, and a text with braces no placeholder.
func TestSARIFNames(t *testing.T) {
	in := report.Advised{}
	for _, name := range []string{"a b/ü.Dockerfile", "100%.txt", "a:b", "#x?y", "\xff", "[x](y)"} {
		in.Advice.Suggestions = append(in.Advice.Suggestions, edited("late-arg", "Move ARG ${X} [here](http://evil.example)", name, 2, "a\nb\n", "b\n", advice.Prediction{}))
	}
	for _, r := range sarif(t, in).Runs[0].Results {
		if got := r.Message.Text; strings.Contains(got, "](") || !strings.Contains(got, "${{X}}") {
			t.Errorf("the message is %q", got)
		}
		if uri := r.Fixes[0].ArtifactChanges[0].ArtifactLocation.URI; strings.ContainsAny(uri, " \"<>\\^`{|}") || strings.HasPrefix(uri, "a:") {
			t.Errorf("no URI of a path: %q", uri)
		}
	}
}

// FuzzSARIFFix states that a fix makes exactly the edited text.
func FuzzSARIFFix(f *testing.F) {
	for _, x := range [][2]string{
		{shopFile, strings.ToLower(shopFile)}, {"a\nb\nc", "a\nc"}, {"a\r\nb\r\n", "a\r\nx\r\nb\r\n"}, {"", "x"}, {"x", ""},
		{"\ufeffFROM a\nRUN b\n", "\ufeffFROM c\nRUN b\n"}, {"a\n", "a\nb"}, {"é\nü", "é\nüx\n"}, {"\n\n", "\n"}, {"a", "b\na"},
	} {
		f.Add(x[0], x[1])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if before == after || !utf8.ValidString(before) || !utf8.ValidString(after) {
			return
		}
		e := advice.FileEdit{Path: "Dockerfile", Before: []byte(before), After: []byte(after)}
		in := report.Advised{Advice: advice.Advice{Suggestions: []advice.Suggestion{
			{Rule: "late-arg", Title: "Edit", File: "Dockerfile", Line: 1, Patch: "a patch", Edits: []advice.FileEdit{e}},
		}}}
		var b bytes.Buffer
		if err := report.AdviceSARIF(&b, report.NewAdvice(in)); err != nil {
			t.Fatal(err)
		}
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		// The mark of a file's beginning is no character of it, if both begin with it.
		const mark = "\ufeff"
		want, text := after, before
		if strings.HasPrefix(before, mark) && strings.HasPrefix(after, mark) {
			want, text = strings.TrimPrefix(after, mark), strings.TrimPrefix(before, mark)
		}
		if got := fixed(t, text, log.Runs[0].Results[0].Fixes[0].ArtifactChanges[0].Replacements); got != want {
			t.Errorf("%q becomes %q, not %q", text, got, want)
		}
	})
}

// The schema is the one of the standard's last revision, as the npm package
// @microsoft/jest-sarif 1.0.0-beta.0 has it.
func TestSARIFSchema(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "sarif", "schema-2.1.0.json"))
	if err != nil || !bytes.Contains(text, []byte("sarif-2.1.0-rtm.5.json")) {
		t.Fatalf("the schema is another one: %v", err)
	}
}
