package report_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/layercause/layercause/internal/report"
)

func render(t *testing.T, r report.Report) []byte {
	t.Helper()
	var page bytes.Buffer
	if err := report.HTML(&page, r); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// TestPageInBrowser opens the page of every scenario in Chromium.
func TestPageInBrowser(t *testing.T) {
	b := startBrowser(t)
	b.do(t, chromedp.EmulateViewport(1280, 900))
	t.Run("the trap bites", func(t *testing.T) {
		b.open(t, []byte(`<!DOCTYPE html><img src="http://127.0.0.1:1/x.png" style="color:#aaa"><p style="color:#999">x</p><script>console.error(1); throw 2</script>`))
		requests, messages := b.told()
		if len(requests) < 2 || len(messages) < 2 {
			t.Errorf("a page that asks and complains was heard as %q and %q", requests, messages)
		}
		if len(ask[[]string](t, b, unreadable)) == 0 {
			t.Error("grey on white was found readable")
		}
	})
	for name, scenario := range scenarios() {
		t.Run(name, func(t *testing.T) {
			r := scenario.report()
			address := b.open(t, render(t, r))
			requests, messages := b.told()
			if d := cmp.Diff([]string{address}, requests); d != "" {
				t.Errorf("requests (-want +got):\n%s", d)
			}
			if len(messages) > 0 {
				t.Errorf("the page complains: %q", messages)
			}
			checkFigures(t, b, r)
			checkTree(t, b)
			if broken := ask[[]string](t, b, brokenLinks); len(broken) > 0 {
				t.Errorf("links lead nowhere, or anchors stand twice: %q", broken)
			}
			for _, scheme := range []string{"light", "dark"} {
				b.media(t, "screen", scheme)
				if bad := ask[[]string](t, b, unreadable); len(bad) > 0 {
					t.Errorf("%s: text that cannot be read: %q", scheme, bad)
				}
			}
			b.media(t, "print", "dark")
			if bad := ask[[]string](t, b, cutOnPaper); len(bad) > 0 {
				t.Errorf("cut on paper: %q", bad)
			}
			if bad := ask[[]string](t, b, unreadable); len(bad) > 0 {
				t.Errorf("on paper: text that cannot be read: %q", bad)
			}
			b.media(t, "", "")
			b.do(t, chromedp.EmulateViewport(390, 844))
			if wide := ask[float64](t, b, `document.documentElement.scrollWidth`); wide > 390 {
				t.Errorf("the page is %v wide on a phone of 390", wide)
			}
			b.do(t, chromedp.EmulateViewport(1280, 900))
		})
	}
	t.Run("hostile", func(t *testing.T) {
		for _, attack := range attacks {
			address := b.open(t, render(t, planted(attack)))
			if requests, messages := b.told(); len(requests) != 1 || requests[0] != address || len(messages) > 0 {
				t.Errorf("%q makes the page ask for %q and complain %q", attack, requests, messages)
			}
		}
	})
	t.Run("keyboard", func(t *testing.T) { checkKeyboard(t, b) })
	t.Run("kinds", func(t *testing.T) { checkKinds(t, b) })
	t.Run("paper", func(t *testing.T) { checkPaper(t, b) })
	t.Run("2,000 steps", func(t *testing.T) { checkLarge(t, b) })
}

// unreadable is all text whose contrast with its ground is under 4.5:1.
const unreadable = `(() => {
	const parse = c => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => {
		const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
	};
	const bad = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.data.trim() || !e.checkVisibility({visibilityProperty: true}) || e.closest(".sr,script,style")) continue;
		let ground = [255, 255, 255];
		if (getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("screen and (prefers-color-scheme:dark)").matches) ground = [0, 0, 0];
		for (let a = e; a; a = a.parentElement) {
			const c = parse(getComputedStyle(a).backgroundColor);
			if (c.length < 4 || c[3] > 0) { ground = c; break; }
		}
		const x = light(parse(getComputedStyle(e).color)), y = light(ground);
		const contrast = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
		if (contrast < 4.5) bad.push(walk.currentNode.data.trim().slice(0, 40) + " " + contrast.toFixed(2));
	}
	return bad;
})()`

const brokenLinks = `(() => {
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	return [...document.querySelectorAll("a[href^='#']")].map(a => a.hash.slice(1)).filter(h => !ids.includes(h))
		.concat(ids.filter((id, i) => ids.indexOf(id) !== i));
})()`

// cutOnPaper is what a printed page would not show: text that is wider than its
// cell, and what a fold hides.
const cutOnPaper = `[...document.querySelectorAll("th,td,pre,details li")].filter(e => {
	const all = document.createRange();
	all.selectNodeContents(e);
	return e.textContent.trim() && !e.querySelector(".sr") && !e.matches(".t")
		&& (all.getBoundingClientRect().height === 0 || all.getBoundingClientRect().width > e.getBoundingClientRect().width + 1);
}).map(e => e.tagName + " " + e.textContent.slice(0, 60))`

var barName = regexp.MustCompile(`^(ran|failed|transfer|cache|worked) from [0-9hms. ]+ to [0-9hms. ]+(, critical)?$`)

// checkTree reads the page as a screen reader does.
func checkTree(t *testing.T, b *browser) {
	t.Helper()
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	value := func(v *accessibility.Value) (s string) {
		if v != nil {
			_ = json.Unmarshal(v.Value, &s)
		}
		return s
	}
	var tables []string
	rows, columns, bars, items := 0, 0, 0, 0
	for _, n := range tree.Nodes {
		if n.Ignored {
			continue
		}
		switch role, name := value(n.Role), value(n.Name); role {
		case "table":
			tables = append(tables, name)
		case "row":
			rows++
		case "columnheader":
			columns++
		case "listitem":
			items++
		case "img", "image":
			if barName.MatchString(name) {
				bars++
			} else if name == "" {
				t.Error("an image has no name")
			}
		}
	}
	if !slices.Contains(tables, "When each step and transfer of the build worked") {
		t.Errorf("no table of the timeline, only %q", tables)
	}
	want := ask[map[string]int](t, b, `(all => ({rows: all("tr"), columns: all("thead th"), bars: all(".t i[role]"), items: all("li"), steps: all("tr[id^=step-]")}))(
		what => [...document.querySelectorAll(what)].filter(e => e.checkVisibility()).length)`)
	if want["steps"] == 0 || want["bars"] == 0 && bars > 0 {
		t.Errorf("no steps on the page: %v", want)
	}
	if rows != want["rows"] || columns != want["columns"] || bars != want["bars"] || items != want["items"] {
		t.Errorf("the accessibility tree has %d rows, %d columns, %d bars, %d items, the page %v", rows, columns, bars, items, want)
	}
}

// checkKeyboard walks through the page with the tabulator.
func checkKeyboard(t *testing.T, b *browser) {
	b.open(t, render(t, severalCauses().report()))
	stops := ask[[]string](t, b, `[...document.querySelectorAll("a[href],summary,pre[tabindex]")].map((e, i) => e.dataset.stop = "" + i)`)
	var reached []string
	for range stops {
		b.do(t, chromedp.KeyEvent("\t"))
		at := ask[[]string](t, b, `(e => [e.dataset.stop ?? e.tagName, getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth, "" + (e.getClientRects().length > 0)])(document.activeElement)`)
		reached = append(reached, at[0])
		if at[1] == "none" || at[2] == "0px" || at[3] != "true" {
			t.Errorf("the focus on stop %s does not show: %q", at[0], at)
		}
	}
	if d := cmp.Diff(stops, reached); d != "" || len(stops) < 10 {
		t.Errorf("the tabulator misses a link (-page +reached):\n%s", d)
	}
	b.do(t, chromedp.KeyEvent("\t"))
	row := ask[string](t, b, `(a => (a.click(), document.querySelector(":target")?.id))(document.querySelector(".fall a[href^='#cause-']"))`)
	back := ask[string](t, b, `(a => (a.click(), document.querySelector(":target")?.id))(document.querySelector("#`+row+` a[href^='#step-']"))`)
	if !strings.HasPrefix(row, "cause-") || !strings.HasPrefix(back, "step-") {
		t.Errorf("from a step to its evidence and back leads to %q and %q", row, back)
	}
}

// checkKinds looks at the bars with their colours taken away.
func checkKinds(t *testing.T, b *browser) {
	b.open(t, render(t, withPhases().report()))
	looks := ask[map[string]string](t, b, `Object.fromEntries([...document.querySelectorAll(".fall i[role]")].map(e => {
		const s = getComputedStyle(e), plain = v => v.replace(/rgba?\([^)]*\)/g, "");
		return [e.className, plain(s.backgroundImage) + " " + plain(s.border) + (s.backgroundColor === getComputedStyle(document.body).backgroundColor)];
	}))`)
	by := map[string]string{}
	for kind, look := range looks {
		if other, ok := by[look]; ok {
			t.Errorf("%s and %s differ in nothing but colour", kind, other)
		}
		by[look] = kind
	}
	if len(looks) != 5 {
		t.Errorf("%d kinds of bars are drawn, want 5: %q", len(looks), looks)
	}
	if n := ask[int](t, b, `document.querySelectorAll(".fall i.u,.fall i.d").length`); n < 10 {
		t.Errorf("the critical path is joined by %d pieces", n)
	}
}

// checkLarge opens a page of 2,000 steps. It may take a second of the browser's
// main thread, which is what a reader waits for where nothing else runs; the time
// by the clock, which depends on what else the machine does, is only told.
func checkLarge(t *testing.T, b *browser) {
	b.open(t, []byte("<!DOCTYPE html>"))
	if _, err := chromedp.Call(b.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
		t.Fatal(err)
	}
	busy := func() float64 {
		m, err := chromedp.Call(b.ctx, performance.GetMetrics, cdp.Empty{})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range m.Metrics {
			if x.Name == "TaskDuration" {
				return x.Value
			}
		}
		t.Fatal("Chromium does not tell how busy it was")
		return 0
	}
	r := steps(2000).report()
	page := render(t, r)
	took := 0.0
	for range 3 { // even that time grows where processors share their caches
		b.open(t, []byte("<!DOCTYPE html>"))
		before := busy()
		b.open(t, page)
		clock := awaited[map[string]float64](t, b, `new Promise(done => requestAnimationFrame(() => setTimeout(() => {
			document.body.getBoundingClientRect();
			done({painted: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now(), whole: performance.now()});
		})))`)
		took = busy() - before
		t.Logf("%d bytes: %.2f s of the main thread; by the clock, first painted after %.0f ms and whole after %.0f ms", len(page), took, clock["painted"], clock["whole"])
		if took <= 1 {
			break
		}
	}
	if took <= 0 || took > 1 {
		t.Errorf("a page of 2,000 steps takes %.2f s of the main thread", took)
	}
	checkFigures(t, b, r)
	if requests, messages := b.told(); len(requests) != 1 || len(messages) > 0 {
		t.Errorf("the page asked for %q and said %q", requests, messages)
	}
}

// checkPaper prints a page of 200 steps, most of which no screen has shown, and
// reads it out. A sheet holds some 40 rows.
func checkPaper(t *testing.T, b *browser) {
	b.open(t, render(t, steps(200).report()))
	checkTree(t, b)
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	if err != nil {
		t.Fatal(err)
	}
	if sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1)); sheets < 5 || sheets > 12 {
		t.Errorf("200 steps print on %d sheets", sheets)
	}
}
