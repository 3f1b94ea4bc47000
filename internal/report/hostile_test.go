package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"golang.org/x/net/html"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/cause"
	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// attacks are texts that try to become structure somewhere.
var attacks = []string{
	"a | b || c \\| d \\\\| e",
	"`x` ``y`` ```z``` `",
	"```\n# heading\n```",
	"\n\n# heading\n\n- list\n\n> quote\n\n| a | b |\n|---|---|\n",
	"<script>alert(1)</script><img src=x onerror=alert(1)>",
	"</code></pre></details></td></table><h1>x</h1>",
	"<!-- layercause:marker -->",
	"--> <!--",
	"[link](https://evil.example) ![image](https://evil.example/x.png) <https://evil.example>",
	"https://evil.example www.evil.example a@evil.example mailto:a@evil.example",
	"@octocat octo/shop#12 #12 GH-12 8d3f1c9a5b7e2046c1d8e9f0a1b2c3d4e5f60718",
	"[a]: https://evil.example\n[a]",
	"**bold** _em_ ~~gone~~ $x$ $$y$$ :tada: &lt;b&gt; &#60;",
	"\u202eevil\u2066 zero\u200bwidth \x1b[31mred\x00\x07\r\r\n",
	"\" onmouseover=\"alert(1) ' style='x",
	"\\", "`", "|", "\\`", "*", "&", "]](", "<", " ", "1. x", "- x", "    code", "\t\tx", "===", "---",
	"::error::x", "##[error]x",
	"| `a | b` | c",
	strings.Repeat("`", 70),
	"\xff\xfe\xc3",
	"<details>\n\n</details>\n\n<summary>",
	"Dockerfile",
	"EOF ]]> <![CDATA[ <?php ?> <!DOCTYPE x>",
}

// planted is a report with a text at every place where foreign text can stand.
// Its shape does not depend on the text.
func planted(s string) report.Report {
	head, l := observed(10, s,
		line{number: 1, text: "ARG " + s},
		line{number: 2, text: s, status: record.Hit, saved: 1},
		line{number: 3, text: s, status: record.Miss, seconds: 2},
		line{number: 4, text: s, status: record.StepFailed, seconds: 3, start: 2},
		line{number: 5, text: s, status: record.NotRun},
	)
	head.Steps[1].Platform = s + "x"
	head.Dockerfile.Path, head.Invocation.Target = s, s
	head.Status = record.Failed
	head.Failure = &record.Failure{Message: "x" + s, File: s, Line: 4}
	head.Commit.Ref = s
	head.Caches = []record.CacheAccess{
		{Direction: record.Import, Type: "t" + s, Ref: "r" + s, Error: "e" + s, Seconds: 1},
		{Direction: record.Export, Type: "t" + s, Ref: "r" + s, Seconds: 1},
	}
	b := build{head: head, ledger: l, base: &report.Comparison{Ref: "x" + s, Commit: baseSHA, Why: "x" + s}}
	for i, k := range []cause.Kind{cause.ContextFiles, cause.BuildArg, cause.BaseImageChanged, cause.Unexplained, cause.RerunForChild, cause.Kind(s), cause.CacheImportFailed, cause.CacheEvicted, cause.CacheOverwritten} {
		b.causes = append(b.causes, cause.Cause{
			ID: fmt.Sprintf("c%d", i), Kind: k, File: s, Line: 3, EndLine: 3, Instruction: "x" + s, Subject: "x" + s, Detail: "x" + s,
			Evidence: cause.Evidence{
				Files: []cause.FileChange{
					{Path: s, Change: s, Commit: s}, {Path: "x" + s, Change: "mode", Commit: headSHA},
					{Path: "y" + s, Change: "added", RenamedFrom: "z" + s}, {Path: "w" + s, Change: "removed", RenamedTo: "v" + s},
				},
				Name: "x" + s, Before: "x" + s, After: "x" + s, Error: "x" + s,
				Cache: "x" + s, Writer: &record.Writer{Record: "x" + s, Commit: s, Ref: s, Dockerfile: s, Target: "x" + s},
				NeededBy: []string{"s3", s}, Compared: []string{s, "x" + s}, Searched: []string{s},
			},
			Steps: []string{"s2", "s3"},
		})
		if i%2 == 1 {
			e := &b.causes[i].Evidence
			e.FileCount, e.Folders = 1000, []cause.Folder{{Path: "x" + s, Changes: map[string]int{s: 7, "added": 2}, Files: 9}}
		}
		l.CauseLost[fmt.Sprintf("c%d", i)] = float64(10 - i)
	}
	for range 2 {
		b.suggestions = append(b.suggestions, advice.Suggestion{Rule: "x" + s, Title: "x" + s, File: s, Line: 3, Patch: "+x" + s})
	}
	b.warnings = []string{s, s}
	b.head.Checks = []record.Check{
		{Rule: s, Description: s, URL: "https://docs.docker.com/" + s + "?", File: s, Line: 100, EndLine: 100, Message: "x" + s},
		{Rule: "x" + s, URL: s, Message: s},
	}
	r := report.New(b.head, b.base, b.causes, b.ledger, advice.Advice{Suggestions: b.suggestions, Best: b.best}, b.warnings)
	r.SetPrice(timing.Price{PerMinute: 1, Currency: s})
	b.head.Findings = &record.Findings{Lost: 3, Causes: []record.Finding{
		{Kind: s, File: s, Line: 3, Instruction: "x" + s, Subject: "x" + s, Files: []string{"x" + s}, Lost: 1},
	}}
	earlier := *b.head
	earlier.ID, earlier.Commit.SHA, earlier.Commit.Branch, earlier.Status = s, s, "x"+s, record.BuildStatus(s)
	r.SetPast([]*record.Record{b.head, &earlier})
	r.CacheChoice = "x" + s
	r.Gates = []report.Gate{{Gate: s, Status: "fail", Detail: "x" + s}}
	return r
}

