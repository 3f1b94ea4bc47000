package cause

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// lines makes n different instructions.
func lines(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("RUN make target%d FLAG=%d", i, i*i)
	}
	return out
}

func scoreOf(h, b []string) func(i, j int) float64 {
	hb, bb := make([]bag, len(h)), make([]bag, len(b))
	for i := range h {
		hb[i] = bagOf(h[i])
	}
	for j := range b {
		bb[j] = bagOf(b[j])
	}
	return func(i, j int) float64 {
		if h[i] == b[j] {
			return 3
		}
		return 0.1 + similarity(hb[i], bb[j])
	}
}

func TestEqualInstructionsOfALongStageArePaired(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 8))
		b := lines(3000)
		h := slices.Clone(b)
		for range 40 {
			switch i := rnd.IntN(len(h)); rnd.IntN(3) {
			case 0:
				h[i] += " edited"
			case 1:
				h = slices.Delete(h, i, i+1)
			case 2:
				h = slices.Insert(h, i, fmt.Sprint("COPY new ", rnd.Uint32()))
			}
		}
		at := map[string]int{}
		for j, text := range b {
			at[text] = j
		}
		pairs := map[int]int{}
		last := [2]int{-1, -1}
		for _, m := range alignTexts(h, b, scoreOf(h, b)) {
			if m[0] <= last[0] || m[1] <= last[1] {
				t.Fatalf("seed %d: %v follows %v", seed, m, last)
			}
			last, pairs[m[0]] = m, m[1]
		}
		for i, text := range h {
			j, ok := at[text]
			if got, paired := pairs[i]; ok && (!paired || got != j) {
				t.Fatalf("seed %d: %q is paired with %d, want %d", seed, text, got, j)
			}
		}
	}
}

func TestInstructionsOfALongStageThatAreAllEditedArePairedInPlace(t *testing.T) {
	b := lines(4000)
	h := make([]string, len(b))
	for i := range b {
		h[i] = b[i] + " edited"
	}
	matches := alignTexts(h, b, scoreOf(h, b))
	if len(matches) != len(b) {
		t.Fatalf("%d of %d are paired", len(matches), len(b))
	}
	for _, m := range matches {
		if m[0] != m[1] {
			t.Fatalf("%d is paired with %d", m[0], m[1])
		}
	}
}

// A stage that fits the table gets the best alignment there is; so does one that
// is cut at its anchors, if nothing was moved.
func TestAnchorsCostNothing(t *testing.T) {
	sum := func(matches [][2]int, score func(i, j int) float64) (s float64) {
		for _, m := range matches {
			s += score(m[0], m[1])
		}
		return s
	}
	b := lines(300)
	h := slices.Clone(b)
	for i := 5; i < len(h); i += 7 {
		h[i] += " edited"
	}
	h = slices.Insert(h, 100, "COPY a b", "COPY c d")
	score := scoreOf(h, b)
	if len(h)*len(b) <= maxAlignment {
		t.Fatal("this is no long stage")
	}
	// Without anchors, block by block of equal texts, it is all diagonal.
	want := float64(0)
	for i := range b {
		k := i
		if i >= 100 {
			k += 2
		}
		want += score(k, i)
	}
	if got := sum(alignTexts(h, b, score), score); got < want-1e-9 {
		t.Errorf("the sum of scores is %g, want %g", got, want)
	}
}
