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

	"github.com/layercause/layercause/internal/report"
)

// A figure is a number on the page: the value behind it, and the words shown.
type figure struct {
	ID, Name, Value, Text string
}

const allFigures = `[...document.querySelectorAll("data")].map(e => ({
	ID: e.closest("[id]").id, Name: e.dataset.n, Value: e.value, Text: e.textContent}))`

// checkFigures compares every number on the page with report.json, and makes
// sure that those which have to be there are.
func checkFigures(t *testing.T, b *browser, r report.Report) {
	t.Helper()
	var j report.Report
	if err := json.Unmarshal(encode(t, r), &j); err != nil {
		t.Fatal(err)
	}
	want := figuresOf(&j)
	seen := map[string]bool{}
	for _, f := range ask[[]figure](t, b, allFigures) {
		name := f.ID + "." + f.Name
		seen[name] = true
		value, known := want[name]
		got, err := strconv.ParseFloat(f.Value, 64)
		if !known || err != nil || math.Abs(got-value) > 1e-6 {
			t.Errorf("%s on the page is %s (%q), in report.json %v (known: %v)", name, f.Value, f.Text, value, known)
			continue
		}
		if least, most := spoken(t, f.Text); got < least || got > most {
			t.Errorf("%s is %v in report.json, but the page says %q", name, got, f.Text)
		}
	}
	for _, name := range required(&j) {
		if !seen[name] {
			t.Errorf("%s is not on the page", name)
		}
	}
}

// figuresOf is every number that the page may show, by where it stands.
func figuresOf(r *report.Report) map[string]float64 {
	t := &r.Totals
	want := map[string]float64{
		"totals.wallSeconds": r.Build.WallSeconds, "totals.hitRate": t.HitRate,
		"totals.savedSeconds": t.SavedSeconds, "totals.lostSeconds": t.LostSeconds, "totals.netSavedSeconds": t.NetSavedSeconds,
		"totals.importSeconds": t.ImportSeconds, "totals.exportSeconds": t.ExportSeconds, "totals.downloadSeconds": t.DownloadSeconds,
		"totals.importBytes": float64(t.ImportBytes), "totals.exportBytes": float64(t.ExportBytes), "totals.downloadBytes": float64(t.DownloadBytes),
		"path.wallSeconds": r.Build.WallSeconds, "path.pathSeconds": criticalSeconds(r),
	}
	for i, s := range r.Steps {
		id := fmt.Sprintf("step-%d.", i)
		want[id+"seconds"], want[id+"transferSeconds"], want[id+"savedSeconds"] = s.Seconds, s.TransferSeconds, s.SavedSeconds
		for _, iv := range s.Intervals {
			if old, ok := want[id+"from"]; (iv.Transfer || s.Status == "miss" || s.Status == "failed") && (!ok || iv.Start < old) {
				want[id+"from"] = iv.Start
			}
		}
		for _, p := range r.Phases {
			if p.Kind == "download" && p.Line == s.Line {
				want[id+"bytes"] += float64(p.Bytes)
				if s.TransferSeconds == 0 {
					want[id+"from"] = p.Start
				}
			}
		}
	}
	for i, c := range r.Causes {
		want[fmt.Sprintf("cause-%d.lostSeconds", i)] = c.LostSeconds
	}
	for i, c := range r.Caches {
		id, row := fmt.Sprintf("cache-%d.", i), fmt.Sprintf("cache-row-%d.", i)
		want[id+"seconds"], want[id+"bytes"] = c.Seconds, float64(c.Bytes)
		want[row+"from"], want[row+"took"], want[row+"bytes"] = c.Start, c.Seconds, float64(c.Bytes)
	}
	for i, p := range r.Phases {
		id := fmt.Sprintf("phase-%d.", i)
		want[id+"from"], want[id+"took"], want[id+"bytes"] = p.Start, p.End-p.Start, float64(p.Bytes)
	}
	return want
}

// required are the numbers that no page may leave out.
func required(r *report.Report) []string {
	names := []string{"totals.wallSeconds", "totals.savedSeconds", "totals.lostSeconds"}
	if r.Totals.Hits+r.Totals.Misses > 0 {
		names = append(names, "totals.hitRate")
	}
	if len(r.Caches) > 0 {
		names = append(names, "totals.netSavedSeconds")
	}
	for i, s := range r.Steps {
		if s.Status == "miss" || s.Status == "failed" {
			names = append(names, fmt.Sprintf("step-%d.seconds", i), fmt.Sprintf("step-%d.from", i))
		}
		if s.SavedSeconds >= 0.05 {
			names = append(names, fmt.Sprintf("step-%d.savedSeconds", i))
		}
	}
	for i := range r.Causes {
		names = append(names, fmt.Sprintf("cause-%d.lostSeconds", i))
	}
	for i := range r.Caches {
		names = append(names, fmt.Sprintf("cache-%d.seconds", i))
		if len(r.Phases) == 0 {
			names = append(names, fmt.Sprintf("cache-row-%d.took", i))
		}
	}
	for i, p := range r.Phases {
		if p.Kind != "download" { // which stand in the row of their step
			names = append(names, fmt.Sprintf("phase-%d.from", i), fmt.Sprintf("phase-%d.took", i))
		}
	}
	return names
}

// criticalSeconds is how long anything of the critical path worked.
func criticalSeconds(r *report.Report) float64 {
	var spans [][2]float64
	for _, s := range r.Steps {
		for _, iv := range s.Intervals {
			if s.Critical && (iv.Transfer || s.Status == "miss" || s.Status == "failed") {
				spans = append(spans, [2]float64{iv.Start, iv.End})
			}
		}
	}
	for _, p := range r.Phases {
		if p.Critical {
			spans = append(spans, [2]float64{p.Start, p.End})
		}
	}
	sort.Slice(spans, func(i, j int) bool { return spans[i][0] < spans[j][0] })
	sum, until := 0.0, 0.0
	for _, s := range spans {
		sum += max(0, s[1]-max(s[0], until))
		until = max(until, s[1])
	}
	return sum
}

var quantity = regexp.MustCompile(`^(-?)(?:(\d+)h(\d\d)m|(\d+)m(\d\d)s|(\d+(?:\.\d)?) (s|%|B|kB|MB|GB))(?: saved)?$`)

// spoken reads a quantity as a person would: the least and the most that it may
// stand for.
func spoken(t *testing.T, text string) (least, most float64) {
	t.Helper()
	m := quantity.FindStringSubmatch(text)
	if m == nil {
		t.Errorf("%q is no quantity", text)
		return 0, 0
	}
	number := func(s string) float64 {
		f, _ := strconv.ParseFloat(s, 64)
		return f
	}
	var value, half float64
	switch {
	case m[2] != "":
		value, half = 3600*number(m[2])+60*number(m[3]), 30
	case m[4] != "":
		value, half = 60*number(m[4])+number(m[5]), 0.5
	default:
		value, half = number(m[6]), 0.5
		if strings.Contains(m[6], ".") || m[7] == "s" && value == 0 {
			half = 0.05
		}
		unit := map[string]float64{"s": 1, "%": 0.01, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[m[7]]
		value, half = value*unit, half*unit
	}
	if m[1] != "" {
		value = -value
	}
	return value - half - 1e-6, value + half + 1e-6
}