// structure writes down the blocks of a Markdown document, what it emphasises, and
// the HTML in it, but no text. What must not be in any document of ours is a fault:
// a link that is not ours, an image, HTML, and text that GitHub makes a mention, a
// reference, a link, an emoji or a formula of.
func structure(source string) (shape string, faults []string) {
	src := []byte(source)
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	var b strings.Builder
	depth, inCode := 0, false
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() != ast.TypeInline {
				depth--
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			if !ourLink.Match(n.Destination) || len(n.Title) > 0 {
				fault("a link to %q", n.Destination)
			}
		case *ast.Image, *ast.AutoLink, *extast.Strikethrough, *extast.TaskCheckBox:
			fault("%s in the document", n.Kind())
		case *ast.Emphasis:
			fmt.Fprintf(&b, "emphasis %d ", n.Level)
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			if found := meaning.Find(n.Segment.Value(src)); found != nil && !inCode {
				fault("%q means something to GitHub", found)
			}
		case *ast.RawHTML:
			raw := string(n.Segments.Value(src))
			switch raw {
			case "<code>":
				inCode = true
			case "</code>":
				inCode = false
			case "<wbr>", "<sub>", "</sub>":
			default:
				fault("inline HTML %q", raw)
			}
		case *ast.HTMLBlock:
			var raw strings.Builder
			for i := 0; i < n.Lines().Len(); i++ {
				at := n.Lines().At(i)
				raw.Write(at.Value(src))
			}
			if !ourHTML.MatchString(raw.String()) {
				fault("an HTML block %q", raw.String())
			}
			b.WriteString(raw.String())
		case *extast.Table:
			fmt.Fprintf(&b, "table of %d columns", len(n.Alignments))
		}
		if n.Type() != ast.TypeInline {
			fmt.Fprintf(&b, "\n%s%s ", strings.Repeat(" ", depth), n.Kind())
			depth++
		}
		return ast.WalkContinue, nil
	})
	if i := strings.IndexFunc(source, unseen); i >= 0 {
		fault("an invisible character in %q", source[i:min(len(source), i+20)])
	}
	return b.String(), faults
}

// sound is the structure of a document that must have no fault.
func sound(t *testing.T, source string) string {
	t.Helper()
	shape, faults := structure(source)
	if len(faults) > 0 {
		t.Errorf("%s in:\n%s", strings.Join(faults, "; "), source)
	}
	return shape
}

var (
	// ourLink is a line, a commit or a run of the repository, or a page of a check.
	ourLink = regexp.MustCompile(`\A(https://github\.com/octo/shop/(blob/[0-9a-f]{40}/[A-Za-z0-9._~%/-]+#L\d+(-L\d+)?|commit/[0-9a-f]{40}|actions/runs/\d+)|https://docs\.docker\.com/[A-Za-z0-9/-]+)\z`)
	// meaning is what GitHub makes something of within plain text.
	meaning = regexp.MustCompile(`@\w|#\d|\bGH-\d|https?:|www\.|\b[0-9a-f]{7,}\b|:[a-z0-9_+-]+:|\$|<!--`)
)

var ourHTML = regexp.MustCompile(`\A(<details>\n<summary>[A-Za-z0-9 .,]*</summary>\n|</details>\n)\z`)

