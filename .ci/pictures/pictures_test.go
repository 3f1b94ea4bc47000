package main

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "../.."

// TestPicturesAreCurrent fails as soon as layercause would write another comment or
// summary than the one that a picture shows.
func TestPicturesAreCurrent(t *testing.T) {
	const hint = "\nhint: make pictures draws them anew; look at them"
	at := filepath.Join(repository, folder)
	documents, err := render(at)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents {
		kept, err := os.ReadFile(filepath.Join(at, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(kept) != text {
			t.Errorf("%s/%s is not what the program renders of report.json%s", folder, name, hint)
		}
	}
	made, err := os.ReadFile(filepath.Join(at, madeOf))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(made)), "\n")
	if len(lines) != len(shots) {
		t.Errorf("%s tells of %d pictures, not %d%s", madeOf, len(lines), len(shots), hint)
	}
	for i, s := range shots {
		if want := digest(documents[s.document]) + "  " + s.name; i < len(lines) && lines[i] != want {
			t.Errorf("%s says %q, not %q%s", madeOf, lines[i], want, hint)
		}
		picture, err := os.ReadFile(filepath.Join(at, s.name))
		if err != nil {
			t.Fatal(err)
		}
		if len(picture) > 200_000 {
			t.Errorf("%s takes %d bytes", s.name, len(picture))
		}
		config, err := png.DecodeConfig(bytes.NewReader(picture))
		if err != nil || config.Width != int(math.Ceil(float64(s.width)*s.scale)) {
			t.Errorf("%s is %d pixels wide, not %v of a window of %d (%v)%s", s.name, config.Width, s.scale, s.width, err, hint)
		}
	}
}

// TestOneScreen opens every golden comment: what is not folded fits on a screen, and
// nothing is wider than the page, neither on a desktop nor on a phone, folded or not.
func TestOneScreen(t *testing.T) {
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	b, stop, err := startBrowser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	measure := func(name, markdown string, width int64, unfold bool) (high, wide float64) {
		t.Helper()
		content, err := page(root, "comment", markdown)
		if err == nil {
			err = b.open(content, width, "light")
		}
		if err == nil && unfold {
			_, err = b.ask(`[...document.querySelectorAll("details")].map(e => { e.open = true }).length`)
		}
		if err == nil {
			high, err = b.ask(`document.querySelector("article").getBoundingClientRect().height`)
		}
		if err == nil {
			wide, err = b.ask(`(e => Math.max(document.documentElement.scrollWidth, e.scrollWidth - e.clientWidth + innerWidth))(document.querySelector("article"))`)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return high, wide
	}
	// What no golden file may be like, to see that it would be found.
	if high, _ := measure("long", strings.Repeat("line\n\n", 100), desktop, false); high <= screen {
		t.Fatalf("100 lines are %v pixels high", high)
	}
	if _, wide := measure("wide", "x["+strings.Repeat("y", 200)+"](#)", phone, false); wide > phone {
		t.Logf("a long word is %v pixels wide", wide)
	}
	comments, err := filepath.Glob(filepath.Join(repository, "internal/report/testdata/golden/*/comment.md"))
	if err != nil || len(comments) < 5 {
		t.Fatalf("only %d golden comments are there (%v)", len(comments), err)
	}
	for _, path := range append(comments, filepath.Join(repository, folder, commentFile)) {
		name := filepath.Base(filepath.Dir(path))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		high, wide := measure(name, string(text), desktop, false)
		if high > screen || wide > desktop {
			t.Errorf("%s: what is not folded is %v pixels high and %v wide on a desktop", name, high, wide)
		}
		t.Logf("%s: %v high", name, high)
		for _, unfold := range []bool{false, true} {
			if _, wide := measure(name, string(text), phone, unfold); wide > phone {
				t.Errorf("%s: the page is %v pixels wide on a phone (unfolded: %v)", name, wide, unfold)
			}
		}
	}
}

// screen is how much of a comment a desktop shows at once, in CSS pixels.
const screen = 900
