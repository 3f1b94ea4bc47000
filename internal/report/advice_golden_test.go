package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/advice"
	"github.com/layercause/layercause/internal/report"
)

const shopFile = `FROM node:22
WORKDIR /app
COPY . .
RUN npm ci
RUN npm run build
CMD ["npm", "start"]
`

// edited is a suggestion with an edit of one file.
func edited(rule, title, file string, line int, before, after string, p advice.Prediction) advice.Suggestion {
	g := advice.Suggestion{Rule: rule, Title: title, File: file, Line: line, EndLine: line, Predicted: p}
	e := advice.FileEdit{Path: file, After: []byte(after)}
	from := "/dev/null"
	if before != "" {
		e.Before, from = []byte(before), "a/"+file
	}
	g.Edits = []advice.FileEdit{e}
	g.Patch = udiff.Unified(from, "b/"+file, before, after)
	return g
}

// advised is what the renderings are made of: a repository with a history, of which
// some steps were measured.
func advised() report.Advised {
	moved := strings.Replace(shopFile, "COPY . .\nRUN npm ci\n", "COPY package-lock.json package.json ./\nRUN npm ci\nCOPY . .\n", 1)
	first := edited("deps-before-source", "Install the packages from their manifests before `COPY . .` brings the sources", "Dockerfile", 3, shopFile, moved,
		advice.Prediction{Commits: 3, MissesBefore: 9, MissesAfter: 7, SecondsSavedPerBuild: 12, CommitsSaved: 2, Estimated: true})
	first.Assumes = []string{"npm ci reads nothing but the manifests", "the lock file is committed"}
	second := edited("dockerignore", "Keep .git out of the build context (191 files, 53.3 kB)", ".dockerignore", 1, "", ".git\n",
		advice.Prediction{Commits: 3, MissesBefore: 9, MissesAfter: 6, SecondsSavedPerBuild: 0.1, CommitsSaved: 1})
	third := advice.Suggestion{Rule: "smaller-base", Title: "Take node:22-slim, which is 780 MB smaller", File: "Dockerfile", Line: 1, EndLine: 1}
	third.Verified = &advice.Verification{SecondsBefore: 67, SecondsAfter: 9, SameFiles: true}
	in := report.Advised{
		Dockerfile: "Dockerfile", Context: ".", Target: "release",
		Commits:    report.Commits{Asked: 50, Replayed: 3, Shallow: true, Oldest: baseSHA, Since: "2026-11-18T09:30:00Z"},
		MeasuredBy: &report.Measurement{Commit: headSHA, StartedAt: "2026-11-20T09:30:00Z"},
		Advice: advice.Advice{
			Suggestions: []advice.Suggestion{first, second, third},
			Best: &advice.Set{Members: []int{0, 1}, Patch: first.Patch + second.Patch, Predicted: advice.Prediction{
				Commits: 3, MissesBefore: 9, MissesAfter: 4, SecondsSavedPerBuild: 14, CommitsSaved: 2, Estimated: true,
			}},
			Silences: []advice.Silence{{Rule: "late-arg", Line: 2, Why: "ARG GIT_SHA is read by what follows, or may be"}},
		},
		Rules:  []string{"deps-before-source", "dockerignore", "late-arg", "pin-base"},
		Chosen: []int{0, 1}, Patch: first.Patch + second.Patch,
		Warnings: []string{"the clone is shallow: it has 3 commits to replay instead of the 50 that were asked for"},
		Hints:    []string{"check out with fetch-depth: 51, or 0 for the whole history"},
	}
	for i := range 3 {
		b := advice.Replayed{Commit: strings.Repeat(fmt.Sprint(i+1), 40), Seconds: 30}
		b.Reruns = []advice.Rerun{
			{Text: "COPY . .", Line: 3, Own: true, Files: []string{"src/app.ts", "src/cart.ts"}, FileCount: 2, Seconds: 0.2, Measured: true},
			{Text: "RUN npm ci", Line: 4, Because: 3, Seconds: 18, Measured: true},
			{Text: "RUN npm run build", Line: 5, Because: 3, Seconds: 30},
		}
		in.Advice.Builds = append(in.Advice.Builds, b)
	}
	return in
}

// measured has nothing to suggest, and knows all times.
func measured() report.Advised {
	in := advised()
	in.Advice.Suggestions, in.Advice.Best, in.Advice.Silences, in.Rules, in.Patch, in.Chosen = nil, nil, nil, nil, "", nil
	in.Commits = report.Commits{Asked: 3, Replayed: 3, Oldest: baseSHA, Since: "2026-11-18T09:30:00Z"}
	in.Warnings, in.Hints = nil, nil
	for i := range in.Advice.Builds {
		in.Advice.Builds[i].Reruns = in.Advice.Builds[i].Reruns[:2]
	}
	return in
}

// alone is one suggestion where nothing could be replayed.
func alone() report.Advised {
	in := advised()
	in.Advice = advice.Advice{Suggestions: in.Advice.Suggestions[2:]}
	in.Commits, in.MeasuredBy, in.Rules, in.Patch, in.Chosen = report.Commits{Asked: 50}, nil, nil, "", nil
	in.Warnings, in.Hints = []string{"no commit was replayed: there is no git program"}, []string{"install git"}
	return in
}