// tags writes down the elements and attribute names of a page, but no text.
func tags(t *testing.T, page []byte) string {
	t.Helper()
	var b strings.Builder
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return b.String()
		case html.CommentToken:
			t.Errorf("comment %q in the page", z.Token())
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken, html.DoctypeToken:
			tok := z.Token()
			if tok.Data == "code" {
				continue // whether a word is code depends on the word
			}
			fmt.Fprintf(&b, "%s %s", tok.Type, tok.Data)
			for _, a := range tok.Attr {
				fmt.Fprintf(&b, " %s", a.Key)
				if a.Key == "class" || a.Key == "style" {
					fmt.Fprintf(&b, "=%s", a.Val)
				}
			}
			b.WriteByte('\n')
		}
	}
}

// documents are what is rendered as Markdown. The comment has room for everything,
// as how much fits into its budget depends on the length of the text.
var documents = map[string]func(report.Report) string{
	"comment": wholeComment, "summary": report.Summary, "title": report.CommentTitle,
	"note on the lines": func(r report.Report) string { return report.NoteOf(r, 0) },
}

func wholeComment(r report.Report) string { return report.CommentWithin(r, 1<<24) }

// tamePage is the page with a harmless text.
var tamePage = sync.OnceValue(func() []byte {
	var page bytes.Buffer
	if err := report.HTML(&page, planted("word")); err != nil {
		panic(err)
	}
	return page.Bytes()
})

// checkHostile states the property: whatever the text, the documents have the
// structure that they have with a harmless text.
func checkHostile(t *testing.T, s string) {
	t.Helper()
	hostile := planted(s)
	linked := hostile
	linked.Links = report.Links{Server: "https://github.com", Repository: "octo/shop", Commit: headSHA, RunID: "123456"}
	check := func(name, want, text string) {
		t.Helper()
		got, faults := structure(text)
		if len(faults) > 0 {
			t.Errorf("%q in the %s: %s\n%s", s, name, strings.Join(faults, "; "), text)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q changes the structure of the %s (-harmless +hostile):\n%s\n%s", s, name, d, text)
		}
	}
	for name, render := range documents {
		check(name, tameShapes()["planted "+name], render(hostile))
	}
	for name, b := range shapes() {
		r := everywhere(b, s)
		check(name+" comment", tameShapes()[name+" comment"], wholeComment(r))
		check(name+" summary", tameShapes()[name+" summary"], report.Summary(r))
	}
	for _, text := range []string{report.Comment(linked), report.Summary(linked), report.CommentWithin(linked, 3000)} {
		if _, faults := structure(text); len(faults) > 0 {
			t.Errorf("%q in a document with links: %s\n%s", s, strings.Join(faults, "; "), text)
		}
	}
	var page, term bytes.Buffer
	if err := report.HTML(&page, hostile); err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^StartTag span( class=\w+)?\nEndTag span\n`)
	if d := cmp.Diff(lines.ReplaceAllString(tags(t, tamePage()), ""), lines.ReplaceAllString(tags(t, page.Bytes()), "")); d != "" {
		t.Errorf("%q changes the elements of the page (-harmless +hostile):\n%s", s, d)
	}
	var document, again bytes.Buffer
	if err := report.JSON(&document, hostile); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(document.Bytes(), []byte("##[")) {
		t.Errorf("%q makes a workflow command of a line of the JSON", s)
	}
	var read report.Report
	if err := json.Unmarshal(document.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	// What is no UTF-8 is replaced, and written otherwise the second time.
	if err := report.JSON(&again, read); err != nil || utf8.ValidString(s) && !bytes.Equal(again.Bytes(), document.Bytes()) {
		t.Errorf("%q is not the same when the JSON is read: %v", s, err)
	}
	if err := report.Terminal(&term, hostile, false); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(term.String(), "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
			t.Errorf("%q makes a workflow command of a line for the terminal: %q", s, l)
		}
		if strings.IndexFunc(l, unseen) >= 0 {
			t.Errorf("%q: an invisible character in a line for the terminal: %q", s, l)
		}
	}
}

// unseen says that a rune could move the cursor, turn the text or hide.
func unseen(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 ||
		r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r == 0xad
}

func TestHostileText(t *testing.T) {
	for _, s := range attacks {
		checkHostile(t, s)
	}
}

func FuzzHostileText(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// No text at all is another shape: a build without a target, say.
		// Nor is one of many lines: a long diff is folded.
		if s == "" || len(s) > 2000 || strings.Count(s, "\n")+strings.Count(s, "\r") > 8 {
			return
		}
		checkHostile(t, s)
	})
}
