package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// histories is that of trend, and beside it one of an older version.
func histories() report.History {
	b := trend()
	b.head.Invocation.Target, b.head.Invocation.Platforms = "release", []string{"linux/amd64", "linux/arm64"}
	old := earlier(3, 12, nil)
	old.Invocation.Dockerfile = "tools/Dockerfile"
	return report.NewHistory([][]*record.Record{append([]*record.Record{b.head}, b.past...), nil, {old}}, 8, b.price,
		[]string{"history: a record was passed over"})
}

var renderings = map[string]func(*bytes.Buffer, report.History) error{
	"history.txt":  func(b *bytes.Buffer, h report.History) error { return report.HistoryText(b, h) },
	"history.md":   func(b *bytes.Buffer, h report.History) error { return report.HistoryMarkdown(b, h) },
	"history.json": func(b *bytes.Buffer, h report.History) error { return report.HistoryJSON(b, h) },
}

func rendered(t *testing.T, file string, h report.History) string {
	t.Helper()
	var b bytes.Buffer
	if err := renderings[file](&b, h); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHistoryGolden(t *testing.T) {
	for file := range renderings {
		path := filepath.Join("testdata", "history", file)
		got := rendered(t, file, histories())
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s differs from its golden file (-want +got):\n%s", file, d)
		}
	}
}

// The keys of the JSON are promised in docs/history.md.
func TestHistoryKeys(t *testing.T) {
	want := strings.Fields(`schema groups warnings
groups.repository groups.dockerfile groups.target groups.platforms groups.records groups.builds groups.worst
groups.builds.startedAt groups.builds.commit groups.builds.branch groups.builds.status groups.builds.wallSeconds
groups.builds.hits groups.builds.misses groups.builds.hitRate groups.builds.savedSeconds groups.builds.savedIsLowerBound
groups.builds.lostSeconds groups.builds.netSavedSeconds groups.builds.topCause
groups.builds.topCause.kind groups.builds.topCause.file groups.builds.topCause.line groups.builds.topCause.instruction
groups.builds.topCause.subject groups.builds.topCause.lostSeconds
groups.worst.builds groups.worst.savedSeconds groups.worst.savedIsLowerBound groups.worst.lostSeconds groups.worst.netSavedSeconds
groups.worst.cost groups.worst.cost.currency groups.worst.cost.perMinute groups.worst.cost.saved groups.worst.cost.lost groups.worst.cost.net
groups.worst.files groups.worst.files.path groups.worst.files.lostSeconds groups.worst.files.aloneSeconds groups.worst.files.builds
groups.worst.files.meanSeconds groups.worst.files.lostCost
groups.worst.instructions groups.worst.instructions.file groups.worst.instructions.line groups.worst.instructions.instruction
groups.worst.instructions.lostSeconds groups.worst.instructions.builds groups.worst.instructions.meanSeconds groups.worst.instructions.lostCost`)
	var decoded any
	if err := json.Unmarshal([]byte(rendered(t, "history.json", histories())), &decoded); err != nil {
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
	if b := rendered(t, "history.json", report.NewHistory(nil, 1, timing.Price{}, nil)); strings.Contains(b, "null") {
		t.Errorf("null in an empty history: %s", b)
	}
}

// hostileHistory has a text at every place where foreign text can stand.
func hostileHistory(s string) report.History {
	r := earlier(1, 3, &record.Findings{Lost: 3, Causes: []record.Finding{
		{Kind: s, File: s, Line: 3, Instruction: "x" + s, Subject: "x" + s, Files: []string{"x" + s}, Lost: 1},
	}})
	r.ID, r.Status, r.Commit = s, record.BuildStatus(s), record.Commit{Repository: "x" + s, SHA: s, Branch: "x" + s, Ref: s}
	r.Invocation = record.Invocation{Dockerfile: "x" + s, Target: "x" + s, Platforms: []string{"x" + s}}
	return report.NewHistory([][]*record.Record{{r}}, 9, timing.Price{PerMinute: 1, Currency: s}, []string{"x" + s})
}

func TestHostileHistory(t *testing.T) {
	for _, s := range append(attacks, strings.Repeat("long/", 500)) {
		if d := cmp.Diff(sound(t, rendered(t, "history.md", hostileHistory("word"))), sound(t, rendered(t, "history.md", hostileHistory(s)))); d != "" {
			t.Errorf("%.60q changes the structure:\n%s", s, d)
		}
		text := rendered(t, "history.txt", hostileHistory(s))
		if strings.IndexFunc(text, unseen) >= 0 {
			t.Errorf("%.60q: an invisible character in %q", s, text)
		}
		for _, l := range strings.Split(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
				t.Errorf("%.60q: a workflow command: %q", s, l)
			}
		}
	}
}

// TestHistoryFitsTheTerminal has names and numbers as long as they get.
func TestHistoryFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("a-long-name/", 30)
	var records []*record.Record
	for n := range 30 {
		r := earlier(n, 86_399, &record.Findings{Hits: 9, Misses: 1, Saved: 359_940, Lost: 86_399, Net: -359_940, Causes: []record.Finding{
			{Kind: "instruction-changed", Line: 1234, Instruction: "RUN " + long, Subject: long, Files: []string{long}, Lost: 86_399},
		}})
		r.Commit.Branch, r.Status = long, record.Failed
		records = append(records, r)
	}
	h := report.NewHistory([][]*record.Record{records}, 99, timing.Price{PerMinute: 10_000, Currency: "USD"}, nil)
	for _, l := range strings.Split(rendered(t, "history.txt", h), "\n") {
		if n := utf8.RuneCountInString(l); n > 80 {
			t.Errorf("a line of %d columns: %s", n, l)
		}
	}
}
