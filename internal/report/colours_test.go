package report_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// TestColours computes the contrast of the page's colours from its style sheet, in
// both schemes: 4.5:1 for text, 3:1 for bars and the frame of the critical path
// (WCAG 2.2, 1.4.3 and 1.4.11).
func TestColours(t *testing.T) {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`:root\{([^}]*--bg:[^}]*)\}`).FindAllSubmatch(css, -1)
	if len(schemes) != 2 {
		t.Fatalf("the style sheet has %d sets of colours, want a light and a dark one", len(schemes))
	}
	for i, name := range []string{"light", "dark"} {
		colour := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]+)`).FindAllSubmatch(schemes[i][1], -1) {
			colour[string(m[1])] = string(m[2])
		}
		check := func(least float64, grounds []string, inks ...string) {
			for _, ink := range inks {
				for _, ground := range grounds {
					if got := contrast(t, colour[ink], colour[ground]); got < least {
						t.Errorf("%s: --%s on --%s has a contrast of %.2f, want %v", name, ink, ground, got, least)
					}
				}
			}
		}
		check(4.5, []string{"bg", "card"}, "fg", "soft", "link", "hit", "miss", "fail")
		check(4.5, []string{"add", "del"}, "fg")
		check(3, []string{"bg", "card"}, "miss-bar", "fail", "move", "cache", "work", "fg", "link")
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is relative luminance by WCAG.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	if len(colour) == 4 {
		colour = "#" + string([]byte{colour[1], colour[1], colour[2], colour[2], colour[3], colour[3]})
	}
	if len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.03928 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