var adviceRenderings = map[string]func(*bytes.Buffer, report.Advice) error{
	"advice.txt":       func(b *bytes.Buffer, a report.Advice) error { return report.AdviceText(b, a, false) },
	"advice-color.txt": func(b *bytes.Buffer, a report.Advice) error { return report.AdviceText(b, a, true) },
	"advice.md": func(b *bytes.Buffer, a report.Advice) error {
		b.WriteString(report.AdviceMarkdown(a))
		return nil
	},
	"advice.json":  func(b *bytes.Buffer, a report.Advice) error { return report.AdviceJSON(b, a) },
	"advice.sarif": func(b *bytes.Buffer, a report.Advice) error { return report.AdviceSARIF(b, a) },
	"written.txt": func(b *bytes.Buffer, a report.Advice) error {
		return report.AdviceWritten(b, a, []string{"Dockerfile", ".dockerignore"}, false)
	},
	"notes.txt": func(b *bytes.Buffer, a report.Advice) error { return report.AdviceNotes(b, a) },
}

func adviceAs(t *testing.T, file string, in report.Advised) string {
	t.Helper()
	var b bytes.Buffer
	if err := adviceRenderings[file](&b, report.NewAdvice(in)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAdviceGolden(t *testing.T) {
	for name, in := range map[string]report.Advised{"several": advised(), "none": measured(), "alone": alone()} {
		for file := range adviceRenderings {
			golden := filepath.Join("testdata", "advice", name, file)
			got := adviceAs(t, file, in)
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("%s differs (-want +got):\n%s", golden, d)
			}
		}
	}
}

// The keys of the JSON are promised in docs/advise.md.
func TestAdviceKeys(t *testing.T) {
	want := strings.Fields(`schema dockerfile context target estimated warnings hints
commits commits.asked commits.replayed commits.shallow commits.oldest commits.since
measuredBy measuredBy.commit measuredBy.startedAt
suggestions suggestions.rule suggestions.title suggestions.file suggestions.line suggestions.endLine suggestions.patch suggestions.assumes
suggestions.predicted suggestions.predicted.commits suggestions.predicted.missesBefore suggestions.predicted.missesAfter
suggestions.predicted.secondsSavedPerBuild suggestions.predicted.commitsSaved suggestions.predicted.estimated
suggestions.verified suggestions.verified.secondsBefore suggestions.verified.secondsAfter suggestions.verified.sameFiles
bestSet bestSet.suggestions bestSet.patch bestSet.predicted bestSet.predicted.commits bestSet.predicted.missesBefore
bestSet.predicted.missesAfter bestSet.predicted.secondsSavedPerBuild bestSet.predicted.commitsSaved bestSet.predicted.estimated
chosen chosen.suggestions chosen.patch silences silences.rule silences.line silences.why
builds builds.commit builds.seconds builds.misses builds.unread builds.misses.line builds.misses.instruction builds.misses.own builds.misses.because
builds.misses.byContent builds.misses.files builds.misses.fileCount builds.misses.args builds.misses.seconds builds.misses.measured`)
	var decoded any
	if err := json.Unmarshal([]byte(adviceAs(t, "advice.json", advised())), &decoded); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	collect(decoded, "", keys)
	var got []string
	for k := range keys {
		got = append(got, k)
	}
	sort.Strings(got)
	sort.Strings(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("keys (-promised +got):\n%s", d)
	}
	if b := adviceAs(t, "advice.json", report.Advised{}); strings.Contains(b, "null") {
		t.Errorf("null in an empty advice: %s", b)
	}
	docs, err := os.ReadFile("../../docs/advise.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range want {
		last := k[strings.LastIndexByte(k, '.')+1:]
		if !strings.Contains(string(docs), "`"+last+"`") && !slices.Contains(inReport, strings.SplitN(k, ".", 2)[0]) {
			t.Errorf("docs/advise.md does not name %s", k)
		}
	}
}

// inReport are the keys whose parts docs/report.md describes.
var inReport = []string{"suggestions", "bestSet"}

// A comment has a limit, and a terminal a width, however much there is to say.
func TestAdviceFits(t *testing.T) {
	in := advised()
	long := strings.Repeat("a-long-name/", 300)
	for i := range 400 {
		g := edited("dockerignore", "Keep `"+long+"` out", long, 1, "", strings.Repeat(long[:200]+"\n", 100), advice.Prediction{})
		g.Assumes = slices.Repeat([]string{long}, 20)
		in.Advice.Suggestions = append(in.Advice.Suggestions, g)
		in.Advice.Silences = append(in.Advice.Silences, advice.Silence{Rule: "late-arg", Line: i, Why: long})
		in.Warnings, in.Hints = append(in.Warnings, long), append(in.Hints, long)
		in.Advice.Builds[0].Reruns = append(in.Advice.Builds[0].Reruns, advice.Rerun{Text: "RUN " + long, Line: i, Seconds: 86_399})
	}
	if n := len(adviceAs(t, "advice.md", in)); n > report.CommentBudget {
		t.Errorf("%d bytes of Markdown", n)
	}
	diff := false
	for _, l := range strings.Split(adviceAs(t, "advice.txt", in), "\n") {
		diff = strings.HasPrefix(l, "---") || diff && l != ""
		if n := utf8.RuneCountInString(l); n > 100 && !diff && strings.Contains(strings.TrimSpace(l), " ") {
			t.Errorf("a line of %d columns: %s", n, l)
		}
	}
}
