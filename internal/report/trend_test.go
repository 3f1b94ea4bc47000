package report_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

// earlier is a record of n builds before the head.
func earlier(n int, wall float64, f *record.Findings) *record.Record {
	return &record.Record{
		ID:        fmt.Sprintf("%032x", 1000-n),
		StartedAt: time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC).Add(-time.Duration(n) * 47 * time.Minute),
		Seconds:   wall, Status: record.Succeeded, Findings: f,
		Commit: record.Commit{Repository: "octo/shop", SHA: fmt.Sprintf("%016x%024x", uint64(n+1)*0x9e3779b97f4a7c15, n), Branch: "main"},
	}
}

func copied(lost float64, files ...string) record.Finding {
	return record.Finding{
		Kind: "context-files", File: "Dockerfile", Line: 6, Instruction: "COPY . .", Subject: files[0], Files: files, Steps: 3, Lost: lost,
	}
}

// trend is the build of oneCause after others, of which one failed and one is of
// a version that kept no findings.
func trend() build {
	b := oneCause()
	b.price = timing.Price{PerMinute: 0.008, Currency: "USD"}
	b.head.Findings = &record.Findings{Hits: 2, Misses: 3, Saved: 72, Lost: 41.2, Net: 69.9, Causes: []record.Finding{copied(41.2, "src/app.ts")}}
	for n := 1; n <= 24; n++ {
		f := &record.Findings{Hits: 5, Saved: 113.2, Net: 112}
		wall := 1.5
		switch n % 4 {
		case 1:
			f = &record.Findings{Hits: 2, Misses: 3, Saved: 72, Lost: 40, Net: 70, Causes: []record.Finding{copied(40, "src/app.ts", "src/cart.ts")}}
			wall = 42.5
		case 3:
			f = &record.Findings{Hits: 1, Misses: 4, Saved: 0.2, SavedIsBound: true, Lost: 110.5, Net: -1.1, Causes: []record.Finding{
				{Kind: "build-arg", File: "Dockerfile", Line: 3, Instruction: "RUN apt-get update && apt-get install -y git | tee /log", Subject: "COMMIT", Steps: 4, Lost: 110.5},
			}}
			wall = 115.3
		}
		b.past = append(b.past, earlier(n, wall, f))
	}
	b.past[4].Status = record.Failed
	b.past[6].Findings = nil
	return b
}

// mermaidNumbers is all that a line of numbers may hold.
var mermaidNumbers = regexp.MustCompile(`^    (bar|line|x-axis "build") \[([0-9.]+(?:, [0-9.]+)*)\]$`)

