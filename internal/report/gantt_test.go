package report_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/layercause/layercause/internal/record"
	"github.com/layercause/layercause/internal/report"
	"github.com/layercause/layercause/internal/timing"
)

const mermaidFile = "../../.cache/mermaid/node_modules/@mermaid-js/tiny/dist/mermaid.tiny.js"

// gantt is the chart of a summary, as GitHub would hand it to Mermaid.
func gantt(t *testing.T, r report.Report) string {
	t.Helper()
	src := []byte(report.Summary(r))
	var charts []string
	doc := goldmark.New().Parser().Parse(text.NewReader(src))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if f, ok := n.(*ast.FencedCodeBlock); ok && entering && string(f.Language(src)) == "mermaid" {
			var b bytes.Buffer
			for i := range f.Lines().Len() {
				line := f.Lines().At(i)
				b.Write(line.Value(src))
			}
			if strings.HasPrefix(b.String(), "gantt\n") {
				charts = append(charts, b.String())
			}
		}
		return ast.WalkContinue, nil
	})
	if len(charts) != 1 {
		t.Fatalf("the summary has %d gantt charts:\n%.2000s", len(charts), src)
	}
	return charts[0]
}

var (
	ganttHead    = regexp.MustCompile(`\Agantt\n    accTitle: Timeline of the build\n    dateFormat x\n    axisFormat (%s s|%s min|%s\.%L s)\n    todayMarker off\n    section `)
	ganttSection = regexp.MustCompile(`^    section (preparing|finishing|steps|stage)( [A-Za-z0-9 ._/=+-]+)?$`)
	ganttBar     = regexp.MustCompile(`^    (?:line \d+|load|cache import|context|pull|download|export|push|cache export|failed)[A-Za-z0-9 ._/=+-]* :(?:crit, )?(?:done, |active, )?(\d+), (\d+)$`)
)

// checkGantt states what a chart is, whatever the names in it are: nothing but
// lines of our shape, within the limits.
func checkGantt(t *testing.T, chart string) (bars int) {
	t.Helper()
	if !ganttHead.MatchString(chart) {
		t.Errorf("the chart starts with %.200q", chart)
	}
	if len(chart) > 20_000 {
		t.Errorf("the chart has %d bytes", len(chart))
	}
	sections := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(chart), "\n")[5:] {
		if m := ganttBar.FindStringSubmatch(line); m != nil {
			start, err := strconv.ParseInt(m[1], 10, 64)
			end, err2 := strconv.ParseInt(m[2], 10, 64)
			if err != nil || err2 != nil || end < start || end > 1e15 {
				t.Errorf("a bar from %s to %s", m[1], m[2])
			}
			bars++
			continue
		}
		if !ganttSection.MatchString(line) || sections[line] {
			t.Errorf("a line of another shape, or a section twice: %q", line)
		}
		sections[line] = true
	}
	if bars == 0 || bars > 60 {
		t.Errorf("the chart has %d bars", bars)
	}
	return bars
}

// named is a build whose names are all s.
func named(s string) report.Report {
	b := withPhases()
	for i := range b.head.Dockerfile.Instructions {
		b.head.Dockerfile.Instructions[i].Text = s
	}
	for i := range b.head.Steps {
		b.head.Steps[i].Stage, b.head.Steps[i].Platform = strings.Repeat(s, i%3), fmt.Sprint(s, i%2)
	}
	for i := range b.ledger.Phases {
		b.ledger.Phases[i].Name = s
	}
	return b.report()
}

// ofLength is a build in which a step takes so many seconds, and another none.
func ofLength(seconds float64) report.Report {
	head, l := observed(seconds, "build",
		line{number: 1, text: "RUN long", status: record.Miss, seconds: seconds},
		line{number: 2, text: "RUN short", status: record.Miss, start: seconds},
	)
	l.Phases = []timing.Phase{{Kind: timing.PhaseLoad, Start: -5, End: -7}}
	return build{head: head, ledger: l}.report()
}

func FuzzGantt(f *testing.F) {
	for i, s := range attacks {
		f.Add(s, float64(i*i*i))
	}
	for _, s := range []string{"a:b", "x;y", "#1", "%% comment", "%%{init: {}}%%", "click x", "title x", "gantt", "section s", "```\n", "dateFormat YYYY", "2026-01-01, 3d", "\u2028x", "--- x", "excludes monday"} {
		f.Add(s, 1e9)
	}
	f.Fuzz(func(t *testing.T, s string, seconds float64) {
		if len(s) > 2000 {
			return
		}
		checkGantt(t, gantt(t, named(s)))
		if seconds > 0 && seconds < 1e300 {
			checkGantt(t, gantt(t, ofLength(seconds)))
		}
	})
}

// TestGanttIsDrawn lets Mermaid draw the charts.
func TestGanttIsDrawn(t *testing.T) {
	library, err := filepath.Abs(mermaidFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(library); err != nil {
		t.Fatalf("%v\nhint: make setup installs Mermaid", err)
	}
	b := startBrowser(t)
	b.do(t, chromedp.EmulateViewport(1000, 900))
	b.open(t, []byte(`<!DOCTYPE html><meta charset="utf-8"><script src="file://`+library+`"></script><div id="at"></div>`))
	charts := map[string]string{"5,000 steps": gantt(t, steps(5000).report())}
	for name, s := range scenarios() {
		charts[name] = gantt(t, s.report())
	}
	for _, s := range attacks {
		charts[s] = gantt(t, named(s))
	}
	for _, seconds := range []float64{0.01, 1.4, 60, 7200, 1e6, 1e12} {
		charts[fmt.Sprint(seconds, " s")] = gantt(t, ofLength(seconds))
	}
	for name, chart := range charts {
		bars := checkGantt(t, chart)
		type drawn struct {
			Bars, Thin int
			Axis       []string
			Error      string
		}
		got := awaited[drawn](t, b, `mermaid.initialize({startOnLoad: false, securityLevel: "strict"}), mermaid.render("chart", `+strconv.Quote(chart)+`).then(({svg}) => {
			const at = document.getElementById("at");
			at.innerHTML = svg;
			const rects = [...at.querySelectorAll("rect.task")];
			return {Bars: rects.length, Thin: rects.filter(r => !(r.getAttribute("width") >= 1)).length,
				Axis: [...at.querySelectorAll(".grid .tick text")].map(e => e.textContent), Error: ""};
		}, e => ({Error: "" + e}))`)
		if got.Error != "" || got.Bars != bars || got.Thin > 0 || len(got.Axis) < 2 {
			t.Errorf("%q: Mermaid draws %+v of %d bars:\n%s", name, got, bars, chart)
		}
		for i, tick := range got.Axis {
			if i > 0 && tick == got.Axis[i-1] {
				t.Errorf("%q: the axis says %q", name, got.Axis)
			}
		}
	}
	if _, messages := b.told(); len(messages) > 0 {
		t.Errorf("Mermaid complains: %q", messages)
	}
}