// series reads the chart of a summary back.
func series(t *testing.T, summary string) [][]float64 {
	t.Helper()
	// The timeline is a chart too.
	var code string
	for block := range strings.SplitSeq(summary, "```mermaid\n") {
		if c, _, closed := strings.Cut(block, "\n```\n"); closed && strings.Contains(c, "xychart") {
			code = c
		}
	}
	if code == "" {
		t.Fatalf("no chart in the summary:\n%s", summary)
	}
	if len(code) > 5000 {
		t.Errorf("the chart takes %d bytes", len(code))
	}
	lines := strings.Split(code, "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[0], "%%{init: ") || lines[1] != "xychart-beta" ||
		!regexp.MustCompile(`^    y-axis "(seconds|minutes)" 0 --> [0-9.]+$`).MatchString(lines[3]) {
		t.Fatalf("the chart is another:\n%s", code)
	}
	var all [][]float64
	for _, l := range []string{lines[2], lines[4], lines[5], lines[6]} {
		m := mermaidNumbers.FindStringSubmatch(l)
		if m == nil {
			t.Fatalf("a line of the chart is no list of numbers: %q", l)
		}
		var list []float64
		for _, n := range strings.Split(m[2], ", ") {
			f, err := strconv.ParseFloat(n, 64)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, f)
		}
		all = append(all, list)
	}
	return all
}

// The chart, the table below it and report.json say the same.
func TestTrendSaysTheSame(t *testing.T) {
	b := trend()
	r := b.report()
	if len(r.Trend) != 20 {
		t.Fatalf("%d builds in the trend, want 20", len(r.Trend))
	}
	if last := r.Trend[19]; last.Commit != headSHA || last.LostSeconds != 41.2 || last.TopCause.Subject != "src/app.ts" {
		t.Errorf("the last build is not this one: %+v", last)
	}
	summary := report.Summary(r)
	all := series(t, summary)
	for i, p := range r.Trend {
		for j, want := range []float64{float64(i + 1), p.WallSeconds, p.LostSeconds, p.SavedSeconds} {
			// From a hundred on the chart has no decimals.
			if got := all[j][i]; math.Abs(got-want) > 0.51 || want < 99 && math.Abs(got-want) > 0.051 {
				t.Errorf("build %d: the chart has %g, the report %g", i+1, got, want)
			}
		}
		row := fmt.Sprintf("| %d | %s ", i+1, strings.Replace(p.StartedAt[:16], "T", " ", 1))
		at := strings.Index(summary, row)
		if at < 0 {
			t.Fatalf("the table has no row %q", row)
		}
		line, _, _ := strings.Cut(summary[at:], "\n")
		if !strings.Contains(line, p.Commit[:7]) || p.Status == "failed" != strings.Contains(line, "| failed |") {
			t.Errorf("row %d is %s", i+1, line)
		}
	}
	if strings.Contains(report.Comment(r), "mermaid") {
		t.Error("the comment has the chart")
	}
}

func TestNoTrendOfOneBuild(t *testing.T) {
	b := oneCause()
	b.head.Findings = &record.Findings{Lost: 1}
	b.past = []*record.Record{earlier(1, 2, nil)}
	r := b.report()
	if r.Trend != nil || r.Worst != nil || strings.Contains(report.Summary(r), "xychart") {
		t.Errorf("a trend of one build: %+v", r.Trend)
	}
}

// Whatever numbers stand in the records, the chart is one that Mermaid reads.
func TestChartOfAnyNumbers(t *testing.T) {
	for _, wall := range []float64{0, 1e-9, 0.04, 9.96, 99.96, 599.9, 600, 1e6, 1e300, math.MaxFloat64} {
		b := oneCause()
		b.head.Findings = &record.Findings{Saved: wall, Lost: wall}
		for n := range 30 {
			b.past = append(b.past, earlier(n+1, wall, &record.Findings{Saved: wall / 3, Lost: wall / 7, Net: -wall}))
		}
		series(t, report.Summary(b.report()))
	}
}

func TestMoneyIsShownWhenAsked(t *testing.T) {
	b := trend()
	r := b.report()
	if c := r.Totals.Cost; c == nil || math.Abs(c.Lost-41.2/60*0.008) > 1e-6 || c.Currency != "USD" {
		t.Fatalf("cost %+v", c)
	}
	for text, want := range map[string]string{
		report.Comment(r): "At 0.008 USD a minute, 1,000 builds like this one save 9.60 USD and lose 5.49 USD.",
		report.Summary(r): "In money, at 0.008 USD a minute: 0.0096 USD saved, 0.0055 USD lost, net ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
	b.price = timing.Price{}
	r = b.report()
	if r.Totals.Cost != nil || strings.Contains(report.Comment(r)+report.Summary(r), "USD") || bytesHave(encode(t, r), `"cost"`, `Cost"`) {
		t.Error("money is shown though nobody asked")
	}
}

func bytesHave(b []byte, texts ...string) bool {
	for _, s := range texts {
		if strings.Contains(string(b), s) {
			return true
		}
	}
	return false
}

// The keys that a trend and a price add to report.json are promised in
// docs/history.md.
func TestTrendKeys(t *testing.T) {
	var decoded any
	if err := json.Unmarshal(encode(t, trend().report()), &decoded); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	collect(decoded, "", keys)
	var got []string
	for k := range keys {
		if strings.HasPrefix(k, "trend") || strings.HasPrefix(k, "worst") || strings.HasPrefix(k, "totals.cost") {
			got = append(got, k)
		}
	}
	want := strings.Fields(`totals.cost totals.cost.currency totals.cost.perMinute totals.cost.saved totals.cost.lost totals.cost.net
trend trend.startedAt trend.commit trend.branch trend.status trend.wallSeconds trend.hits trend.misses trend.hitRate trend.savedSeconds
trend.savedIsLowerBound trend.lostSeconds trend.netSavedSeconds trend.topCause trend.topCause.kind trend.topCause.file trend.topCause.line
trend.topCause.instruction trend.topCause.subject trend.topCause.lostSeconds
worst worst.builds worst.savedSeconds worst.savedIsLowerBound worst.lostSeconds worst.netSavedSeconds
worst.cost worst.cost.currency worst.cost.perMinute worst.cost.saved worst.cost.lost worst.cost.net
worst.files worst.files.path worst.files.lostSeconds worst.files.aloneSeconds worst.files.builds worst.files.meanSeconds worst.files.lostCost
worst.instructions worst.instructions.file worst.instructions.line worst.instructions.instruction worst.instructions.lostSeconds
worst.instructions.builds worst.instructions.meanSeconds worst.instructions.lostCost`)
	sort.Strings(got)
	sort.Strings(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("keys (-promised +got):\n%s", d)
	}
}

func TestMoneyForPeople(t *testing.T) {
	b := trend()
	for per, want := range map[float64]string{
		0: "at 0 USD a minute", 0.000001: "0 USD lost", 0.008: "0.0055 USD lost", 0.05: "0.034 USD lost", 1: "0.69 USD lost",
		100: "68.67 USD lost", 10_000: "6867 USD lost",
	} {
		b.price.PerMinute = per
		if s := report.Summary(b.report()); !strings.Contains(s, want) {
			t.Errorf("at %g a minute there is no %q in:\n%s", per, want, s)
		}
	}
}
